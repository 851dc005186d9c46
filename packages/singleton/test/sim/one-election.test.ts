import { describe, expect, it } from 'vitest'
import { Cluster } from '../../src/testing/index.js'

/** How many terms it took until somebody served again after the server's process had died. */
function termsOfTakeover(seed: number): number {
  // A sync takes longer than the steps between those in line: all of them would stand before one is elected.
  const cluster = new Cluster({ seed, peers: 5, world: { syncMs: () => 100 } })
  const { world } = cluster
  cluster.startAll()
  expect(world.runUntil(() => cluster.settled, { limitMs: 20_000 })).toBe(true)
  world.run({ forMs: 2_000 })
  const server = cluster.server()!
  const before = cluster.peer(server)!.status().term
  world.crash(server)
  expect(world.runUntil(() => cluster.server() !== null, { limitMs: 10_000 })).toBe(true)
  return cluster.peer(cluster.server()!)!.status().term - before
}

describe('on slow disks', () => {
  it('whoever stands waits for what the disks need: one election is enough', () => {
    const terms = Array.from({ length: 20 }, (_, seed) => termsOfTakeover(seed))
    expect(terms).toEqual(terms.map(() => 1))
  })
})
