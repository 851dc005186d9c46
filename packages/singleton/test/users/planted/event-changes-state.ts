import { persist, role } from '../../../src/index.js'
import { work } from '../../../src/testing/index.js'
import { testCluster } from '../../../src/testing/property/index.js'
import type { Planted } from './planted.js'

const visits = (cured: boolean) =>
  role('visits', {
    state: () => ({ by: new Map<string, number>() }),
    events: {
      visited: (s, e: { who: string }) => {
        const by = cured ? new Map(s.by) : s.by
        by.set(e.who, (by.get(e.who) ?? 0) + 1)
        return cured ? { by } : s
      },
    },
    commands: {
      visit: (_s, c: { who: string }, on) => persist(on.visited(c)).reply((s) => s.by.get(c.who) ?? 0),
    },
  })

/** The server evolves a state ahead of the commits and the committed one: a map that both share counts twice. */
export const planted: Planted = {
  bug: 'an event function that changes a map in its state',
  cure: 'return a new map',
  laws: ['S4', 'S7', 'S9'],
  hunt: (common, cured) =>
    testCluster({
      ...common,
      roles: [visits(cured)],
      workload: work(visits(cured), { visit: (_dice, client) => ({ who: client.name }) }),
    }),
}
