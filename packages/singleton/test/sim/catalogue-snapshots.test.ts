import { describe, expect, it } from 'vitest'
import { Cluster, ledgerWorkload, peerNames, runSchedule, Workload } from '../../src/testing/index.js'
import type { Run, SimulateOptions } from '../../src/testing/index.js'
import { contradictionsIn } from './contradictions.js'

/** What broke others about snapshots, copied disks and quiet; numbers as in `catalogue.ts`. */

const small = {
  entries: 25,
  bytes: 4_000,
  keepEntries: 3,
  keepBytes: 500,
  catchUpBytes: 0,
  catchUpSnapshots: 0,
  pieceBytes: 300,
}

const words = ({ contradictions }: Run): string[] => contradictions.map(({ law, text }) => `${law}: ${text}`)

/** A snapshot every quarter of a second; who asks a peer that is cut off does not wait there for long. */
const workload = { ...ledgerWorkload(4, 15), deadlineMs: 100 }
const busy = { peers: 3, settings: { snapshots: small }, workload, forMs: 4_000 }

function watched(options: Partial<SimulateOptions> & Pick<SimulateOptions, 'schedule' | 'seed'>): {
  readonly whole: Run
  readonly restored: number
} {
  let restored = 0
  const whole = runSchedule({
    ...busy,
    ...options,
    meanwhile: ({ world }) => world.onMoment((_, moment) => void (restored += Number(moment === 'restored'))),
  })
  expect(words(whole), `seed ${options.seed}`).toEqual([])
  expect(whole.unfired).toEqual([])
  expect(whole.acknowledged).toBeGreaterThan(100)
  return { whole, restored }
}

describe('snapshots that broke others', () => {
  // etcd-io/etcd#13766, #14685, #17780: the state on the disk without its position, or the reverse.
  it('24: the server crashes, and loses its power, around its snapshots, under load', () => {
    for (const seed of [1, 2]) {
      const schedule = [30, 57, 81, 106].map((count, i) => ({
        on: `server.committed#${count + seed}`,
        ...(i % 2 === 0
          ? { do: 'crash' as const, who: 'server', for: 300 }
          : { do: 'power-off' as const, who: ['server'], tear: true, for: 300 }),
      }))
      const { whole } = watched({ seed, schedule })
      for (const name of whole.cluster.names)
        expect(whole.cluster.peer(name)?.status().snapshotIndex).toBeGreaterThan(50)
    }
  })

  // etcd-io/etcd#18055: two in short succession; hashicorp/raft: a restored one that leaves a gap.
  it('25: a second snapshot comes while the first is received, restored and continued', () => {
    const away = [300, 2_200].map((at) => ({ at, do: 'split' as const, a: ['youngest'], for: 1_500 }))
    let restored = 0
    for (const seed of [1, 2]) {
      restored += watched({
        seed,
        schedule: away,
        // Small pieces, one at a time: the next snapshot is taken before this one has arrived.
        settings: { snapshots: { ...small, entries: 8, piecesInFlight: 1 } },
      }).restored
    }
    expect(restored).toBeGreaterThan(3)
  })

  // hashicorp/raft#444: what a follower needs next is trimmed again and again.
  it('26: the journal is trimmed while a follower catches up, and it does catch up under load', () => {
    for (const seed of [1, 2]) {
      const { restored } = watched({
        seed,
        schedule: [{ at: 200, do: 'split', a: ['cy'], for: 2_500 }],
        settings: { snapshots: { ...small, catchUpBytes: 2_000 } },
      })
      expect(restored).toBeLessThanOrEqual(2)
      expect(restored).toBeGreaterThan(0)
    }
  })
})

