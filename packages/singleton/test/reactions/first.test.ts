import { expect, it } from 'vitest'
import { persist, role } from '../../src/index.js'
import { toEncoded } from '@tanist/core'
import { Cluster } from '../../src/testing/index.js'

const mail: string[] = []
const bank = role('bank', {
  state: () => ({ cents: 0, times: 0 }),
  events: { charged: (s, e: { cents: number }) => ({ cents: s.cents + e.cents, times: s.times + 1 }) },
  commands: { charge: (_s, c: { cents: number }, on, ctx) => persist(on.charged(c)).reply(() => ctx.caller.level) },
})
const orders = role('orders', {
  state: (): { paid: string[]; holds: { id: string; until: number }[]; freed: number[] } => ({ paid: [], holds: [], freed: [] }),
  events: {
    placed: (s, e: { id: string; until: number }) => ({ ...s, holds: [...s.holds, e] }),
    paid: (s, e: { id: string }) => ({ ...s, paid: [...s.paid, e.id] }),
    freed: (s, e: { id: string; at: number }) => ({ ...s, holds: s.holds.filter((h) => h.id !== e.id), freed: [...s.freed, e.at] }),
  },
  commands: {
    place: (_s, c: { id: string }, on, ctx) => persist(on.placed({ id: c.id, until: ctx.at + 500 })),
    pay: (_s, c: { id: string }, on) => persist(on.paid(c)),
    free: (_s, c: { id: string }, on, ctx) => persist(on.freed({ id: c.id, at: ctx.at })),
  },
  reactions: {
    placed: {
      attempts: 3,
      run: async (e, ctx) => {
        mail.push(`${e.id} ${ctx.id.slice(-5)} ${ctx.attempt}`)
        if (e.id === 'bad') throw new Error('no')
        const level = await ctx.role(bank).charge({ cents: 5 }).value()
        await ctx.own.pay({ id: `${e.id} ${level}` }).value()
      },
    },
  },
  due: (s, run) => s.holds.map((h) => run.free(h.until, { id: h.id })),
})

it('runs', async () => {
  const cluster = new Cluster({ seed: 1, peers: 3, roles: [bank, orders] })
  cluster.startAll()
  const { world } = cluster
  expect(await world.runAsync({ forMs: 30_000, until: () => cluster.settled })).toBe(true)
  const core = cluster.peer('ann')!
  for (const id of ['a', 'bad', 'c'])
    core.call({ role: 'orders', command: 'place', input: toEncoded({ id }) }, (o) => console.log(JSON.stringify(o)))
  await world.runAsync({ forMs: 400 })
  console.log(cluster.names.map((n) => cluster.peer(n)!.roles.state('orders')))
  await world.runAsync({ forMs: 1_600 })
  console.log(mail, cluster.server(), core.roles.state('bank'), JSON.stringify(core.roles.state('orders')), core.status().roles, core.sideEffects.reactions('orders'))
  let out: unknown
  core.settleReactions('orders', 'all', 'retry', (o) => (out = o))
  await world.runAsync({ forMs: 3_000 })
  console.log(out, mail)
  cluster.peer('bob')!.settleReactions('orders', 'all', 'dropped', (o) => (out = o))
  await world.runAsync({ forMs: 3_000 })
  console.log(out, core.status().roles)
  console.log(cluster.log, cluster.failures)
})
