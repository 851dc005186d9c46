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

// What should compile. What should not is in `wrong-programs`.

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

describe('types', () => {
  it('the programs that should compile also run', async () => {
    const host = manualHost()
    const system = actorSystem({ host, name: 'types' })
    rightPrograms(system)
    await host.engine.settle()
    expect(host.lines).toEqual([])
  })
})
