import { persist, refuse, role } from '@tanist/singleton'
import { catalogue } from './catalogue.js'

export interface Pieces {
  readonly sku: string
  readonly n: number
}

/** Everything that was ever delivered is free, held or sold: `delivered = free + held + sold`, at every moment. */
export interface Stock {
  readonly delivered: Counts
  readonly free: Counts
  readonly sold: Counts
  /** By order. */
  readonly held: Readonly<Record<string, Pieces>>
}

type Counts = Readonly<Record<string, number>>

const plus = (counts: Counts, { sku, n }: Pieces, sign: 1 | -1 = 1): Counts => ({
  ...counts,
  [sku]: (counts[sku] ?? 0) + sign * n,
})

/** Knows nothing of orders but their ids, and nothing of money. Others call it, it calls nobody. */
export const stock = role('stock', {
  state: (): Stock => ({ delivered: {}, free: {}, sold: {}, held: {} }),
  events: {
    delivered: (s, e: Pieces) => ({
      ...s,
      delivered: plus(s.delivered, e),
      free: plus(s.free, e),
    }),
    held: (s, e: Pieces & { order: string }) => ({
      ...s,
      free: plus(s.free, e, -1),
      held: { ...s.held, [e.order]: { sku: e.sku, n: e.n } },
    }),
    freed: (s, e: { order: string }) => {
      const { [e.order]: pieces, ...held } = s.held
      return pieces === undefined ? s : { ...s, held, free: plus(s.free, pieces) }
    },
    handedOut: (s, e: { order: string }) => {
      const { [e.order]: pieces, ...held } = s.held
      return pieces === undefined ? s : { ...s, held, sold: plus(s.sold, pieces) }
    },
  },
  commands: {
    deliver: (_, c: Pieces, on) => {
      if (!Object.hasOwn(catalogue, c.sku)) return refuse({ code: 'unknown-article' })
      return Number.isInteger(c.n) && c.n > 0 && c.n <= 10_000
        ? persist(on.delivered(c))
        : refuse({ code: 'not-a-number' })
    },
    hold: (s, c: Pieces & { order: string }, on) => {
      const left = s.free[c.sku] ?? 0
      return left < c.n ? refuse({ code: 'sold-out', left }) : persist(on.held(c))
    },
    /** Of an order that holds nothing it changes nothing: whoever clears up need not know how far it had come. */
    free: (s, c: { order: string }, on) => (s.held[c.order] ? persist(on.freed(c)) : persist()),
    handOut: (s, c: { order: string }, on) =>
      s.held[c.order] ? persist(on.handedOut(c)) : refuse({ code: 'not-held' }),
  },
})
