import { persist, role } from '../../../src/index.js'
import type { AnyRole } from '../../../src/index.js'
import { law, work } from '../../../src/testing/index.js'
import { testCluster } from '../../../src/testing/property/index.js'
import type { Planted } from './planted.js'

interface Orders {
  readonly open: Readonly<Record<string, 'unpaid' | 'paid'>>
}

interface Charge {
  readonly order: string
  /** The bank books one charge a key. */
  readonly key?: string
}

const orders = (charge: (request: Charge) => Promise<unknown>, cured: boolean) =>
  role('orders', {
    state: (): Orders => ({ open: {} }),
    events: {
      placed: (s, e: { order: string }) => ({ open: { ...s.open, [e.order]: 'unpaid' as const } }),
      paid: (s, e: { order: string }) => ({ open: { ...s.open, [e.order]: 'paid' as const } }),
    },
    commands: {
      place: (_s, c: { order: string }, on) => persist(on.placed(c)),
      paid: (s, c: { order: string }, on) => (s.open[c.order] === 'unpaid' ? persist(on.paid(c)) : persist()),
    },
    onServe: async (reign) => {
      // The bank is told of whatever is unpaid; its statement marks the orders as paid, later.
      for (const [order, state] of Object.entries(reign.state().open)) {
        if (state === 'unpaid' && !reign.signal.aborted)
          await charge({ order, ...(cured && { key: order }) }).catch(() => {})
      }
    },
  })

const example = orders(async () => {}, false)

/** What a reign has done is known to nobody: the next one does it again. */
export const planted: Planted = {
  bug: 'charging all unpaid orders in every reign, without an id for the bank to know them by',
  cure: 'give the bank an id that it knows a charge by',
  laws: ['an order is charged once'],
  hunt: (common, cured) =>
    testCluster({
      ...common,
      outside: (outside) => {
        const keys = new Set<string>()
        const book = ({ key }: Charge): 'booked' | 'known' => {
          if (key !== undefined && keys.has(key)) return 'known'
          if (key !== undefined) keys.add(key)
          return 'booked'
        }
        return { bank: outside.service('bank', book, { latencyMs: 10 }) }
      },
      roles: (env, { bank }): readonly AnyRole[] => [orders(bank.for(env), cured)],
      workload: work(example, { place: (_dice, client) => ({ order: `${client.name}-${client.seq}` }) }),
      laws: ({ bank }) => [
        law(
          'an order is charged once',
          'The bank books one charge for each order.',
          () => {
            const seen = new Map<string, (typeof bank.calls)[number]>()
            for (const call of bank.calls.filter(({ reply }) => reply === 'booked')) {
              const { order } = call.request
              const before = seen.get(order)
              if (before !== undefined) {
                const text = `order ${order} was charged twice`
                return [
                  { law: 'an order is charged once', text, events: [bank.event(before), bank.event(call)] },
                ]
              }
              seen.set(order, call)
            }
            return null
          },
          { exercised: () => bank.calls.length },
        ),
      ],
    }),
}
