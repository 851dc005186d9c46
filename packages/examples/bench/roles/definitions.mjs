import { persist, refuse, role, table } from '@tanist/singleton'

/** The least that replay can be asked for. */
export const counter = role('counter', {
  state: () => ({ n: 0 }),
  events: { added: (state, { by }) => ({ n: state.n + by }) },
  commands: {
    add: (_state, { by }, on) => persist(on.added({ by })).reply(({ n }) => n),
    addTen: (_state, { by }, on) => persist(...Array.from({ length: 10 }, () => on.added({ by }))),
  },
})

/** What an application does: looks at its state, refuses or changes it, and answers. */
export const stock = role('stock', {
  state: () => ({ items: table(), orders: 0 }),
  events: {
    taken: (state, { sku, n }) => ({
      items: state.items.update(sku, (have = 1_000_000_000) => have - n),
      orders: state.orders + 1,
    }),
  },
  commands: {
    take: (state, { sku, n, note }, on) => {
      const have = state.items.get(sku) ?? 1_000_000_000
      if (have < n) return refuse({ code: 'short', have })
      return persist(on.taken({ sku, n, note })).reply((next) => next.items.get(sku))
    },
  },
})

export const quiet = role('quiet', {
  state: () => ({ n: 0 }),
  events: { added: (state) => ({ n: state.n + 1 }) },
  commands: { add: (_state, _input, on) => persist(on.added()) },
})

/** Roles that are there and that nobody needs now. */
export function idleRoles(count) {
  return Array.from({ length: count }, (_, i) =>
    role(`idle-${i}`, {
      state: () => ({ n: 0, names: ['a', 'b'] }),
      events: { added: (state) => ({ ...state, n: state.n + 1 }) },
      commands: { add: (_state, _input, on) => persist(on.added()) },
    }),
  )
}
