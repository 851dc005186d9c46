import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  type ActorRef,
  type ActorSystem,
  actor,
  actorSystem,
  type RefOf,
  reply,
} from '../../src/actor/index.js'
import { manualHost } from './manual.js'

// Wrong programs do not compile: each `@ts-expect-error` is an error of its own when its line is accepted.

const counter = actor({
  state: () => ({ n: 0 }),
  on: {
    inc: (s, m: { by: number }) => ({ n: s.n + m.by }),
    get: (s) => reply(s, s.n),
    slow: async (s, _m: { id: string }) => reply(s, 'x' as const),
    find: (s, m: { key?: string }) => (m.key === undefined ? s : reply(s, m.key)),
    late: (s, _m, ctx) => reply(s, ctx.at),
  },
})

function rightPrograms(system: ActorSystem): void {
  const c = system.spawn(counter, 'c')
  c.tell.inc({ by: 1 })
  c.tell.get()
  expectTypeOf(c.ask.get()).toEqualTypeOf<Promise<number>>()
  expectTypeOf(c.ask.slow({ id: 'a' })).toEqualTypeOf<Promise<'x'>>()
  expectTypeOf(c.ask.inc({ by: 1 })).toEqualTypeOf<Promise<void>>()
  expectTypeOf(c.ask.find({})).toEqualTypeOf<Promise<string | void>>()
  expectTypeOf(c.askWithin(10).late()).toEqualTypeOf<Promise<number>>()
  expectTypeOf<RefOf<typeof counter>>().toEqualTypeOf<typeof c>()
  // A ref may be narrowed to a part of its protocol, written by hand.
  const part: ActorRef<{ inc: (m: { by: number }) => void; get: () => number }> = c
  part.tell.inc({ by: 2 })
}

function wrongPrograms(system: ActorSystem): void {
  const c = system.spawn(counter, 'c')
  // @ts-expect-error wrong message
  c.tell.inc({ by: '1' })
  // @ts-expect-error message missing
  c.tell.inc()
  // @ts-expect-error a message where none is wanted
  void c.ask.get(1)
  // @ts-expect-error unknown handler
  c.tell.nope()
  // @ts-expect-error unknown handler
  void c.ask.nope()
  // @ts-expect-error wrong reply type
  const wrong: Promise<string> = c.ask.get()
  void wrong
  // @ts-expect-error a string is no ref
  void system.stop('tanist/c')
  // @ts-expect-error nothing that looks like a ref is one
  void system.stop({ path: 'tanist/c', uid: 1 })
  // @ts-expect-error a ref to another protocol
  const other: ActorRef<{ dec: () => void }> = c
  void other
  // @ts-expect-error the same handler with another message
  const stricter: ActorRef<{ inc: (m: { by: string }) => void }> = c
  void stricter
  // @ts-expect-error the same handler with another reply
  const liar: ActorRef<{ get: () => string }> = c
  void liar
  // @ts-expect-error not a behavior
  system.spawn({ state: () => 0, on: {} }, 'd')
}

function wrongBehaviors(): void {
  // @ts-expect-error wrong next state
  actor({ state: () => ({ n: 0 }), on: { bad: (_s, _m: { by: number }) => ({ n: 'x' }) } })
  // @ts-expect-error wrong next state beside a reply
  actor({ state: () => ({ n: 0 }), on: { bad: () => reply({ n: 'x' }, 1) } })
  // @ts-expect-error wrong next state in a promise
  actor({ state: () => ({ n: 0 }), on: { bad: async () => ({ m: 1 }) } })
  // @ts-expect-error no next state
  actor({ state: () => ({ n: 0 }), on: { bad: () => undefined } })
  // @ts-expect-error the state has no such field
  actor({ state: () => ({ n: 0 }), on: { bad: (s) => ({ n: s.m }) } })
  // @ts-expect-error a message without a type has no fields
  actor({ state: () => ({ n: 0 }), on: { bad: (_s, m) => ({ n: m.by }) } })
  // @ts-expect-error postStop sees the same state
  actor({ state: () => ({ n: 0 }), on: {}, postStop: (s) => void s.m })
}

describe('types', () => {
  it('the programs that should compile also run', async () => {
    const host = manualHost()
    const system = actorSystem({ host, name: 'types' })
    rightPrograms(system)
    await host.engine.settle()
    expect(host.lines).toEqual([])
  })

  it('the programs that should not compile are checked by the compiler', () => {
    expect([wrongPrograms, wrongBehaviors].map((f) => f.length)).toEqual([1, 0])
  })
})
