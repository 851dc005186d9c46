import { persist, refuse, role } from '../../src/index.js'
import type { AnyRole } from '../../src/index.js'
import { work } from '../../src/testing/index.js'
import type { RoleWork } from '../../src/testing/index.js'

interface Orders {
  readonly open: readonly string[]
  readonly shipped: number
}

interface Order {
  readonly id: string
}

const first = (): Orders => ({ open: [], shipped: 0 })
const placed = (s: Orders, e: Order): Orders => ({ ...s, open: [...s.open, e.id] })
const cancelled = (s: Orders, e: Order): Orders => ({ ...s, open: s.open.filter((id) => id !== e.id) })
const shipped = (s: Orders, e: Order): Orders => ({ ...cancelled(s, e), shipped: s.shipped + 1 })

/** What an application runs today. */
export const ordersOne = role('orders', {
  state: first,
  events: { placed, cancelled },
  commands: {
    place: (_s, c: Order, on) => persist(on.placed(c)).reply((s) => s.open.length),
    cancel: (s, _c: void, on) => {
      const id = s.open[0]
      return id === undefined
        ? refuse({ code: 'empty' as const })
        : persist(on.cancelled({ id })).reply(() => id)
    },
  },
})

/** And tomorrow: a further event with a command of its own. */
export const ordersTwo = role('orders', {
  state: first,
  events: { placed, cancelled, shipped },
  commands: {
    place: (_s, c: Order, on) => persist(on.placed(c)).reply((s) => s.open.length),
    cancel: (s, _c: void, on) => {
      const id = s.open[0]
      return id === undefined
        ? refuse({ code: 'empty' as const })
        : persist(on.cancelled({ id })).reply(() => id)
    },
    ship: (s, _c: void, on) => {
      const id = s.open[0]
      return id === undefined
        ? refuse({ code: 'empty' as const })
        : persist(on.shipped({ id })).reply(() => id)
    },
  },
})

/** Both have it, and it never changes. */
export const visits = role('visits', {
  state: () => ({ n: 0 }),
  events: { counted: (s) => ({ n: s.n + 1 }) },
  commands: { count: (_s, _c: void, on) => persist(on.counted()).reply((s) => s.n) },
})

/** Only tomorrow's build has it. */
export const returns = role('returns', {
  state: () => ({ ids: [] as readonly string[] }),
  events: { taken: (s, e: Order) => ({ ids: [...s.ids, e.id] }) },
  commands: { take: (_s, c: Order, on) => persist(on.taken(c)).reply((s) => s.ids.length) },
})

export const one: readonly AnyRole[] = [ordersOne, visits]
export const two: readonly AnyRole[] = [ordersTwo, visits, returns]

/** What both builds can do. */
export const common: readonly RoleWork[] = [
  work(ordersOne, {
    place: (_, { name, seq }) => ({ id: `${name}.${seq}` }),
    cancel: () => {},
  }),
  work(visits, { count: () => {} }),
]
