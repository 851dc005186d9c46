import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as path } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { filter, firstValueFrom } from 'rxjs'
import { afterEach, expect, it } from 'vitest'
import { persist, role, startPeer } from '../../src/index.js'
import type { Peer } from '../../src/index.js'

const PROGRAM = fileURLToPath(new URL('program.mjs', import.meta.url))
const SECRET = 'only for this loopback'
const DEADLINE_MS = 60_000

/** As its callers see it. */
const mill = role('mill', {
  state: () => ({ n: 0 }),
  events: { turned: (s) => ({ n: s.n + 1 }) },
  commands: {
    turn: (_s, _none: void, on) => persist(on.turned()).reply((next) => next.n),
    spin: (_s, _c: { cause: string }) => persist(),
  },
})

const root = mkdtempSync(path(tmpdir(), 'tanist-poison-'))
const programs = new Map<string, ChildProcess>()
const addresses: string[] = []
let caller: Peer | null = null
let spins = 0

const kill = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

afterEach(async () => {
  const all = [...programs.values()]
  programs.clear()
  await Promise.all(all.map(kill))
  await caller?.stop()
  rmSync(root, { recursive: true, force: true })
})

/** Whoever spins is ended and started again, as a supervisor of processes would. */
async function start(name: string): Promise<void> {
  const given = {
    secret: SECRET,
    name,
    data: path(root, name),
    seeds: [...addresses],
    expect: programs.size + 1,
  }
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(given)])
  programs.set(name, child)
  child.stderr.resume()
  await new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'joined') return resolve()
      if (line !== 'spins') return void addresses.push(line)
      spins++
      setTimeout(() => {
        void kill(child).then(() => (programs.get(name) === child ? start(name) : undefined))
      }, 500)
    })
  })
}

it('an endless loop in a command stops two servers, and then nobody decides it any more', {
  timeout: 90_000,
}, async () => {
  for (const name of ['ann', 'bob', 'cy']) await start(name)
  const peer = (caller = await startPeer({
    app: 'mill',
    secret: SECRET,
    roles: [mill],
    serve: 'never',
    name: 'caller',
    data: path(root, 'caller'),
    seeds: addresses,
    listen: '127.0.0.1:0',
    expect: 2,
    timing: { settleMs: 10_000 },
    log: { write: () => {} },
  }))
  await peer.joined
  await firstValueFrom(
    peer.status$.pipe(filter(({ members }) => members.filter(({ voter }) => voter).length === 3)),
  )
  const { turn, spin } = peer.role(mill)
  const within = { deadlineMs: DEADLINE_MS }
  expect(await turn(undefined, within).value()).toBe(1)

  const poison = spin({ cause: 'a loop' }, within)
  const others = Array.from({ length: 20 }, () => turn(undefined, within).value())
  const outcome = await poison
  expect(outcome).toMatchObject({ status: 'refused', refusal: { code: 'failed', reason: 'quarantined' } })
  expect((await Promise.all(others)).toSorted((a, b) => a - b)).toEqual(others.map((_, i) => i + 2))
  expect(spins).toBe(2)

  // Nor under another id; and everything else goes on.
  const again = await spin({ cause: 'a loop' }, within)
  expect(again).toMatchObject({ status: 'refused', refusal: { reason: 'quarantined' } })
  expect(spins).toBe(2)
  expect(await turn(undefined, within).value()).toBe(22)
  const [item, ...rest] = peer.operate.quarantine()
  expect(rest).toEqual([])
  expect(item).toMatchObject({ role: 'mill', command: 'spin' })
  expect(await peer.operate.release('nothing')).toMatchObject({ status: 'refused' })
  expect(await peer.operate.release(item?.reference ?? '')).toEqual({
    status: 'done',
    text: 'mill.spin is decided again.',
  })
  await peer.read(mill)
  expect(peer.operate.quarantine()).toEqual([])
})
