import { persist, role } from '../../../src/index.js'
import { work } from '../../../src/testing/index.js'
import { testCluster } from '../../../src/testing/property/index.js'
import type { Planted } from './planted.js'

interface Raffle {
  readonly names: readonly string[]
  readonly winner: string | null
}

const raffle = (cured: boolean) =>
  role('raffle', {
    state: (): Raffle => ({ names: [], winner: null }),
    events: {
      entered: (s, e: { name: string }) => ({ ...s, names: [...s.names, e.name] }),
      drawn: (s, e: { no: number }) => {
        const no = cured ? e.no : Math.floor(Math.random() * 1_000)
        return { ...s, winner: s.names[no % s.names.length] ?? null }
      },
    },
    commands: {
      enter: (_s, c: { name: string }, on) => persist(on.entered(c)),
      draw: (_s, _none: void, on, ctx) =>
        persist(on.drawn({ no: ctx.id().length + ctx.at })).reply((s) => s.winner),
    },
  })

/** Every replica draws its own winner. */
export const planted: Planted = {
  bug: 'chance in an event function',
  cure: 'draw in the command, from ctx.id()',
  laws: ['throws', 'S4'],
  hunt: (common, cured) =>
    testCluster({
      ...common,
      roles: [raffle(cured)],
      workload: work(raffle(cured), {
        enter: (_dice, client) => ({ name: client.name }),
        draw: () => undefined,
      }),
    }),
}
