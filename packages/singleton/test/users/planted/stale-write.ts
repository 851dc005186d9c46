import { persist, role } from '../../../src/index.js'
import { law, work } from '../../../src/testing/index.js'
import { testCluster } from '../../../src/testing/property/index.js'
import { lastState } from './laws.js'
import type { Planted } from './planted.js'

interface Votes {
  readonly count: number
}

const votes = role('votes', {
  state: (): Votes => ({ count: 0 }),
  events: {
    set: (_s, e: { count: number }) => ({ count: e.count }),
    cast: (s) => ({ count: s.count + 1 }),
  },
  commands: {
    set: (_s, c: { count: number }, on) => persist(on.set(c)),
    cast: (_s, _none: void, on) => persist(on.cast()),
  },
})

/** Reads the count from a replica, adds one, writes it back: votes that came between are lost. */
export const planted: Planted = {
  bug: 'read, change and write back from a local replica',
  cure: 'send what shall be added',
  laws: ['no vote is lost'],
  hunt: (common, cured) =>
    testCluster({
      ...common,
      roles: [votes],
      workload: cured
        ? work(votes, { cast: () => undefined })
        : work(votes, { set: (_dice, client) => ({ count: (client.state(votes)?.count ?? 0) + 1 }) }),
      laws: [
        law('no vote is lost', 'The count is the number of votes that were acknowledged.', (history) => {
          const state = lastState(history, votes)
          const cast = history.operations.filter(
            ({ kind, outcome }) => kind === 'command' && outcome?.status === 'ok',
          ).length
          if (state === null || state.count >= cast) return null
          return `${cast} votes were acknowledged and ${state.count} are counted`
        }),
      ],
    }),
}
