import { persist, refuse, role } from '../../src/index.js'

export interface Stock {
  readonly items: Readonly<Record<string, number>>
  readonly orders: Readonly<Record<string, { readonly sku: string; readonly n: number; readonly at: number }>>
}

/** What an application team would write: a small stock. */
export const stock = role('stock', {
  state: (): Stock => ({ items: {}, orders: {} }),
  events: {
    filled: (s, e: { sku: string; n: number }) => ({
      ...s,
      items: { ...s.items, [e.sku]: (s.items[e.sku] ?? 0) + e.n },
    }),
    taken: (s, e: { sku: string; n: number; order: string; at: number }) => ({
      items: { ...s.items, [e.sku]: (s.items[e.sku] ?? 0) - e.n },
      orders: { ...s.orders, [e.order]: { sku: e.sku, n: e.n, at: e.at } },
    }),
    emptied: (s) => ({ ...s, items: {} }),
  },
  commands: {
    fill: (_s, c: { sku: string; n: number }, on) => persist(on.filled(c)),
    take: (s, c: { sku: string; n: number }, on, ctx) => {
      const have = s.items[c.sku] ?? 0
      return have < c.n
        ? refuse({ code: 'short', have })
        : persist(on.taken({ ...c, order: ctx.id(), at: ctx.at })).reply((next) => next.items[c.sku] ?? 0)
    },
    empty: (_s, _none: void, on) => persist(on.emptied()),
  },
})
