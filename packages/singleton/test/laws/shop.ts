import { persist, refuse, role } from '../../src/role/index.js'
import type { Accept, Make, Refuse, Role } from '../../src/role/index.js'
import { work } from '../../src/testing/index.js'
import type { RoleWork } from '../../src/testing/index.js'

/** A role as an application has it, for tests of the kit. */
export interface Stock {
  readonly left: number
  readonly sold: readonly string[]
}

type Events = {
  readonly taken: (s: Stock, e: { id: string }) => Stock
  readonly filled: (s: Stock) => Stock
}

type Commands = {
  readonly take: (
    s: Stock,
    c: { id: string },
    on: Make<Stock, Events>,
  ) => Accept<number> | Refuse<{ readonly code: 'empty' }>
  readonly fill: (s: Stock, c: void, on: Make<Stock, Events>) => Accept<number>
}

export const stock: Role<Stock, Events, Commands> = role('stock', {
  state: (): Stock => ({ left: 20, sold: [] }),
  events: {
    taken: (s: Stock, e: { id: string }): Stock => ({ left: s.left - 1, sold: [...s.sold, e.id] }),
    filled: (s: Stock): Stock => ({ left: s.left + 5, sold: s.sold }),
  },
  commands: {
    take: (s: Stock, c: { id: string }, on: Make<Stock, Events>) =>
      s.left < 1
        ? refuse({ code: 'empty' } as const)
        : persist(on.taken(c)).reply((next: Stock) => next.left),
    fill: (_: Stock, __: void, on: Make<Stock, Events>) =>
      persist(on.filled()).reply((next: Stock) => next.left),
  },
})

export const shopping: RoleWork = work(
  stock,
  { take: (_, { name, seq }) => ({ id: `${name}:${seq}` }), fill: () => undefined },
  { weights: { take: 4 }, reads: 0.25 },
)
