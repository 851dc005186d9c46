import { expect, it } from 'vitest'
import { persist, role } from '../../src/role/index.js'
import { simulate, work } from '../../src/testing/index.js'
import type { Rest } from '../../src/testing/index.js'

type Pots = Readonly<Record<string, 'on' | 'off'>>

const stove = role('stove', {
  state: (): Readonly<Record<string, number>> => ({}),
  events: {
    lit: (s, e: { pot: string; until: number }) => ({ ...s, [e.pot]: e.until }),
    doused: (s, { pot }: { pot: string }) => ({ ...s, [pot]: 0 }),
  },
  commands: {
    light: (_, c: { pot: string }, on, ctx) => persist(on.lit({ ...c, until: ctx.at + 3_000 })),
    douse: (_, c: { pot: string }, on) => persist(on.doused(c)),
  },
  due: (s, run) =>
    Object.entries(s).flatMap(([pot, until]) => (until === 0 ? [] : [run.douse(until, { pot })])),
})

async function pots(rest?: Rest): Promise<Pots[]> {
  const workload = work(stove, { light: (_, { name, seq }) => ({ pot: `${name}-${seq}` }) }, { reads: 0 })
  const options = { seed: 1, peers: 3, roles: [stove], schedule: [], workload, forMs: 500 }
  const { history } = await simulate(rest === undefined ? options : { ...options, rest })
  return history.finals.map(({ states }) => {
    const state = states['stove'] as Readonly<Record<string, number>>
    return Object.fromEntries(Object.entries(state).map(([pot, until]) => [pot, until === 0 ? 'off' : 'on']))
  })
}

it('a run goes on after healing until the roles have come to rest on every replica, and not for ever', async () => {
  const until: Rest['until'] = (state) => Object.values(state(stove)).every((one) => one === 0)
  const [early = {}] = await pots()
  expect(Object.values(early)).toContain('on')
  const rested = await pots({ until, withinMs: 10_000 })
  expect(rested).toHaveLength(3)
  for (const all of rested) expect(new Set(Object.values(all))).toEqual(new Set(['off']))
  const [late = {}] = await pots({ until: () => false, withinMs: 10 })
  expect(Object.values(late)).toContain('on')
})
