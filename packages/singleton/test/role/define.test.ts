import { describe, expect, expectTypeOf, it } from 'vitest'
import { persist, refuse, role } from '../../src/role/index.js'
import type { Call, Failed, Proxy, Role } from '../../src/role/index.js'

type Stock = { items: Record<string, number>; holds: { sku: string; until: number }[] }

const stock = role('stock', {
  state: (): Stock => ({ items: {}, holds: [] }),
  events: {
    taken: (s, e: { sku: string; n: number; by: string }) => ({
      ...s,
      items: { ...s.items, [e.sku]: (s.items[e.sku] ?? 0) - e.n },
    }),
    freed: (s, e: { sku: string }) => ({ ...s, holds: s.holds.filter((h) => h.sku !== e.sku) }),
    emptied: (s) => ({ ...s, items: {} }),
  },
  commands: {
    take: (s, c: { sku: string; n: number }, on, ctx) => {
      const have = s.items[c.sku] ?? 0
      return have < c.n
        ? refuse({ code: 'short', have })
        : persist(on.taken({ ...c, by: ctx.caller.user ?? '?' })).reply((next) => next.items[c.sku] ?? 0)
    },
    free: (_s, c: { sku: string }, on) => persist(on.freed(c)),
    count: (s) => persist().reply(() => s.holds.length),
    empty: (_s, _none, on) => persist(on.emptied()),
    find: (s, c: { sku: string } | undefined) => persist().reply(() => (c ? [c.sku] : Object.keys(s.items))),
  },
  onServe: (reign) => {
    expectTypeOf(reign.state()).toEqualTypeOf<Stock>()
  },
  onYield: async (reign) => {
    expectTypeOf(reign.token.term).toEqualTypeOf<number>()
    await Promise.resolve()
  },
})

declare function use<S, E, C>(of: Role<S, E, C>): Proxy<C>
const simple = {
  state: () => ({ a: 1 }),
  events: { set: (_s: { a: number }, e: { v: number }) => ({ a: e.v }) },
}

/** Never runs: what is in here is checked by the compiler alone. */
export async function compiledOnly(): Promise<void> {
  const out = await use(stock).take({ sku: 'a', n: 1 }, { id: 'x:1' })
  if (out.status === 'ok') {
    expectTypeOf(out.value).toEqualTypeOf<number>()
    expectTypeOf(out.index).toEqualTypeOf<number>()
  } else if (out.status === 'refused') {
    expectTypeOf(out.refusal.code).toEqualTypeOf<'short' | 'failed'>()
    if (out.refusal.code === 'short') expectTypeOf(out.refusal.have).toEqualTypeOf<number>()
    else expectTypeOf(out.refusal).toEqualTypeOf<Failed>()
    expectTypeOf(out.term).toEqualTypeOf<number>()
  } else {
    expectTypeOf(out.executed).toEqualTypeOf<'no' | 'unknown'>()
  }
  expectTypeOf(await use(stock).take({ sku: 'a', n: 1 }).value()).toEqualTypeOf<number>()
  expectTypeOf(await use(stock).free({ sku: 'a' }).value()).toEqualTypeOf<void>()
  expectTypeOf(await use(stock).count().value()).toEqualTypeOf<number>()
  expectTypeOf(await use(stock).find().value()).toEqualTypeOf<string[]>()
  await use(stock).count(undefined, { deadlineMs: 5 })
  await use(stock).empty()
  await use(stock).find({ sku: 'a' })
  expectTypeOf(use(stock).free).returns.toExtend<Call<unknown>>()

  // @ts-expect-error wrong input
  await use(stock).take({ sku: 1, n: 1 })
  // @ts-expect-error missing input
  await use(stock).take()
  // @ts-expect-error input where none is taken
  await use(stock).count({ sku: 'a' })
  // @ts-expect-error unknown command
  await use(stock).tke({ sku: 'a', n: 1 })
  // @ts-expect-error unknown option
  await use(stock).take({ sku: 'a', n: 1 }, { timeout: 5 })

  role('x', {
    ...simple,
    commands: {
      // @ts-expect-error unknown event
      bad: (_s, c: { v: number }, on) => persist(on.sett(c)),
    },
  })
  role('x', {
    ...simple,
    commands: {
      // @ts-expect-error wrong payload
      bad: (_s, c: { v: string }, on) => persist(on.set(c)),
    },
  })
  role('x', {
    ...simple,
    commands: {
      // @ts-expect-error missing payload
      bad: (_s, _c, on) => persist(on.set()),
    },
  })
  role('x', {
    state: () => ({ a: 1 }),
    // @ts-expect-error wrong state
    events: { set: (_s, e: { v: string }) => ({ a: e.v }) },
    commands: {},
  })
  role('x', {
    ...simple,
    commands: {
      // @ts-expect-error forgotten decision
      bad: (_s, c: { v: number }, on) => {
        on.set(c)
      },
    },
  })
  role('x', {
    ...simple,
    commands: {
      // @ts-expect-error commands are not asynchronous
      bad: async (_s, c: { v: number }, on) => persist(on.set(c)),
    },
  })
  role('x', {
    ...simple,
    commands: {
      // @ts-expect-error an input without a type cannot be used
      bad: (_s, c, on) => persist(on.set({ v: c.v })),
    },
  })
  role('x', {
    ...simple,
    commands: {
      // @ts-expect-error a reply sees the state of its role
      bad: (_s, c: { v: number }, on) => persist(on.set(c)).reply((next) => next.b),
    },
  })
}

describe('role()', () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what JavaScript may pass
  const define = role as unknown as (name: unknown, definition: unknown) => unknown
  const good = { state: () => 0, events: {}, commands: {} }

  it('gives a frozen value that carries its parts', () => {
    expect(stock.name).toBe('stock')
    expect(Object.keys(stock.commands)).toEqual(['take', 'free', 'count', 'empty', 'find'])
    expect(Object.isFrozen(stock) && Object.isFrozen(stock.events) && Object.isFrozen(stock.commands)).toBe(
      true,
    )
  })

  it.each([
    ['a bad name', 'Stock', good, /role\("Stock"\): a role name/],
    ['a long name', 'a'.repeat(65), good, /1 to 64/],
    ['no definition', 'x', null, /role\('x'\): the definition must be an object/],
    [
      'an unknown key',
      'x',
      { ...good, reaction: {}, dew: 1 },
      /role\('x'\): unknown reaction, dew; .*onYield/,
    ],
    ['a state that is no function', 'x', { ...good, state: {} }, /'state' must be a function/],
    ['missing events', 'x', { ...good, events: undefined }, /'events' must be an object/],
    ['an event that is no function', 'x', { ...good, events: { set: 1 } }, /events\.set must be a function/],
    [
      'a command that is no function',
      'x',
      { ...good, commands: { go: 'x' } },
      /commands\.go must be a function/,
    ],
    // oxlint-disable-next-line unicorn/no-thenable -- refused for that very reason
    ['a command called then', 'x', { ...good, commands: { then: () => persist() } }, /commands\.then cannot/],
    ['a hook that is no function', 'x', { ...good, onYield: 3 }, /'onYield' must be a function/],
  ])('refuses %s with a sentence that names the place', (_what, name, definition, sentence) => {
    expect(() => define(name, definition)).toThrow(sentence)
  })
})
