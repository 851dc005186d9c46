import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { JournalError } from '@tanist/core'
import { persist, role } from '../../src/index.js'
import type { Peer } from '../../src/index.js'
import { Cluster, replayJournal } from '../../src/testing/index.js'
import { counter, Office } from '../join/office.js'

type Files = Record<string, Uint8Array>

/** As an operator would copy it: everything but the lock. */
function filesOf(folder: string): Files {
  const names = readdirSync(folder).filter((name) => !/^lock(-|$)/.test(name))
  return Object.fromEntries(names.map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]))
}

/** What three real peers on loopback, with real files, left behind. */
let disks: Record<string, Files>
let before: { readonly n: number }

beforeAll(async () => {
  const office = new Office()
  try {
    // With `expect` nobody founds alone, however late a busy machine lets them meet.
    for (const name of ['ann', 'bob', 'cy']) await office.start({ name, expect: 3 })
    await Promise.all(office.peers.map(({ joined }) => joined))
    const peers = office.peers.slice(0, 2) as [Peer, Peer]
    for (let by = 1; by <= 20; by++) await peers[by % 2]?.role(counter).add({ by }).value()
    await peers[0].role(counter).add({ by: -1 })
    await peers[1].role(counter).stamp()
    before = await peers[1].read(counter)
    // Everybody has everything on disk before they go, one after another.
    const ends = (): Set<number> => new Set(office.peers.map((peer) => peer.status().lastIndex))
    while (ends().size > 1) await new Promise((resolve) => setTimeout(resolve, 5))
    for (const peer of office.peers) await peer.stop()
    disks = Object.fromEntries(['ann', 'bob', 'cy'].map((name) => [name, filesOf(join(office.root, name))]))
  } finally {
    await office.close()
  }
})

const ofAnn = (): Files => disks['ann'] ?? {}

describe('the journal of a real peer, replayed in the world', () => {
  it('gives the states and the digest that every replica has, and nothing fails', () => {
    const replays = Object.values(disks).map((files) => replayJournal({ files, roles: [counter] }))
    expect(before).toEqual({ n: 210 })
    for (const { states, failures } of replays) expect([states, failures]).toEqual([{ counter: before }, {}])
    expect(new Set(replays.map(({ digest }) => digest)).size).toBe(1)
  })

  it('gives every entry, decoded', () => {
    const { entries } = replayJournal({ files: ofAnn(), roles: [counter] })
    expect(entries.map(({ index }) => index)).toEqual(entries.map((_, i) => i + 1))
    expect(entries[0]).toMatchObject({
      kind: 'founding',
      command: null,
      value: { app: 'office', mode: 'consistent' },
    })
    const kinds = entries.map(({ kind }) => kind)
    expect(kinds).toEqual(expect.arrayContaining(['founding', 'voters', 'view', 'command']))
    expect(kinds).not.toContain('unknown')
    const commands = entries.flatMap(({ command }) => (command === null ? [] : [command]))
    expect(commands.map(({ command }) => command)).toEqual([
      ...Array.from({ length: 21 }, () => 'add'),
      'stamp',
    ])
    expect(commands[2]).toMatchObject({
      role: 'counter',
      id: expect.stringMatching(/^.+:\d+$/),
      events: [{ type: 'added', payload: { by: 3 } }],
      outcome: { status: 'ok', value: 6 },
    })
    expect(commands[20]?.outcome).toEqual({ status: 'refused', refusal: { code: 'not-positive', n: 210 } })
  })

  it('gives the states of any moment, in any order', () => {
    const { entries, stateAt } = replayJournal({ files: ofAnn(), roles: [counter] })
    const at = entries.filter(({ command }) => command?.command === 'add').map(({ index }) => index)
    expect(stateAt(0)).toEqual({ counter: { n: 0 } })
    for (const by of [3, 20, 1, 7])
      expect(stateAt(at[by - 1] ?? 0)).toEqual({ counter: { n: (by * (by + 1)) / 2 } })
    expect(stateAt(1_000_000)).toEqual({ counter: before })
  })

  it('says which entry the roles of today cannot take, and why', () => {
    const today = role('counter', {
      state: () => ({ n: 0 }),
      events: {
        added: (s, e: { by: number }) => {
          if (e.by === 7) throw new Error('seven is not a number any more')
          return { n: s.n + e.by }
        },
      },
      commands: { add: (_s, c: { by: number }, on) => persist(on.added(c)) },
    })
    const { failures, states, entries } = replayJournal({ files: ofAnn(), roles: [today] })
    const seventh = entries.filter(({ kind }) => kind === 'command')[6]
    expect(failures).toEqual({
      counter: `The role 'counter' cannot take the journal entry at index ${seventh?.index}, term ${seventh?.term}: seven is not a number any more`,
    })
    expect(states).toEqual({ counter: { n: 21 } })
    const renamed = role('other', { state: () => 0, events: {}, commands: {} })
    expect(replayJournal({ files: ofAnn(), roles: [renamed] }).states).toEqual({ other: 0 })
  })

  it('refuses what is no journal, and one that is damaged, with a sentence', () => {
    expect(() => replayJournal({ files: {}, roles: [counter] })).toThrow(
      'There is no journal entry in these files: none were given.',
    )
    const files = Object.fromEntries(Object.entries(ofAnn()).map(([name, bytes]) => [name, bytes.slice()]))
    const [largest] = Object.values(files).toSorted((a, b) => b.length - a.length)
    if (largest !== undefined) largest[100] = (largest[100] ?? 0) ^ 1
    expect(() => replayJournal({ files, roles: [counter] })).toThrow(JournalError)
  })
})

describe('a simulated cluster that starts from real data folders', () => {
  it('goes on where the real one stopped', () => {
    const cluster = new Cluster({ seed: 1, peers: 3, roles: [counter], disks, settings: { app: 'office' } })
    cluster.startAll()
    expect(cluster.world.runUntil(() => cluster.settled, { limitMs: 20_000 })).toBe(true)
    const states = cluster.names.map((name) => cluster.peer(name)?.roles.state('counter'))
    expect(states).toEqual([before, before, before])
  })
})
