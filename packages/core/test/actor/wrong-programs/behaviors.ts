import { actor, become, type Behavior, receive, type Receives, reply, type Terminated } from '@tanist/core'
import { match } from 'ts-pattern'

// States

export const right = actor({ state: () => ({ n: 0 }), on: { set: (_s, m: { n: number }) => m } })
// @ts-expect-error TS2322 the wrong next state
actor({ state: () => ({ n: 0 }), on: { set: (_s, _m: { n: number }) => ({ n: 'x' }) } })
// @ts-expect-error TS2322 the wrong next state beside a reply
actor({ state: () => ({ n: 0 }), on: { set: () => reply({ n: 'x' }, 1) } })
// @ts-expect-error TS2322 the wrong next state in a promise
actor({ state: () => ({ n: 0 }), on: { set: async () => ({ m: 1 }) } })
// @ts-expect-error TS2322 no next state
actor({ state: () => ({ n: 0 }), on: { set: () => undefined } })
// @ts-expect-error TS2339 the state has no such field
actor({ state: () => ({ n: 0 }), on: { set: (s) => ({ n: s.m }) } })
// @ts-expect-error TS2339 a message without a type has no fields
actor({ state: () => ({ n: 0 }), on: { set: (_s, m) => ({ n: m.n }) } })
// @ts-expect-error TS2322 no member of the union that the state is
actor({ state: (): 'on' | 'off' => 'on', on: { flip: () => 'dimmed' } })
// @ts-expect-error TS2339 postStop sees the same state
actor({ state: () => ({ n: 0 }), on: {}, postStop: (s) => void s.m })
// @ts-expect-error TS2339 preRestart sees the same state
actor({ state: () => ({ n: 0 }), on: {}, preRestart: (s) => void s.m })

// Internal handlers

export const ticking = actor({
  state: () => ({ n: 0, gone: '' }),
  on: { start: (s, _m, ctx) => (ctx.timers.every('tick', 10, 'tick'), s) },
  internal: {
    tick: (s) => ({ ...s, n: s.n + 1 }),
    ended: (s, m: Terminated) => ({ ...s, gone: m.ref.path }),
  },
})
// @ts-expect-error TS2322 the wrong state of an internal handler
actor({ state: () => ({ n: 0 }), on: {}, internal: { tick: () => ({ n: 'x' }) } })
// @ts-expect-error TS2322 nobody asks an internal handler: the reply would be lost
actor({ state: () => 0, on: {}, internal: { tick: (n) => reply(n, n) } })
// @ts-expect-error TS2367 no way to end
actor({ state: () => 0, on: {}, internal: { ended: (n, m: Terminated) => (m.why === 'crashed' ? 1 : n) } })
// @ts-expect-error TS2345 a timer tells a handler by its name
actor({ state: () => 0, on: { go: (n, _m, ctx) => (ctx.timers.once('t', 10, () => 1), n) } })
// @ts-expect-error TS2345 a path is not to be watched
actor({ state: () => 0, on: { go: (n, _m, ctx) => (ctx.watch('shop/till', 'ended'), n) } })
// @ts-expect-error TS2741 a failure of the promise needs a handler as well
actor({ state: () => 0, on: { go: (n, _m, ctx) => (ctx.pipe(Promise.resolve(), { done: 'x' }), n) } })

// Promised replies

interface Till {
  readonly total: () => number
}
export const till: Behavior<Till> = actor({ state: () => 0, on: { total: (n) => reply(n, n) } })
// @ts-expect-error TS2375 the forgotten reply
export const forgetful: Behavior<Till> = actor({ state: () => 0, on: { total: (n) => n } })
// @ts-expect-error TS2375 the reply that one branch forgets
export const moody: Behavior<Till> = actor({
  state: () => 0,
  on: { total: (n) => (n > 0 ? reply(n, n) : n) },
})
// @ts-expect-error TS2375 a reply of another type
export const vague: Behavior<Till> = actor({ state: () => 0, on: { total: (n) => reply(n, `${n}`) } })
// @ts-expect-error TS2375 a handler that is missing
export const closedTill: Behavior<Till> = actor({ state: () => 0, on: {} })

// Becoming

interface Door {
  readonly push: () => void
}
export const open: Behavior<Door> = actor({ state: () => 0, on: { push: () => become(shut) } })
export const shut: Behavior<Door> = actor({ state: () => '', on: { push: () => become(open) } })
const mute = actor({ state: () => 0, on: { quiet: (n) => n } })
// @ts-expect-error TS2322 it would understand less than its refs promise
export const less = actor({ state: () => 0, on: { quiet: (n) => n, go: () => become(mute) } })
// @ts-expect-error TS2322 also by an internal handler
export const later = actor({ state: () => 0, on: { go: (n) => n }, internal: { t: () => become(mute) } })
// @ts-expect-error TS2353 a state is no behavior
export const nonsense = actor({ state: () => 0, on: { go: () => become({ n: 1 }) } })
const worded = actor({ state: () => 0, on: { total: (n) => reply(n, `${n}`), go: (n) => n } })
// @ts-expect-error TS2322 it would reply with something else
export const turncoat = actor({ state: () => 0, on: { total: (n) => reply(n, n), go: () => become(worded) } })

// `receive`

type Shape = { readonly type: 'dot' } | { readonly type: 'disc'; readonly r: number }

export const area = receive<Shape>()({
  state: () => 0,
  on: (n, m) =>
    match(m)
      .with({ type: 'dot' }, () => n)
      .with({ type: 'disc' }, ({ r }) => n + r * r * Math.PI)
      .exhaustive(),
})
export const half = receive<Shape>()({
  state: () => 0,
  on: (n, m) =>
    match(m)
      .with({ type: 'dot' }, () => n)
      // @ts-expect-error TS2349 a case is missing
      .exhaustive(),
})
// @ts-expect-error TS2339 only one member of the union has the field
receive<Shape>()({ state: () => 0, on: (n, m) => n + m.r })
// @ts-expect-error TS2367 no member of the union
receive<Shape>()({ state: () => 0, on: (n, m) => (m.type === 'cube' ? n + 1 : n) })
// @ts-expect-error TS2322 the wrong next state
receive<Shape>()({ state: () => 0, on: (_n, m) => m.type })
// @ts-expect-error TS2322 who asks a union is answered by the ref in the message
receive<Shape>()({ state: () => 0, on: (n) => reply(n, n) })
const dots: Behavior<Receives<{ readonly type: 'dot' }>> = area
// @ts-expect-error TS2322 it would understand one message of the two
receive<Shape>()({ state: () => 0, on: () => become(dots) })

// Settings

export const strict = actor({ state: () => 0, on: {}, supervision: { strategy: 'all-for-one' } })
// @ts-expect-error TS2322 no such strategy
actor({ state: () => 0, on: {}, supervision: { strategy: 'none-for-all' } })
// @ts-expect-error TS2322 no such decision
actor({ state: () => 0, on: {}, supervision: { decide: () => 'explode' } })
// @ts-expect-error TS2322 no such overflow
actor({ state: () => 0, on: {}, mailbox: { capacity: 10, overflow: 'drop-newest' } })
// @ts-expect-error TS2741 a limit of restarts has a window
actor({ state: () => 0, on: {}, restarts: { max: 3 } })
