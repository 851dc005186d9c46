import { persist, refuse, role } from '../../../src/index.js'
import { always, work } from '../../../src/testing/index.js'
import { testCluster } from '../../../src/testing/property/index.js'
import type { Planted } from './planted.js'

interface Stock {
  readonly left: number
}

const stockOf = (cured: boolean) =>
  role('stock', {
    state: (): Stock => ({ left: 5 }),
    events: {
      taken: (s, e: { n: number }) => ({ left: s.left - e.n }),
      filled: (s, e: { n: number }) => ({ left: s.left + e.n }),
    },
    commands: {
      take: (s, c: { n: number }, on) =>
        cured && s.left < c.n ? refuse({ code: 'short' }) : persist(on.taken(c)).reply((next) => next.left),
      fill: (_s, c: { n: number }, on) => persist(on.filled(c)).reply((s) => s.left),
    },
  })

/** Whether there is enough is looked up in the replica of the caller; the command takes without asking. */
export const planted: Planted = {
  bug: 'a check outside of the journal: the stock oversells',
  cure: 'check in the command',
  laws: ['nothing is oversold'],
  hunt: (common, cured) => {
    const stock = stockOf(cured)
    const left = (state: Stock | undefined): number => state?.left ?? 0
    return testCluster({
      ...common,
      roles: [stock],
      workload: work(
        stock,
        {
          take: (_dice, client) => ({ n: left(client.state(stock)) > 0 ? 1 : 0 }),
          fill: () => ({ n: 1 }),
        },
        { weights: { take: 4 }, reads: 0.1 },
      ),
      laws: [
        always(stock, 'nothing is oversold', (s) => s.left >= 0 || `${-s.left} sold that are not there`),
      ],
    })
  },
}
