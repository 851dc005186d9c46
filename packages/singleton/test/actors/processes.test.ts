import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as path } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import {
  actor,
  type ActorRef,
  type AskError,
  type DeadLetter,
  serviceKey,
  type Terminated,
} from '@tanist/core'
import { filter, firstValueFrom } from 'rxjs'
import { afterEach, expect, it, vi } from 'vitest'
import { startPeer } from '../../src/index.js'
import type { Peer } from '../../src/index.js'

interface Desk {
  note: (m: { n: number }) => void
  notes: () => number[]
  who: () => string
  pass: (m: { to: ActorRef<Desk> }) => string
  never: () => void
}
const desks = serviceKey<Desk>('desks')
const PROGRAM = fileURLToPath(new URL('program.mjs', import.meta.url))
const root = mkdtempSync(path(tmpdir(), 'tanist-actors-'))
const children = new Map<string, ChildProcess>()
let peer: Peer | null = null

afterEach(async () => {
  await peer?.stop()
  for (const child of children.values()) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  rmSync(root, { recursive: true, force: true })
})

async function start(name: string, seeds: readonly string[]): Promise<void> {
  const given = { secret: 'only for this loopback', name, data: path(root, name), seeds, expect: 2 }
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(given)])
  children.set(name, child)
  let said = ''
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  await lines.next()
  expect((await lines.next()).value, said).toBe('joined')
}

const found = (of: Peer, count: number): Promise<readonly ActorRef<Desk>[]> =>
  firstValueFrom(of.actors.receptionist.find$(desks).pipe(filter((refs) => refs.length === count)))

it('three processes: actors find, ask and watch each other, and one that is killed is lost at once', {
  timeout: 60_000,
}, async () => {
  peer = await startPeer({
    app: 'desks',
    secret: 'only for this loopback',
    roles: [],
    name: 'ann',
    data: path(root, 'ann'),
    listen: '127.0.0.1:0',
    timing: { settleMs: 50 },
    log: { write: () => {} },
  })
  await peer.joined
  const letters: DeadLetter[] = []
  peer.actors.deadLetters$.subscribe((letter) => letters.push(letter))
  for (const name of ['bob', 'cy']) await start(name, [peer.address])

  const both = await found(peer, 2)
  const names = await Promise.all(both.map((ref) => ref.ask.who()))
  expect(names.toSorted()).toEqual(['bob', 'cy'])
  const [bob, cy] = [both[names.indexOf('bob')]!, both[names.indexOf('cy')]!]
  expect(await bob.ask.pass({ to: cy })).toBe('bob > cy')
  const numbers = Array.from({ length: 5_000 }, (_, n) => n)
  for (const n of numbers) cy.tell.note({ n })
  expect(await cy.ask.notes()).toEqual(numbers)

  const ends: string[] = []
  const guard = actor({
    state: () => null,
    on: { guard: (s, m: { whom: ActorRef<Desk> }, ctx) => (ctx.watch(m.whom, 'ended'), s) },
    internal: { ended: (s, m: Terminated) => (ends.push(`${m.ref.toJSON()} ${m.why}`), s) },
  })
  const watcher = peer.actors.spawn(guard, 'guard')
  for (const whom of both) watcher.tell.guard({ whom })
  const open = cy
    .askWithin(50_000)
    .never()
    .catch((error: AskError) => error.code)
  // What is answered after it shows that the ask and the watch have arrived.
  await cy
    .askWithin(100)
    .who()
    .catch(() => {})
  children.get('cy')!.kill('SIGKILL')
  expect(await open).toBe('lost')
  expect(await found(peer, 1)).toEqual([bob])
  await vi.waitFor(() => expect(ends).toEqual([`${cy.toJSON()} lost`]))
  expect(cy.tell.note({ n: -1 })).toBe(false)
  expect(letters.at(-1)).toMatchObject({ path: cy.toJSON(), handler: 'note', reason: 'lost' })

  await start('cy', [peer.address])
  const again = (await found(peer, 2)).find((ref) => ref.toJSON() !== bob.toJSON())!
  expect(again.toJSON()).not.toBe(cy.toJSON())
  expect(await again.ask.notes()).toEqual([])
  expect(await cy.ask.who().catch((error: AskError) => error.code)).toBe('lost')
  expect(await bob.ask.pass({ to: again })).toBe('bob > cy')
  expect(ends).toHaveLength(1)
})
