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
import { startPeer } from '../../src/index.js'
import type { Peer } from '../../src/index.js'
import { ordersTwo, returns } from './builds.js'

const PROGRAM = fileURLToPath(new URL('program.mjs', import.meta.url))
const SECRET = 'loopback'
const DEADLINE_MS = 60_000

interface Program {
  readonly process: ChildProcess
  readonly address: string
  readonly complaints: () => string
}

const root = mkdtempSync(path(tmpdir(), 'tanist-upgrade-'))
const programs = new Map<string, Program>()
let caller: Peer | null = null

afterEach(async () => {
  await caller?.stop()
  for (const { process } of programs.values()) {
    if (process.exitCode !== null) continue
    process.kill('SIGKILL')
    await once(process, 'exit')
  }
  rmSync(root, { recursive: true, force: true })
})

const addresses = (): string[] => [...programs.values()].map(({ address }) => address)

async function start(name: string, build: '1' | '2'): Promise<void> {
  const expected = Math.min(2, programs.size + 1)
  const given = { secret: SECRET, name, data: path(root, name), seeds: addresses(), expect: expected }
  const child = spawn(process.execPath, [PROGRAM, build, JSON.stringify(given)])
  let said = ''
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const complaints = (): string => said
  programs.set(name, { process: child, address: '', complaints })
  const address = String((await lines.next()).value)
  programs.set(name, { process: child, address, complaints })
  expect((await lines.next()).value, said).toBe('joined')
}

async function stop(name: string): Promise<void> {
  const { process, complaints } = programs.get(name)!
  const ended = once(process, 'exit')
  process.kill('SIGTERM')
  expect((await ended)[0], complaints()).toBe(0)
  expect(complaints()).toBe('')
  programs.delete(name)
}

/** Until everybody is a member again, and three vote: who starts anew may have to learn first. */
const whole = (peer: Peer): Promise<unknown> =>
  firstValueFrom(
    peer.status$.pipe(
      filter(
        ({ members, server }) =>
          server !== null &&
          [...programs.keys()].every((name) => members.some((member) => member.name === name)) &&
          members.filter(({ voter }) => voter).length === 3,
      ),
    ),
  )

it('an application is upgraded process by process under load: no call fails, and each is done once', {
  timeout: 90_000,
}, async () => {
  for (const name of ['ann', 'bob', 'cy']) await start(name, '1')
  const peer = (caller = await startPeer({
    app: 'upgrade',
    secret: SECRET,
    // Callers may be ahead of whom they ask, as long as they ask what both know.
    roles: [ordersTwo, returns],
    serve: 'never',
    name: 'caller',
    data: path(root, 'caller'),
    seeds: addresses(),
    listen: '127.0.0.1:0',
    expect: 2,
    timing: { settleMs: 10_000 },
    log: { write: () => {} },
  }))
  await peer.joined
  await whole(peer)

  let over = false
  const ids: string[] = []
  const answers: unknown[] = []
  const ask = async (client: number): Promise<void> => {
    for (let n = 0; !over; n++) {
      const id = `${client}.${n}`
      ids.push(id)
      answers.push(await peer.role(ordersTwo).place({ id }, { deadlineMs: DEADLINE_MS }).value())
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const clients = [1, 2, 3, 4].map(ask)
  for (const name of ['cy', 'ann', 'bob']) {
    await stop(name)
    const before = answers.length
    await start(name, '2')
    await whole(peer)
    expect(answers.length).toBeGreaterThan(before)
  }
  over = true
  await Promise.all(clients)

  expect(answers.toSorted((a, b) => Number(a) - Number(b))).toEqual(ids.map((_, i) => i + 1))
  const { open } = await peer.read(ordersTwo)
  expect(open.toSorted()).toEqual(ids.toSorted())
  // Now all know what is new.
  expect(await peer.role(returns).take({ id: 'first' }).value()).toBe(1)
  await peer.role(ordersTwo).ship(undefined, { deadlineMs: DEADLINE_MS }).value()
  expect(await peer.read(ordersTwo)).toMatchObject({ shipped: 1 })
  for (const name of ['bob', 'ann', 'cy']) await stop(name)
})
