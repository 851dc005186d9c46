import { describe, expect, it } from 'vitest'
import { Cluster, ledgerWorkload, Workload } from '../../src/testing/index.js'
import type { ClusterOptions } from '../../src/testing/index.js'
import { contradictionsIn } from './contradictions.js'

interface Office {
  readonly cluster: Cluster
  readonly workload: Workload
  readonly first: string
}

function open(options: ClusterOptions): Office {
  const cluster = new Cluster(options)
  cluster.startAll()
  expect(cluster.world.runUntil(() => cluster.settled && cluster.seated, { limitMs: 10_000 })).toBe(true)
  const workload = new Workload(cluster, options.seed, ledgerWorkload(2, 100))
  workload.start()
  cluster.world.run({ forMs: 500 })
  return { cluster, workload, first: cluster.server() ?? '' }
}

function lawsHold({ cluster, workload }: Office): void {
  workload.stop()
  const done = (): boolean => workload.pending.length === 0 && cluster.settled
  expect(cluster.world.runUntil(done, { limitMs: 20_000 })).toBe(true)
  expect(workload.operations.length).toBeGreaterThan(10)
  expect(contradictionsIn(cluster, workload)).toEqual([])
}

describe('home to the oldest', () => {
  it.each([1, 2])('is a hand-over that no caller notices (seed %i)', (seed) => {
    const office = open({ seed, peers: 3 + 2 * (seed % 2) })
    const { cluster, workload, first } = office
    const { world } = cluster
    const wake = world.pause(first)
    world.run({ forMs: 1_500 })
    expect(cluster.server()).not.toBe(first)
    wake()
    world.run({ forMs: 1_000 })
    const before = workload.operations.length
    const failed = workload.unavailable.length
    expect(world.runUntil(() => cluster.server() === first, { limitMs: 15_000 })).toBe(true)
    world.run({ forMs: 2_000 })
    expect(workload.operations.length).toBeGreaterThan(before + 30)
    expect(workload.unavailable.slice(failed)).toEqual([])
    // No ping-pong: it stays.
    const reigns = cluster.reigns.length
    lawsHold(office)
    world.run({ forMs: 35_000 })
    expect(cluster.reigns.length).toBe(reigns)
  })

  it('by weight goes to the heaviest, by latency to the nearest', () => {
    const byWeight = open({
      seed: 6,
      peers: 3,
      settings: { ranking: 'weight' },
      settingsOf: (node) => (node === 'cy' ? { weight: 10 } : {}),
    })
    byWeight.cluster.world.run({ forMs: 15_000 })
    expect(byWeight.cluster.server()).toBe('cy')
    lawsHold(byWeight)

    const byLatency = open({ seed: 7, peers: 3, settings: { ranking: 'latency' } })
    const { cluster, first } = byLatency
    const [near = ''] = cluster.names.filter((name) => name !== first)
    const [far = ''] = cluster.names.filter((name) => name !== first && name !== near)
    // All ways are slow but the one between the two others is slower at the far end.
    for (const name of [first, far]) {
      for (const other of cluster.names.filter((one) => one !== name && one !== near)) {
        cluster.world.quality(name, other, { latencyMinMs: 20, latencyMaxMs: 21 })
      }
    }
    expect(cluster.world.runUntil(() => cluster.server() === near, { limitMs: 40_000 })).toBe(true)
    const measured = cluster.peer(near)!.status()
    expect(measured.roundTripsMs[measured.self.id]).toBeLessThan(5)
    lawsHold(byLatency)
    cluster.world.run({ forMs: 35_000 })
    expect(cluster.server(), 'no ping-pong').toBe(near)
  })
})

describe('a server whose disk stalls', () => {
  it.each([11])('makes room for one that can write, and comes back when its disk does (seed %i)', (seed) => {
    const office = open({ seed, peers: 3 })
    const { cluster, workload, first } = office
    const { world } = cluster
    const heal = world.disk(first).slowBy(30_000)
    const moved = world.runUntil(() => cluster.server() !== first && cluster.server() !== null, {
      limitMs: 3_500,
    })
    expect(moved).toBe(true)
    const before = workload.operations.length
    world.run({ forMs: 3_000 })
    expect(workload.operations.length).toBeGreaterThan(before + 20)
    expect(cluster.server()).not.toBe(first)
    expect(cluster.peer(first)!.status().waiting?.code).toBe('disk-stalled')
    heal()
    world.run({ forMs: 32_000 })
    expect(cluster.peer(first)!.status().waiting).toBeNull()
    lawsHold(office)
  })
})

describe('an evicted peer', () => {
  it('stops with a sentence, remembers it on disk, and comes back only when it is told to', () => {
    let rejoin = false
    const office = open({ seed: 21, peers: 3, settingsOf: () => ({ rejoin }) })
    const { cluster, first } = office
    const { world } = cluster
    const gone = cluster.names.find((name) => name !== first) ?? ''
    const { id } = cluster.peer(gone)!.status().self
    let outcome = ''
    cluster.peer(first)!.operate({ op: 'evict', memberId: id }, ({ status }) => (outcome = status))
    world.run({ forMs: 2_000 })
    expect(outcome).toBe('done')
    expect(cluster.endedBy(gone)).toMatch(/^This peer was evicted from its cluster/)
    expect(cluster.ended.at(-1)?.error?.code).toBe('evicted')
    expect(cluster.voters).not.toContain(gone)

    world.crash(gone)
    cluster.start(gone)
    world.run({ forMs: 3_000 })
    expect(cluster.endedBy(gone), 'its folder remembers').toMatch(/rejoin: true/)

    rejoin = true
    world.crash(gone)
    cluster.start(gone)
    expect(world.runUntil(() => cluster.settled && cluster.voters.length === 3, { limitMs: 15_000 })).toBe(
      true,
    )

    rejoin = false
    world.crash(gone)
    cluster.start(gone)
    expect(
      world.runUntil(() => cluster.settled, { limitMs: 15_000 }),
      'it is a member like any other',
    ).toBe(true)
    const wrong = contradictionsIn(cluster, office.workload).filter(
      ({ law }) => law !== 'ends' && law !== 'L2',
    )
    expect(wrong).toEqual([])
  })
})
