import { durable, persist } from '@tanist/core'
import { expect, it } from 'vitest'
import { Cluster } from '../../src/testing/index.js'

const account = durable('account', {
  state: () => ({ balance: 0 }),
  events: { deposited: (s, e: { by: number }) => ({ balance: s.balance + e.by }) },
  commands: {
    deposit: (_s, c: { by: number }, on) => persist(on.deposited(c)).reply((next) => next.balance),
  },
})

it('a durable actor of a peer finds its state in the data folder of that peer, also after a power cut', async () => {
  const cluster = new Cluster({ seed: 1, peers: 3 })
  cluster.startAll()
  await cluster.world.runAsync({ forMs: 3_000 })
  const first = cluster.actors('ann').spawn(account, 'account').ask.deposit({ by: 5 })
  await cluster.world.runAsync({ forMs: 500 })
  expect(await first).toEqual({ status: 'ok', value: 5 })

  cluster.world.crash('ann')
  cluster.world.disk('ann').powerOff()
  cluster.start('ann')
  await cluster.world.runAsync({ forMs: 3_000 })
  const second = cluster.actors('ann').spawn(account, 'account').ask.deposit({ by: 1 })
  await cluster.world.runAsync({ forMs: 500 })
  expect(await second).toEqual({ status: 'ok', value: 6 })
})
