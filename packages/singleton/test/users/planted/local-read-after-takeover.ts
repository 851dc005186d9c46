import { persist, role } from '../../../src/index.js'
import { always, ask, work } from '../../../src/testing/index.js'
import { testCluster } from '../../../src/testing/property/index.js'
import type { Planted } from './planted.js'

interface Orders {
  readonly placed: readonly string[]
}

const orders = role('orders', {
  state: (): Orders => ({ placed: [] }),
  events: { placed: (s, e: { order: string }) => ({ placed: [...s.placed, e.order] }) },
  commands: { place: (_s, c: { order: string }, on) => persist(on.placed(c)) },
})

/** No answer: the client looks whether its order is there, in a replica that has not heard of it yet. */
export const planted: Planted = {
  bug: 'a local read trusted right after a take-over',
  cure: 'ask again with the same id',
  laws: ['an order is placed once'],
  hunt: (common, cured) =>
    testCluster({
      ...common,
      roles: [orders],
      workload: {
        work: work(
          orders,
          { place: (_dice, client) => ({ order: `${client.name}-${client.seq}` }) },
          { reads: 0 },
        ),
        retries: cured ? 'same id' : 'none',
        deadlineMs: 300,
        pauseMs: 50,
        follow: ({ outcome, input }, client) => {
          const { order } = input as { order: string }
          if (outcome?.status !== 'unavailable') return null
          return client.state(orders)?.placed.includes(order) === false
            ? ask(orders, 'place', { order })
            : null
        },
      },
      laws: [
        always(orders, 'an order is placed once', (s) => {
          const twice = s.placed.find((order, at) => s.placed.indexOf(order) !== at)
          return twice === undefined || `order ${twice} was placed twice`
        }),
      ],
    }),
}
