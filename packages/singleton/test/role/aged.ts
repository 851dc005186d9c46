import { persist, refuse, role } from '../../src/role/index.js'
import type { AnyRole } from '../../src/role/index.js'

/*
 * A role through four releases:
 *   1  basket: reserved v1 { order, cents }, settled v1 { order }
 *   2  reserved v2 { id, cents, currency }; the state has currencies (v2)
 *   3  settled is called paid, v2 { id, by }; the role is called orders
 *   4  reserved v3 { id, price: { cents, currency } }; the state is v3
 */
const without = <T>(open: Readonly<Record<string, T>>, id: string): Record<string, T> =>
  Object.fromEntries(Object.entries(open).filter(([key]) => key !== id))

const known = { code: 'known' as const }

export const one = role('basket', {
  state: (): { open: Record<string, number>; settled: number } => ({ open: {}, settled: 0 }),
  events: {
    reserved: (s, e: { order: string; cents: number }) => ({ ...s, open: { ...s.open, [e.order]: e.cents } }),
    settled: (s, e: { order: string }) => ({ open: without(s.open, e.order), settled: s.settled + 1 }),
  },
  commands: {
    reserve: (s, c: { id: string; cents: number }, on) =>
      s.open[c.id] === undefined
        ? persist(on.reserved({ order: c.id, cents: c.cents })).reply((next) => Object.keys(next.open).length)
        : refuse(known),
    settle: (_s, c: { id: string }, on) => persist(on.settled({ order: c.id })).reply((next) => next.settled),
  },
})

interface Money {
  cents: number
  currency: string
}
interface Reserved2 extends Money {
  id: string
}
interface State2 {
  open: Record<string, Money>
  settled: number
}
const reserved2 = (s: State2, e: Reserved2): State2 => ({
  ...s,
  open: { ...s.open, [e.id]: { cents: e.cents, currency: e.currency } },
})
const up1 = (old: { order: string; cents: number }): Reserved2 => ({
  id: old.order,
  cents: old.cents,
  currency: 'EUR',
})
const down2 = (e: Reserved2): { order: string; cents: number } => ({ order: e.id, cents: e.cents })
const upState1 = (old: { open: Record<string, number>; settled: number }): State2 => ({
  ...old,
  open: Object.fromEntries(Object.entries(old.open).map(([id, cents]) => [id, { cents, currency: 'EUR' }])),
})

export const two = role('basket', {
  state: (): State2 => ({ open: {}, settled: 0 }),
  events: {
    reserved: reserved2,
    settled: (s, e: { order: string }) => ({ open: without(s.open, e.order), settled: s.settled + 1 }),
  },
  commands: {
    reserve: (s, c: { id: string; cents: number }, on) =>
      s.open[c.id] === undefined
        ? persist(on.reserved({ ...c, currency: 'EUR' })).reply((next) => Object.keys(next.open).length)
        : refuse(known),
    settle: (_s, c: { id: string }, on) => persist(on.settled({ order: c.id })).reply((next) => next.settled),
  },
  versions: { reserved: 2 },
  upcast: { reserved: { 1: up1 } },
  downcast: { reserved: { 2: down2 } },
  stateVersion: 2,
  upcastState: { 1: upState1 },
})

/** Neither can it bring down `paid`, which had no `by` before. */
export const three = role('orders', {
  state: (): State2 => ({ open: {}, settled: 0 }),
  events: {
    reserved: reserved2,
    paid: (s, e: { id: string; by: string }) => ({ open: without(s.open, e.id), settled: s.settled + 1 }),
  },
  commands: {
    reserve: (s, c: { id: string; cents: number }, on) =>
      s.open[c.id] === undefined
        ? persist(on.reserved({ ...c, currency: 'EUR' })).reply((next) => Object.keys(next.open).length)
        : refuse(known),
    settle: (_s, c: { id: string }, on) =>
      persist(on.paid({ ...c, by: 'card' })).reply((next) => next.settled),
  },
  versions: { reserved: 2, paid: 2 },
  upcast: { reserved: { 1: up1 }, paid: { 1: (old: { order: string }) => ({ id: old.order, by: '?' }) } },
  downcast: { reserved: { 2: down2 } },
  stateVersion: 2,
  upcastState: { 1: upState1 },
  renamed: { settled: 'paid' },
  formerly: ['basket'],
})

interface Priced {
  id: string
  price: Money
}
export interface State4 {
  open: Record<string, { price: Money }>
  settled: number
}

export const four = role('orders', {
  state: (): State4 => ({ open: {}, settled: 0 }),
  events: {
    reserved: (s, e: Priced) => ({ ...s, open: { ...s.open, [e.id]: { price: e.price } } }),
    paid: (s, e: { id: string; by: string }) => ({ open: without(s.open, e.id), settled: s.settled + 1 }),
  },
  commands: {
    reserve: (s, c: { id: string; cents: number }, on) =>
      s.open[c.id] === undefined
        ? persist(on.reserved({ id: c.id, price: { cents: c.cents, currency: 'EUR' } })).reply(
            (next) => Object.keys(next.open).length,
          )
        : refuse(known),
    settle: (_s, c: { id: string }, on) =>
      persist(on.paid({ ...c, by: 'card' })).reply((next) => next.settled),
  },
  versions: { reserved: 3, paid: 2 },
  upcast: {
    reserved: {
      1: up1,
      2: ({ id, cents, currency }: Reserved2) => ({ id, price: { cents, currency } }),
    },
    paid: { 1: (old: { order: string }) => ({ id: old.order, by: '?' }) },
  },
  downcast: {
    reserved: { 3: ({ id, price }: Priced): Reserved2 => ({ id, ...price }), 2: down2 },
    paid: { 2: ({ id }: { id: string }) => ({ order: id }) },
  },
  stateVersion: 3,
  upcastState: {
    1: upState1,
    2: (old: State2): State4 => ({
      ...old,
      open: Object.fromEntries(Object.entries(old.open).map(([id, price]) => [id, { price }])),
    }),
  },
  renamed: { settled: 'paid' },
  formerly: ['basket'],
})

export const releases: Readonly<Record<1 | 2 | 3 | 4, AnyRole>> = { 1: one, 2: two, 3: three, 4: four }
