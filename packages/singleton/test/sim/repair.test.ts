import type { SimDisk } from '@tanist/core/testing'
import { describe, expect, it } from 'vitest'
import { Cluster, ledgerWorkload, Workload } from '../../src/testing/index.js'
import { contradictionsIn } from './contradictions.js'

const JOURNAL = '/data/journal-0000000000000001.seg'
const IDENTITY = '/data/identity'

/** The place of the record in the middle of what is in use of a file: behind it are zeros, for entries to come. */
const middle = (disk: SimDisk, file: string): number =>
  disk.content(file).findLastIndex((byte) => byte !== 0) >> 1

function removed(disk: SimDisk, wanted: (name: string) => boolean): void {
  const folder = disk.openFolder('/data')
  for (const name of folder.list().filter(wanted)) folder.remove(name)
  folder.sync(() => undefined)
  folder.close()
}

function ruined(disk: SimDisk, file: string): void {
  for (let at = 0; at < disk.content(file).length; at += 16) disk.rot(file, at + 3)
}

/** Damage that can be told from what power does, while the process is dead. */
const damages: readonly (readonly [string, (disk: SimDisk) => void, RegExp])[] = [
  [
    'a rotten bit in the middle of its journal',
    (disk) => disk.rot(JOURNAL, middle(disk, JOURNAL)),
    /at byte/,
  ],
  ['a ruined journal', (disk) => ruined(disk, JOURNAL), /ends with entry 0/],
  [
    'a journal that is gone',
    (disk) => removed(disk, (name) => name.startsWith('journal-')),
    /ends with entry 0, although/,
  ],
  [
    'a journal without its last entries, which were on the disk',
    (disk) => {
      const folder = disk.openFolder('/data')
      folder.open('journal-0000000000000001.seg', 'existing').truncate(middle(disk, JOURNAL))
      folder.close()
    },
    /although it was written for good up to entry/,
  ],
  ['an identity that is gone', (disk) => removed(disk, (name) => name === 'identity'), /is missing/],
  [
    'an identity of which no copy can be read',
    (disk) => {
      const { length } = disk.content(IDENTITY)
      // In the texts: the heads still say that there was more.
      for (let at = 60; at < length; at += 40) disk.rot(IDENTITY, at)
    },
    /identity is damaged/,
  ],
]

function started(seed: number, peers: number): Cluster {
  const cluster = new Cluster({ seed, peers, world: { trace: true } })
  cluster.startAll()
  expect(cluster.world.runUntil(() => cluster.settled && cluster.seated, { limitMs: 15_000 })).toBe(true)
  return cluster
}

describe('a voter that restarts with', () => {
  it.each(damages)('%s never votes as before, fetches what it lost, and says so', (what, damage, text) => {
    const seed = damages.findIndex(([one]) => one === what) + 1
    const cluster = started(seed, 3)
    const { world } = cluster
    const workload = new Workload(cluster, seed, ledgerWorkload(4, 20))
    workload.start()
    world.run({ forMs: 2_000 })
    const hurt = ['ann', 'bob', 'cy'].find((name) => name !== cluster.server())!
    const before = cluster.peer(hurt)!.status().self.id
    cluster.stop(hurt)
    expect(
      world.runUntil(() => cluster.out.has(hurt) && world.state(hurt) !== 'running', { limitMs: 5_000 }),
    ).toBe(true)
    damage(world.disk(hurt))
    world.run({ forMs: 500 })
    cluster.start(hurt)
    world.run({ forMs: 100 })
    const core = cluster.peer(hurt)!
    expect(core.status().self.id).not.toBe(before)
    expect(core.succession.config.awaits?.text).toMatch(text)
    expect(cluster.log.join('\n')).toMatch(
      /error data-lost: The journal in \/data was damaged \(.*This peer goes on as a new member/,
    )
    workload.stop()
    const whole = (): boolean => workload.pending.length === 0 && cluster.settled && cluster.seated
    expect(world.runUntil(whole, { limitMs: 30_000 })).toBe(true)
    expect(cluster.voters).toEqual(['ann', 'bob', 'cy'])
    expect(core.status().waitingFor).toBeNull()
    expect(contradictionsIn(cluster, workload)).toEqual([])
    // It is a member like any other from now on: the loss is forgotten, and a restart keeps the new seat.
    world.restart(hurt)
    expect(world.runUntil(() => cluster.settled, { limitMs: 15_000 })).toBe(true)
    expect(cluster.peer(hurt)!.status().self.id).toBe(core.status().self.id)
    expect(cluster.peer(hurt)!.succession.config.awaits ?? null).toBeNull()
  })
})

describe('damaged files', () => {
  it('are kept under other names, however often that happens', () => {
    const cluster = started(3, 3)
    const { world } = cluster
    const hurt = cluster.names.find((name) => name !== cluster.server())!
    for (const round of [1, 2]) {
      world.crash(hurt)
      const content = world.disk(hurt).content(JOURNAL).slice()
      ruined(world.disk(hurt), JOURNAL)
      const rotten = world.disk(hurt).content(JOURNAL).slice()
      expect(rotten).not.toEqual(content)
      cluster.start(hurt)
      expect(world.runUntil(() => cluster.settled && cluster.seated, { limitMs: 30_000 })).toBe(true)
      expect(world.disk(hurt).content(`/data/damaged-${round}-journal-0000000000000001.seg`)).toEqual(rotten)
    }
  })
})

describe('a repair that is cut off', () => {
  it('by a power cut at any moment leaves no peer that votes with what it forgot', () => {
    for (let afterMs = 0; afterMs < 12; afterMs++) {
      const cluster = started(4, 3)
      const { world } = cluster
      const hurt = cluster.names.find((name) => name !== cluster.server())!
      const before = cluster.peer(hurt)!.status().self.id
      world.crash(hurt)
      ruined(world.disk(hurt), JOURNAL)
      cluster.start(hurt)
      world.run({ forMs: afterMs })
      world.powerOff([hurt])
      cluster.start(hurt)
      const identities = new Set<string>()
      const whole = (): boolean => {
        const core = cluster.peer(hurt)
        if (core) identities.add(core.status().self.id)
        return cluster.settled && cluster.seated
      }
      expect(world.runUntil(whole, { limitMs: 30_000 })).toBe(true)
      expect(identities.has(before)).toBe(false)
      expect(cluster.ended).toEqual([])
    }
  })
})

describe('a lone voter that lost its journal', () => {
  it('waits for its cluster, founds none, and holds others off, also over further restarts', () => {
    const cluster = new Cluster({ seed: 5, peers: 2, settings: { expect: 1 } })
    const { world } = cluster
    cluster.start('ann')
    expect(world.runUntil(() => cluster.server() === 'ann', { limitMs: 10_000 })).toBe(true)
    const { clusterId } = cluster.peer('ann')!.status()
    for (let i = 0; i < 2; i++) {
      world.crash('ann')
      if (i === 0) ruined(world.disk('ann'), JOURNAL)
      cluster.start('ann')
      world.run({ forMs: 10_000 })
      expect(cluster.peer('ann')!.status().waitingFor).toContain(
        `waiting for a member of cluster ${clusterId?.slice(0, 8)} to fetch it again. If nobody else has it`,
      )
    }
    cluster.start('bob')
    world.run({ forMs: 10_000 })
    expect(cluster.server()).toBeNull()
    expect(cluster.reigns).toHaveLength(1)
    expect(cluster.peer('bob')!.status().waitingFor).toBe('Waiting to be admitted to the cluster of ann.')
  })
})
