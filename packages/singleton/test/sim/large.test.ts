import { actor, reply } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { Cluster, ledgerWorkload, Workload } from '../../src/testing/index.js'
import { contradictionsIn } from './contradictions.js'

/** Clusters of more members than a full mesh is good for: whole peers, with clients working all the time. */

interface Counter {
  inc: (m: { by: number }) => void
  get: () => number
}
const counter = actor({
  state: () => ({ n: 0 }),
  on: {
    inc: (s, m: { by: number }) => ({ n: s.n + m.by }),
    get: (s) => reply(s, s.n),
  },
})

function settle(cluster: Cluster, limitMs = 20_000): void {
  expect(cluster.world.runUntil(() => cluster.settled, { limitMs })).toBe(true)
}

/** One founds the cluster, the others come together. */
function grown(peers: number, seed: number): Cluster {
  const cluster = new Cluster({ seed, peers, settings: { expect: 1 } })
  const [first, ...rest] = cluster.names
  cluster.start(first!)
  settle(cluster)
  for (const name of rest) cluster.start(name)
  settle(cluster)
  return cluster
}

const sizes = (cluster: Cluster): number[] =>
  cluster.names.flatMap((name) => cluster.peer(name)?.status().members.length ?? [])

describe('a cluster of 20', () => {
  it('grows, works, and outlives the death of its leader and of a member without a vote', () => {
    const cluster = grown(20, 1)
    const { world } = cluster
    const workload = new Workload(cluster, 1, ledgerWorkload(3, 40))
    workload.start()
    world.run({ forMs: 1_000 })
    const leader = cluster.server()!
    world.crash(leader)
    world.run({ forMs: 3_000 })
    expect(cluster.server()).not.toBe(leader)
    const other = cluster.names.findLast((name) => cluster.isRunning(name) && !cluster.voters.includes(name))!
    world.crash(other)
    world.run({ forMs: 3_000 })
    expect(sizes(cluster)).toEqual(Array.from({ length: 18 }, () => 18))
    cluster.start(other)
    cluster.start(leader)
    world.run({ forMs: 2_000 })
    settle(cluster)
    workload.stop()
    expect(world.runUntil(() => workload.pending.length === 0, { limitMs: 20_000 })).toBe(true)
    expect(workload.operations.length).toBeGreaterThan(100)
    expect(contradictionsIn(cluster, workload)).toEqual([])
    expect(sizes(cluster)).toEqual(Array.from({ length: 20 }, () => 20))
  })

  it('actors of members that are no neighbours reach each other', async () => {
    const cluster = grown(20, 2)
    // Links of the growing mesh are over.
    cluster.world.run({ forMs: 13_000 })
    const links = cluster.names.map((name) => cluster.peer(name)?.succession.links.size ?? 0)
    expect(links.filter((n) => n < 19).length).toBeGreaterThanOrEqual(16)
    const refs = cluster.names.map((name) => cluster.actors(name).spawn(counter, 'counter'))
    const answers: Promise<number>[] = []
    for (const [at, name] of cluster.names.entries()) {
      for (const step of [3, 7, 11]) {
        const ref = refs[(at + step) % refs.length]!
        const there = cluster.actors(name).resolve<Counter>(ref.toJSON())
        expect(there.tell.inc({ by: 1 })).toBe(true)
        answers.push(there.ask.get())
      }
    }
    await cluster.world.runAsync({ forMs: 5_000 })
    const all = await Promise.all(answers)
    expect(all.every((n) => n > 0)).toBe(true)
  })
})