describe('43: a machine that was cloned with its data folder', () => {
  const LOAD_MS = 3_000

  /** What is on the disk of this peer, for another machine. */
  function copyOf(cluster: Cluster, name: string): Record<string, Uint8Array> {
    const disk = cluster.world.disk(name)
    return Object.fromEntries(disk.files().map((file) => [file.slice('/data/'.length), disk.content(file)]))
  }

  /** Three that have met, and were switched off. */
  function opened(seed: number): Cluster {
    const cluster = new Cluster({ seed, peers: 3 })
    cluster.startAll()
    expect(cluster.world.runUntil(() => cluster.settled && cluster.seated, { limitMs: 20_000 })).toBe(true)
    for (const name of cluster.names) cluster.world.crash(name)
    return cluster
  }

  it.each([1, 2, 3])('has no voice: it ends, says why, and nothing is lost (seed %i)', (seed) => {
    const first = opened(seed)
    const disks = Object.fromEntries(first.names.map((name) => [name, copyOf(first, name)]))

    // The fourth machine holds what the third does.
    const clone = peerNames(4)[3] ?? ''
    const cluster = new Cluster({ seed, peers: 4, disks: { ...disks, [clone]: disks['cy'] ?? {} } })
    const { world } = cluster
    for (const name of first.names) cluster.start(name)
    const whole = (): boolean => cluster.server() !== null && cluster.voters.length === 3
    expect(world.runUntil(whole, { limitMs: 20_000 })).toBe(true)
    const load = new Workload(cluster, seed, ledgerWorkload(3, 30))
    load.start()
    world.run({ forMs: 500 })
    cluster.start(clone)
    world.run({ forMs: LOAD_MS })
    const server = cluster.server()
    if (server !== null) world.crash(server)
    world.run({ forMs: LOAD_MS })
    const before = load.operations.length
    if (server !== null) cluster.start(server)
    world.run({ forMs: LOAD_MS })
    expect(load.operations.length).toBeGreaterThan(before)
    load.stop()
    const over = (): boolean => load.pending.length === 0 && cluster.voters.length === 3
    expect(world.runUntil(over, { limitMs: 20_000 })).toBe(true)
    const [ended, ...more] = cluster.ended
    expect(more).toEqual([])
    expect(ended).toMatchObject({ node: clone, error: { code: 'refused' } })
    expect(ended?.error?.message).toContain('give it a data folder of its own')
    expect(contradictionsIn(cluster, load).filter(({ law }) => law !== 'ends')).toEqual([])
  })

  it.each([1, 2, 3, 4])('started together with the other one, neither votes unseen (seed %i)', (seed) => {
    const first = opened(seed)
    const disks = Object.fromEntries(first.names.map((name) => [name, copyOf(first, name)]))
    const cluster = new Cluster({ seed, peers: 4, disks: { ...disks, dee: disks['cy'] ?? {} } })
    const { world } = cluster
    const load = new Workload(cluster, seed, ledgerWorkload(3, 30))
    cluster.startAll()
    load.start()
    world.run({ forMs: LOAD_MS })
    const names = cluster.ended.map(({ node }) => node)
    expect(names.length).toBeGreaterThan(0)
    for (const name of names) expect(['cy', 'dee']).toContain(name)
    for (const { error } of cluster.ended) expect(error?.code).toBe('refused')
    load.stop()
    expect(world.runUntil(() => load.pending.length === 0, { limitMs: 20_000 })).toBe(true)
    expect(contradictionsIn(cluster, load).filter(({ law }) => law !== 'ends')).toEqual([])
  })
})

describe('L5, quiet', () => {
  it('an office that heals is as quiet as before, and nobody has anything left to send', () => {
    for (const seed of [1, 2]) {
      const whole = runSchedule({
        seed,
        peers: 5,
        quietMs: 5_000,
        forMs: 4_000,
        schedule: [
          { at: 300, do: 'split', a: ['server', 'youngest'], for: 1_500 },
          { at: 2_200, do: 'crash', who: 'server', for: 600 },
        ],
      })
      expect(words(whole)).toEqual([])
      const { quiet } = whole.history.healing ?? {}
      expect(quiet?.frames).toBeGreaterThan(0)
      expect(whole.verdicts.find(({ law }) => law === 'L5')?.verdict).toBe('holds')
    }
  })
})
