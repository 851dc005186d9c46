import { expect, expectTypeOf, it } from 'vitest'
import { persist, refuse, role } from '../../src/role/index.js'
import type { Schema } from '../../src/role/index.js'

interface Order {
  readonly id: string
  readonly cents: number
}
type Orders = { open: Record<string, { cents: number; until: number }>; paid: string[] }

const orderSchema: Schema<Order> = {
  '~standard': { version: 1, vendor: 'by hand', validate: (value) => ({ value: value as Order }) },
}

const payment = role('payment', {
  state: () => ({ charged: 0 }),
  events: { charged: (s, e: { cents: number }) => ({ charged: s.charged + e.cents }) },
  commands: {
    charge: (_s, c: { cents: number }, on) => persist(on.charged(c)).reply((next) => next.charged),
  },
})

const orders = role('orders', {
  state: (): Orders => ({ open: {}, paid: [] }),
  events: {
    placed: (s, e: Order & { until: number }) => ({ ...s, open: { ...s.open, [e.id]: e } }),
    paid: (s, e: { id: string; by: string }) => ({ ...s, paid: [...s.paid, e.id] }),
    cleared: (s) => ({ ...s, open: {} }),
  },
  commands: {
    place: (s, c: Order, on, ctx) =>
      s.open[c.id] ? refuse({ code: 'known' }) : persist(on.placed({ ...c, until: ctx.at + 1_000 })),
    markPaid: (_s, c: { id: string }, on, ctx) => persist(on.paid({ ...c, by: ctx.caller.user ?? '?' })),
    expire: (_s, _c: { id: string }, on) => persist(on.cleared()),
    clear: (_s, _none, on) => persist(on.cleared()),
  },
  versions: { paid: 3 },
  upcast: {
    paid: {
      1: (old: { order: string }) => ({ id: old.order }),
      2: (old: { id: string }) => ({ ...old, by: '?' }),
    },
  },
  stateVersion: 2,
  upcastState: { 1: (old: { open: Orders['open'] }) => ({ ...old, paid: [] }) },
  renamed: { settled: 'paid' },
  formerly: ['basket'],
  reactions: {
    placed: async (e, ctx) => {
      expectTypeOf(e).toEqualTypeOf<Order & { until: number }>()
      const out = await ctx.role(payment).charge({ cents: e.cents })
      if (out.status === 'ok') {
        expectTypeOf(out.value).toEqualTypeOf<number>()
        await ctx.own.markPaid({ id: e.id }).value()
      }
    },
    paid: { run: (e) => void e.by, lane: (e) => e.id, attempts: 3 },
  },
  due: (s, run) => Object.entries(s.open).map(([id, { until }]) => run.expire(until, { id })),
  schemas: { place: orderSchema },
  open: ['place'],
  limits: { inputBytes: 1_000 },
})

const simple = {
  state: () => ({ a: 1 }),
  events: { set: (_s: { a: number }, e: { v: number }) => ({ a: e.v }) },
  commands: { put: (_s: { a: number }, c: { v: number }) => (c.v > 0 ? persist() : refuse({ code: 'no' })) },
}

/** Never runs: what is in here is checked by the compiler alone. */
export function compiledOnly(): void {
  role('x', {
    ...simple,
    // @ts-expect-error a reaction to an event that there is not
    reactions: { sett: () => {} },
  })
  role('x', {
    ...simple,
    reactions: {
      // @ts-expect-error a reaction that takes another payload
      set: (e: { w: string }) => void e.w,
    },
  })
  role('x', {
    ...simple,
    reactions: {
      // @ts-expect-error a command that there is not
      set: async (_e, ctx) => void (await ctx.own.putt({ v: 1 })),
    },
  })
  role('x', {
    ...simple,
    // @ts-expect-error a due command that there is not
    due: (_s, run) => [run.putt(1, { v: 1 })],
  })
  role('x', {
    ...simple,
    // @ts-expect-error a due command with another input
    due: (_s, run) => [run.put(1, { v: 'x' })],
  })
  role('x', {
    ...simple,
    // @ts-expect-error due commands are given a time
    due: (_s, run) => [run.put({ v: 1 })],
  })
  // @ts-expect-error missing upcast
  role('x', { ...simple, versions: { set: 2 } })
  role('x', {
    ...simple,
    versions: { set: 3 },
    // @ts-expect-error a step is missing
    upcast: { set: { 2: (old: { v: string }) => ({ v: Number(old.v) }) } },
  })
  role('x', {
    ...simple,
    versions: { set: 2 },
    upcast: {
      set: {
        // @ts-expect-error the last step returns something else than the event takes
        1: (old: { v: string }) => old,
      },
    },
  })
  role('x', {
    ...simple,
    versions: { set: 3 },
    upcast: {
      set: {
        // @ts-expect-error a step returns something else than the next one takes
        1: (old: { v: string }) => ({ w: old.v }),
        2: (old: { v: string }) => ({ v: Number(old.v) }),
      },
    },
  })
  // @ts-expect-error a version of an event that there is not
  role('x', { ...simple, versions: { sett: 1 } })
  // @ts-expect-error missing upcast of the state
  role('x', { ...simple, stateVersion: 2 })
  role('x', {
    ...simple,
    stateVersion: 2,
    // @ts-expect-error it returns another state
    upcastState: { 1: (old: { b: number }) => old },
  })
  // @ts-expect-error a former name of an event that there is not
  role('x', { ...simple, renamed: { put: 'sett' } })
  // @ts-expect-error opens a command that there is not
  role('x', { ...simple, open: ['putt'] })
}

it('carries all its parts', () => {
  expect(payment.name).toBe('payment')
  expect(Object.keys(orders)).toEqual(
    expect.arrayContaining(['reactions', 'due', 'versions', 'upcast', 'schemas', 'open', 'limits']),
  )
})
