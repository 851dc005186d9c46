import { persist, refuse, role } from '@tanist/singleton'

// States, events and commands

type Stock = { readonly items: Readonly<Record<string, number>>; readonly closed: boolean }

export const stock = role('stock', {
  state: (): Stock => ({ items: {}, closed: false }),
  events: {
    taken: (s, e: { sku: string; n: number }) => ({
      ...s,
      items: { ...s.items, [e.sku]: (s.items[e.sku] ?? 0) - e.n },
    }),
    closed: (s) => ({ ...s, closed: true }),
  },
  commands: {
    take: (s, c: { sku: string; n: number }, on) => {
      const have = s.items[c.sku] ?? 0
      return have < c.n
        ? refuse({ code: 'short', have })
        : persist(on.taken(c)).reply((next) => next.items[c.sku])
    },
    close: (_s, _none, on) => persist(on.closed()),
  },
})

const events = {
  set: (_s: { a: number }, e: { v: number }) => ({ a: e.v }),
  reset: (_s: { a: number }) => ({ a: 0 }),
}
const state = () => ({ a: 1 })

// @ts-expect-error TS2345 no events
role('x', { state, commands: {} })
// @ts-expect-error TS2345 no commands
role('x', { state, events })
// @ts-expect-error TS2322 no state
role('x', { events, commands: {} })
// @ts-expect-error TS2353 a state that is no function
role('x', { state: { a: 1 }, events: {}, commands: {} })
// @ts-expect-error TS2322 the next state of an event is another
role('x', { state, events: { set: (_s, e: { v: string }) => ({ a: e.v }) }, commands: {} })
// @ts-expect-error TS2322 an event function without a next state
role('x', { state, events: { set: () => {} }, commands: {} })
// @ts-expect-error TS2741 an asynchronous event function
role('x', { state, events: { set: async (s) => s }, commands: {} })
// @ts-expect-error TS2339 an event function sees no such field
role('x', { state, events: { set: (s) => ({ a: s.b }) }, commands: {} })
// @ts-expect-error TS2551 an event that there is not
role('x', { state, events, commands: { go: (_s, c: { v: number }, on) => persist(on.sett(c)) } })
// @ts-expect-error TS2345 an event with another payload
role('x', { state, events, commands: { go: (_s, c: { v: string }, on) => persist(on.set(c)) } })
// @ts-expect-error TS2554 an event without its payload
role('x', { state, events, commands: { go: (_s, _c, on) => persist(on.set()) } })
// @ts-expect-error TS2554 an event with a payload that it does not have
role('x', { state, events, commands: { go: (_s, _c, on) => persist(on.reset({ v: 1 })) } })
// @ts-expect-error TS2322 a command that forgets to decide
role('x', { state, events, commands: { go: (_s, c: { v: number }, on) => void on.set(c) } })
// @ts-expect-error TS2322 a command that forgets to decide in one branch
role('x', { state, events, commands: { go: (s, _c, on) => (s.a > 0 ? persist(on.reset()) : undefined) } })
// @ts-expect-error TS2322 a command that returns an event, and not what to do with it
role('x', { state, events, commands: { go: (_s, _c, on) => on.reset() } })
// @ts-expect-error TS2322 a command that returns a state
role('x', { state, events, commands: { go: () => ({ a: 2 }) } })
// @ts-expect-error TS2322 an asynchronous command
role('x', { state, events, commands: { go: async (_s, _c, on) => persist(on.reset()) } })
// @ts-expect-error TS2339 a reply from a field that there is not
role('x', { state, events, commands: { go: (_s, _c, on) => persist(on.reset()).reply((s) => s.b) } })
// @ts-expect-error TS2339 an input without a type
role('x', { state, events, commands: { go: (_s, c, on) => persist(on.set({ v: c.v })) } })
// @ts-expect-error TS2339 ctx has no such thing
role('x', { state, events, commands: { go: (_s, _c, on, ctx) => persist(on.set({ v: ctx.att })) } })
// @ts-expect-error TS18048 a user may be unknown
role('x', { state, events, commands: { go: (_s, _c, _on, ctx) => refuse(ctx.caller.user.length) } })

const frozen = {
  state: (): Stock => ({ items: {}, closed: false }),
  events: { closed: (s: Stock) => ({ ...s, closed: true }) },
}
role('x', {
  ...frozen,
  commands: {
    go: (s, _c, on) => {
      // @ts-expect-error TS2540 a command that changes the state
      s.closed = true
      return persist(on.closed())
    },
  },
})
role('x', {
  state: frozen.state,
  events: {
    closed: (s, e: { sku: string }) => {
      // @ts-expect-error TS2542 an event function that changes the state it is given
      s.items[e.sku] = 0
      return s
    },
  },
  commands: {},
})
