import { describe, expect, expectTypeOf, it } from 'vitest'
import { type ActorSystem, durable, persist, refuse, type RefOf } from '../../src/index.js'

// Wrong programs do not compile: each `@ts-expect-error` is an error of its own when its line is accepted.

const stock = durable('stock', {
  state: () => ({ left: 10 }),
  events: {
    taken: (s, e: { n: number }) => ({ left: s.left - e.n }),
    emptied: () => ({ left: 0 }),
  },
  commands: {
    take: (s, c: { n: number }, on) =>
      s.left < c.n
        ? refuse({ code: 'short', left: s.left })
        : persist(on.taken(c)).reply((next) => next.left),
    clear: (_s, _c, on) => persist(on.emptied()),
    both: (_s, c: { n: number }, on, ctx) =>
      persist(on.taken(c), on.emptied()).reply(() => ({ id: ctx.id(), at: ctx.at })),
  },
  queries: {
    left: (s) => s.left,
    enough: (s, q: { n: number }) => s.left >= q.n,
  },
})

function rightPrograms(system: ActorSystem): void {
  const ref = system.spawn(stock, 'stock')
  expectTypeOf<RefOf<typeof stock>>().toEqualTypeOf<typeof ref>()
  expectTypeOf(ref.ask.take({ n: 1 })).toEqualTypeOf<
    Promise<
      | { readonly status: 'ok'; readonly value: number }
      | { readonly status: 'refused'; readonly refusal: { readonly code: 'short'; readonly left: number } }
    >
  >()
  expectTypeOf(ref.ask.clear()).toEqualTypeOf<Promise<{ readonly status: 'ok'; readonly value: void }>>()
  expectTypeOf(ref.ask.both({ n: 1 })).toEqualTypeOf<
    Promise<{ readonly status: 'ok'; readonly value: { id: string; at: number } }>
  >()
  expectTypeOf(ref.ask.left()).toEqualTypeOf<Promise<number>>()
  expectTypeOf(ref.ask.enough({ n: 2 })).toEqualTypeOf<Promise<boolean>>()
  expectTypeOf(ref.tell.take({ n: 1 })).toEqualTypeOf<boolean>()
}

function wrongPrograms(system: ActorSystem): void {
  const ref = system.spawn(stock, 'stock')
  // @ts-expect-error wrong input
  void ref.ask.take({ n: '1' })
  // @ts-expect-error input missing
  void ref.ask.take()
  // @ts-expect-error unknown command
  ref.tell.give({ n: 1 })
  // @ts-expect-error an event is no command
  ref.tell.taken({ n: 1 })
  // @ts-expect-error the outcome may be a refusal
  const value: Promise<{ status: 'ok'; value: number }> = ref.ask.take({ n: 1 })
  void value
  const bare = durable('bare', { state: () => 0, events: {}, commands: { no: () => refuse('no') } })
  const bareRef = system.spawn(bare, 'bare')
  void bareRef.ask.no()
  // @ts-expect-error unknown query, without any
  void bareRef.ask.nope()
  durable('a', {
    state: () => ({ left: 10 }),
    events: { taken: (s, e: { n: number }) => ({ left: s.left - e.n }) },
    commands: {
      // @ts-expect-error unknown event
      give: (_s, c: { n: number }, on) => persist(on.given(c)),
    },
  })
  durable('b', {
    state: () => ({ left: 10 }),
    events: { taken: (s, e: { n: number }) => ({ left: s.left - e.n }) },
    commands: {
      // @ts-expect-error wrong payload
      take: (_s, c: { n: string }, on) => persist(on.taken(c)),
    },
  })
  durable('c', {
    state: () => ({ left: 10 }),
    // @ts-expect-error an event that gives another state
    events: { taken: (s, e: { n: number }) => ({ right: s.left - e.n }) },
    commands: {},
  })
  durable('d', {
    state: () => ({ left: 10 }),
    events: {},
    commands: {
      // @ts-expect-error a command that decides nothing
      take: (s, c: { n: number }) => s.left - c.n,
    },
  })
  durable('e', {
    state: () => ({ left: 10 }),
    events: {},
    // @ts-expect-error a command that awaits
    commands: { take: async () => persist() },
  })
  durable('f', {
    state: () => ({ left: 10 }),
    events: {},
    commands: {},
    version: 2,
    // @ts-expect-error a state of another form
    upcast: { event: (e) => e, state: () => ({ right: 1 }) },
  })
}

describe('the types of durable actors', () => {
  it('refuse wrong programs and infer right ones', () => {
    expect([rightPrograms, wrongPrograms]).toHaveLength(2)
  })
})

describe('a wrong definition', () => {
  const wrong = durable as unknown as (name: unknown, definition: unknown) => unknown
  const good = { state: () => 0, events: {}, commands: {} }
  const cases: [string, unknown, unknown, RegExp][] = [
    ['an empty name', '', good, /name must be a text/],
    ['a name that is too long', 'x'.repeat(300), good, /longer than 200/],
    ['no object', 'a', null, /must be an object/],
    ['an unknown field', 'a', { ...good, event: {} }, /unknown event/],
    ['a state that is no function', 'a', { ...good, state: 0 }, /'state' must be a function/],
    [
      'a command that is no function',
      'a',
      { ...good, commands: { take: 1 } },
      /commands.take must be a function/,
    ],
    [
      'a name that means something else',
      'a',
      { ...good, commands: { toString: () => 1 } },
      /cannot be used as a name/,
    ],
    [
      'a name that is used twice',
      'a',
      { ...good, commands: { x: () => 1 }, queries: { x: () => 1 } },
      /command and a query/,
    ],
    ['version 2 without upcast', 'a', { ...good, version: 2 }, /needs 'upcast'/],
    ['half an upcast', 'a', { ...good, version: 2, upcast: { event: () => [] } }, /needs 'upcast'/],
    ['a version of 0', 'a', { ...good, version: 0 }, /whole number/],
    ['an unknown rule for snapshots', 'a', { ...good, snapshot: { each: 1 } }, /unknown snapshot.each/],
    ['no entries between snapshots', 'a', { ...good, snapshot: { every: 0 } }, /from 1 on/],
    ['a folder without a path', 'a', { ...good, folder: '' }, /path of a folder/],
  ]
  it.each(cases)('is refused with a sentence: %s', (_what, name, definition, text) => {
    expect(() => wrong(name, definition)).toThrow(text)
    expect(() => wrong(name, definition)).toThrow(TypeError)
  })
})
