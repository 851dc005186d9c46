import { readdirSync, readFileSync } from 'node:fs'
import { join as path } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { startPeer } from '../../src/index.js'
import type { Peer } from '../../src/index.js'
import { replayJournal } from '../../src/testing/index.js'
import { two } from '../role/aged.js'
import { ordersTwo, returns } from './builds.js'
import { Programs } from './programs.js'

const DEADLINE_MS = 60_000

let programs: Programs | null = null
let caller: Peer | null = null

afterEach(async () => {
  await caller?.stop()
  await programs?.close()
  caller = programs = null
})

/** Clients that ask one thing after the other until `stop`, which gives what was answered. */
function load(ask: (id: string) => Promise<unknown>): {
  readonly ids: string[]
  readonly answers: unknown[]
  readonly stop: () => Promise<unknown>
} {
  let over = false
  const ids: string[] = []
  const answers: unknown[] = []
  const client = async (name: number): Promise<void> => {
    for (let n = 0; !over; n++) {
      const id = `${name}.${n}`
      ids.push(id)
      answers.push(await ask(id))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const clients = Promise.all([1, 2, 3, 4].map(client))
  return {
    ids,
    answers,
    stop: () => {
      over = true
      return clients
    },
  }
}

it('an application is upgraded process by process under load: no call fails, and each is done once', {
  timeout: 90_000,
}, async () => {
  const all = (programs = new Programs('program.mjs'))
  for (const name of ['ann', 'bob', 'cy']) await all.start(name, '1')
  // Callers may be ahead of whom they ask, as long as they ask what both know.
  const peer = (caller = await startPeer({ ...all.caller, app: 'upgrade', roles: [ordersTwo, returns] }))
  await peer.joined
  await all.whole(peer)

  const { ids, answers, stop } = load((id) =>
    peer.role(ordersTwo).place({ id }, { deadlineMs: DEADLINE_MS }).value(),
  )
  for (const name of ['cy', 'ann', 'bob']) {
    await all.stop(name)
    const before = answers.length
    await all.start(name, '2')
    await all.whole(peer)
    expect(answers.length).toBeGreaterThan(before)
  }
  await stop()

  expect(answers.toSorted((a, b) => Number(a) - Number(b))).toEqual(ids.map((_, i) => i + 1))
  const { open } = await peer.read(ordersTwo)
  expect(open.toSorted()).toEqual(ids.toSorted())
  // Now all know what is new.
  expect(await peer.role(returns).take({ id: 'first' }).value()).toBe(1)
  await peer.role(ordersTwo).ship(undefined, { deadlineMs: DEADLINE_MS }).value()
  expect(await peer.read(ordersTwo)).toMatchObject({ shipped: 1 })
  for (const name of ['bob', 'ann', 'cy']) await all.stop(name)
})

it('an event and the state get a new version under load: no call fails or is refused, and nothing is lost', {
  timeout: 90_000,
}, async () => {
  const all = (programs = new Programs('aged.mjs'))
  for (const name of ['ann', 'bob', 'cy']) await all.start(name, '1')
  const peer = (caller = await startPeer({ ...all.caller, app: 'aged', roles: [two] }))
  await peer.joined
  await all.whole(peer)
  const { ids, answers, stop } = load((id) =>
    peer.role(two).reserve({ id, cents: 5 }, { deadlineMs: DEADLINE_MS }).value(),
  )
  for (const name of ['cy', 'ann', 'bob']) {
    await all.stop(name)
    const before = answers.length
    await all.start(name, '2')
    await all.whole(peer)
    expect(answers.length).toBeGreaterThan(before)
  }
  await stop()
  // Now all know what is new.
  const last = await peer.role(two).reserve({ id: 'last', cents: 5 }, { deadlineMs: DEADLINE_MS }).value()
  expect(last).toBe(ids.length + 1)
  expect(answers.toSorted((a, b) => Number(a) - Number(b))).toEqual(ids.map((_, i) => i + 1))
  const { open } = await peer.read(two)
  expect(Object.keys(open).toSorted()).toEqual([...ids, 'last'].toSorted())
  for (const name of ['bob', 'ann', 'cy']) await all.stop(name)

  // The last one to stop has it all.
  const { entries, states } = replayJournal({ files: filesIn(path(all.root, 'cy')), roles: [two] })
  expect(states['basket']).toEqual({ open, settled: 0 })
  const versions = entries.flatMap(({ command }) => command?.events.map(({ version = 1 }) => version) ?? [])
  expect(versions.at(-1)).toBe(2)
})

function filesIn(folder: string): Record<string, Uint8Array> {
  const names = readdirSync(folder, { withFileTypes: true }).flatMap((one) =>
    one.isFile() ? [one.name] : [],
  )
  return Object.fromEntries(
    names.filter((name) => !/^lock(-|$)/.test(name)).map((name) => [name, readFileSync(path(folder, name))]),
  )
}
