import { persist, role } from '../../../src/index.js'
import { always, work } from '../../../src/testing/index.js'
import { testCluster } from '../../../src/testing/property/index.js'
import type { Planted } from './planted.js'

interface Payments {
  readonly paid: Readonly<Record<string, number>>
}

const payments = role('payments', {
  state: (): Payments => ({ paid: {} }),
  events: {
    paid: (s, e: { order: string }) => ({ paid: { ...s.paid, [e.order]: (s.paid[e.order] ?? 0) + 1 } }),
  },
  commands: { pay: (_s, c: { order: string }, on) => persist(on.paid(c)) },
})

/** A call that got no answer is made once more as a new command: it may have been executed before. */
export const planted: Planted = {
  bug: 'double charge after a retry with a new id',
  cure: 'ask again with the same id',
  laws: ['an order is paid once'],
  hunt: (common, cured) =>
    testCluster({
      ...common,
      roles: [payments],
      workload: {
        work: work(
          payments,
          { pay: (_dice, client) => ({ order: `${client.name}-${client.seq}` }) },
          { reads: 0 },
        ),
        retries: cured ? 'same id' : 'new id',
        deadlineMs: 400,
        pauseMs: 50,
      },
      laws: [
        always(payments, 'an order is paid once', (s) => {
          const twice = Object.entries(s.paid).find(([, times]) => times > 1)
          return twice === undefined || `order ${twice[0]} was paid ${twice[1]} times`
        }),
      ],
    }),
}
