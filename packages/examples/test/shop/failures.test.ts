import { expect, it } from 'vitest'
import { law, work } from '@tanist/singleton/testing'
import type { Outside, PeerEnv } from '@tanist/singleton/testing'
import { testCluster } from '@tanist/singleton/testing/property'
import type { Bank, Charge } from '../../src/shop/bank.js'
import { contradictions, unfinished } from '../../src/shop/check.js'
import type { Shop } from '../../src/shop/check.js'
import { Ledger } from '../../src/shop/ledger.js'
import { orders } from '../../src/shop/orders.js'
import type { Orders } from '../../src/shop/orders.js'
import { createPayment } from '../../src/shop/payment.js'
import { stock } from '../../src/shop/stock.js'
import type { Stock } from '../../src/shop/stock.js'

const SKUS = ['tea', 'cup']

/** The bank of a run: it outlives all crashes, three in ten calls are lost on the way there or back. */
function bankOf(outside: Outside) {
  const ledger = new Ledger()
  const faults = { latencyMs: 60, failRate: 0.3, timeoutMs: 300 }
  const charges = outside.service(
    'charge',
    // Every seventh is declined.
    (charge: Charge) => ledger.charge(charge, ledger.bookings.size % 7 === 6),
    faults,
  )
  const voids = outside.service('void', (key: string) => ledger.voidCharge(key), faults)
  const bank = (env: PeerEnv): Bank => {
    const [charge, voidCharge] = [charges.for(env), voids.for(env)]
    return { charge: (one) => charge(one), voidCharge: async (key) => void (await voidCharge(key)) }
  }
  return { ledger, charges, voids, bank }
}

it('whatever fails, no order is paid twice or lost, and the stock adds up', async () => {
  const { runs, acknowledged, reigns } = await testCluster({
    outside: bankOf,
    roles: (env, { bank }) => [stock, orders, createPayment(bank(env))],
    workload: {
      clients: 2,
      pauseMs: 500,
      work: [
        work(
          orders,
          {
            // Some are in a hurry: they expire while the bank is being asked.
            place: (dice) => ({
              sku: dice.pick(SKUS),
              n: dice.int(1, 2),
              payWithinMs: dice.pick([1, 200, 2_000]),
            }),
          },
          { reads: 0.05 },
        ),
        work(
          stock,
          { deliver: (dice) => ({ sku: dice.pick(SKUS), n: dice.int(1, 4) }) },
          { reads: 0, weight: 0.5 },
        ),
      ],
    },
    rest: {
      // The goods of a cancelled order are freed a moment after it is finished.
      until: (state) => [state(orders).open, state(stock).held].every((one) => Object.keys(one).length === 0),
      withinMs: 60_000,
    },
    laws: ({ ledger }) => [
      law('it adds up', 'nothing is paid twice, shipped unpaid, or gone', ({ finals, operations }) => {
        const told = operations.flatMap(({ command, outcome }) =>
          command === 'place' && outcome?.status === 'ok' ? [(outcome.value as { order: string }).order] : [],
        )
        for (const { node, states } of finals) {
          const shop: Shop = {
            stock: states['stock'] as Stock,
            orders: states['orders'] as Orders,
            books: ledger.bookings,
          }
          const [found] = [...contradictions(shop), ...unfinished(shop, told)]
          if (found !== undefined) return `${found} (${node})`
        }
        return null
      }),
    ],
    schedules: { maxFaults: 5 },
    runs: Number(process.env['TANIST_SHOP_RUNS'] ?? 12),
  })
  expect(acknowledged).toBeGreaterThan(runs * 10)
  expect(reigns).toBeGreaterThan(runs)
}, 240_000)
