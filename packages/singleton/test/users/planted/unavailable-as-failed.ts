import { persist, role } from '../../../src/index.js'
import { always, ask, work } from '../../../src/testing/index.js'
import { testCluster } from '../../../src/testing/property/index.js'
import type { Planted } from './planted.js'

interface Trips {
  readonly booked: readonly string[]
  readonly refunded: readonly string[]
}

const trips = role('trips', {
  state: (): Trips => ({ booked: [], refunded: [] }),
  events: {
    booked: (s, e: { trip: string }) => ({ ...s, booked: [...s.booked, e.trip] }),
    refunded: (s, e: { trip: string }) => ({ ...s, refunded: [...s.refunded, e.trip] }),
  },
  commands: {
    book: (_s, c: { trip: string }, on) => persist(on.booked(c)),
    refund: (_s, c: { trip: string }, on) => persist(on.refunded(c)),
  },
})

/** `unavailable` with `executed: 'unknown'` is taken for a failure: the money goes back for a trip that is booked. */
export const planted: Planted = {
  bug: 'unavailable taken for failed',
  cure: 'ask again with the same id until there is an outcome',
  laws: ['nobody travels for nothing'],
  hunt: (common, cured) =>
    testCluster({
      ...common,
      roles: [trips],
      workload: {
        work: work(
          trips,
          { book: (_dice, client) => ({ trip: `${client.name}-${client.seq}` }) },
          { reads: 0 },
        ),
        retries: cured ? 'same id' : 'none',
        deadlineMs: 300,
        pauseMs: 50,
        follow: ({ command, outcome, input }) =>
          command === 'book' && outcome?.status === 'unavailable'
            ? ask(trips, 'refund', input as { trip: string })
            : null,
      },
      laws: [
        always(trips, 'nobody travels for nothing', (s) => {
          const both = s.booked.find((trip) => s.refunded.includes(trip))
          return both === undefined || `trip ${both} is booked, and was refunded`
        }),
      ],
    }),
}
