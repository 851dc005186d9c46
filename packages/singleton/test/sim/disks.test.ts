import { describe, expect, it } from 'vitest'
import { Cluster, ledgerWorkload, Workload } from '../../src/testing/index.js'
import { contradictionsIn } from './contradictions.js'

/** Three peers at work; the disk of the server breaks, the others go on. */
function withBrokenServerDisk(seed: number, breakDisk: (cluster: Cluster, server: string) => void): string {
  const cluster = new Cluster({ seed, peers: 3 })
  const { world } = cluster
  cluster.startAll()
  expect(world.runUntil(() => cluster.settled, { limitMs: 10_000 })).toBe(true)
  const workload = new Workload(cluster, seed, ledgerWorkload(4, 20))
  workload.start()
  world.run({ forMs: 1_000 })
  const server = cluster.server()!
  breakDisk(cluster, server)
  const before = workload.operations.length
  world.run({ forMs: 3_000 })
  expect(workload.operations.length).toBeGreaterThan(before + 50)
  expect(cluster.server()).not.toBe(server)
  const [ended, ...more] = cluster.ended
  expect(more).toEqual([])
  expect(ended?.node).toBe(server)
  // It comes back with a disk that works, and with what it had promised.
  world.disk(server).full = false
  world.crash(server)
  world.start(server)
  workload.stop()
  expect(world.runUntil(() => workload.pending.length === 0 && cluster.settled, { limitMs: 20_000 })).toBe(
    true,
  )
  const others = contradictionsIn(cluster, workload).filter(({ law }) => law !== 'ends')
  expect(others).toEqual([])
  return ended?.error?.message ?? ''
}

describe('a server whose disk', () => {
  it.each([1, 2, 3])('is full stops, acknowledges nothing more, and loses nothing (seed %i)', (seed) => {
    const text = withBrokenServerDisk(seed, (cluster, server) => {
      cluster.world.disk(server).full = true
    })
    expect(text).toContain('no space left')
  })

  it.each([4, 5, 6])(
    'fails to sync once stops for good: it never tries that file again (seed %i)',
    (seed) => {
      const text = withBrokenServerDisk(seed, (cluster, server) => cluster.world.disk(server).failNextSync())
      expect(text).toMatch(/cannot be written/)
    },
  )
})

describe('a full disk', () => {
  it('makes the server say goodbye at once: the next one serves long before silence would tell, and nothing is lost', () => {
    for (const seed of [7, 8, 9]) {
      const cluster = new Cluster({
        seed,
        peers: 3,
        settings: { timing: { silenceMinMs: 2_000, silenceMaxMs: 3_000 } },
      })
      const { world } = cluster
      cluster.startAll()
      expect(world.runUntil(() => cluster.settled && cluster.seated, { limitMs: 15_000 })).toBe(true)
      const workload = new Workload(cluster, seed, ledgerWorkload(4, 20))
      workload.start()
      world.run({ forMs: 1_000 })
      const server = cluster.server()!
      world.disk(server).full = true
      expect(world.runUntil(() => cluster.ended.length > 0, { limitMs: 1_000 })).toBe(true)
      const fullMs = world.nowMs
      const reign = cluster.reigns.at(-1)!
      expect(reign.node).toBe(server)
      expect(cluster.ended[0]?.error?.message).toContain('make room, then start this peer again')
      expect(world.runUntil(() => cluster.server() !== null, { limitMs: 5_000 })).toBe(true)
      expect(cluster.server()).not.toBe(server)
      // A silence limit is 2 s here: only a word of the old server can have made it this fast.
      expect(world.nowMs - fullMs).toBeLessThan(500)
      // While there is no room it cannot even begin; with room it is a member again, the same one.
      cluster.world.crash(server)
      cluster.start(server)
      world.run({ forMs: 500 })
      expect(cluster.peer(server)).toBeNull()
      expect(cluster.ended.at(-1)?.error?.message).toMatch(/no space left/)
      world.disk(server).full = false
      world.crash(server)
      cluster.start(server)
      workload.stop()
      const whole = (): boolean => workload.pending.length === 0 && cluster.settled && cluster.seated
      expect(world.runUntil(whole, { limitMs: 30_000 })).toBe(true)
      expect(cluster.voters).toEqual(['ann', 'bob', 'cy'])
      expect(contradictionsIn(cluster, workload).filter(({ law }) => law !== 'ends')).toEqual([])
    }
  })
})

describe('a voter whose sync failed', () => {
  it('counts nothing that only the cache has when it is started again: what it then confirms survives a power cut', () => {
    for (let seed = 11; seed <= 30; seed++) {
      const cluster = new Cluster({ seed, peers: 3 })
      const { world } = cluster
      cluster.startAll()
      expect(world.runUntil(() => cluster.settled && cluster.seated, { limitMs: 15_000 })).toBe(true)
      const workload = new Workload(cluster, seed, ledgerWorkload(4, 20))
      workload.start()
      world.run({ forMs: 500 })
      const server = cluster.server()!
      const [broken = '', away = ''] = cluster.names.filter((name) => name !== server)
      world.crash(away)
      world.disk(broken).failNextSync()
      expect(world.runUntil(() => cluster.endedBy(broken) !== null, { limitMs: 5_000 })).toBe(true)
      world.crash(broken)
      cluster.start(broken)
      // From here on both of them confirm, and nobody else has it.
      world.run({ forMs: 3_000 })
      world.powerOff([server, broken])
      cluster.start(broken)
      cluster.start(away)
      world.run({ forMs: 3_000 })
      cluster.start(server)
      workload.stop()
      const over = (): boolean => workload.pending.length === 0 && cluster.settled
      expect(world.runUntil(over, { limitMs: 30_000 })).toBe(true)
      expect(contradictionsIn(cluster, workload).filter(({ law }) => law !== 'ends')).toEqual([])
    }
  })
})
