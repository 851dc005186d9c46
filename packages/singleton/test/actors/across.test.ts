import { actor, type ActorRef, reply } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { Cluster } from '../../src/testing/index.js'

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

async function office(peers = 3): Promise<Cluster> {
  const cluster = new Cluster({ seed: 1, peers })
  cluster.startAll()
  await cluster.world.runAsync({ forMs: 5_000 })
  expect(cluster.settled).toBe(true)
  return cluster
}

describe('actors across peers', () => {
  it('tells and asks an actor of another peer', async () => {
    const cluster = await office()
    const ref = cluster.actors('ann').spawn(counter, 'counter')
    const there = cluster.actors('bob').resolve<Counter>(ref.toJSON())
    for (let i = 1; i <= 10; i++) expect(there.tell.inc({ by: i })).toBe(true)
    const asked = there.ask.get()
    await cluster.world.runAsync({ forMs: 100 })
    expect(await asked).toBe(55)
  })

  it('takes refs along, at any depth, and they work there', async () => {
    const cluster = await office()
    const ref = cluster.actors('ann').spawn(counter, 'counter')
    const holder = actor({
      state: () => ({}),
      on: {
        use: (s, m: { all: Map<string, Set<ActorRef<Counter>>> }) => {
          for (const one of m.all.get('here') ?? []) one.tell.inc({ by: 7 })
          return reply(s, m.all)
        },
      },
    })
    const far = cluster.actors('cy').spawn(holder, 'holder')
    const there = cluster.actors('bob').resolve<{
      use: (m: { all: Map<string, Set<ActorRef<Counter>>> }) => Map<string, Set<ActorRef<Counter>>>
    }>(far.toJSON())
    const mine = cluster.actors('bob').resolve<Counter>(ref.toJSON())
    const asked = there.ask.use({ all: new Map([['here', new Set([mine])]]) })
    await cluster.world.runAsync({ forMs: 100 })
    const [back] = [...((await asked).get('here') ?? [])]
    expect(back?.toJSON()).toBe(ref.toJSON())
    const got = back?.ask.get()
    await cluster.world.runAsync({ forMs: 100 })
    expect(await got).toBe(7)
  })
})
