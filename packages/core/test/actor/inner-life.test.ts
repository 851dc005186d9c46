import { describe, expect, it } from 'vitest'
import {
  type ActorRef,
  actor,
  type AnyRef,
  become,
  type Behavior,
  type Ctx,
  type Receives,
  receive,
  reply,
  StashError,
  type Terminated,
} from '../../src/actor/index.js'
import { gate } from './manual.js'
import { outcome, stage } from './stage.js'

const idle = actor({ state: () => 0, on: { noop: (s) => s } })

type Does = (ctx: Ctx) => void | Promise<void>

/** Does what it is told with its context, and notes what comes to its own handlers. */
function doer(
  seen: unknown[],
): Behavior<{ do: (m: Does) => void; fail: () => void; note: (m: unknown) => void }> {
  return actor({
    state: () => 0,
    on: {
      do: async (s, m: Does, ctx) => {
        await m(ctx)
        return s
      },
      fail: () => {
        throw new Error('broken')
      },
      note: (s, m: unknown) => {
        seen.push(m)
        return s
      },
    },
    internal: {
      tick: (s, m: unknown) => {
        seen.push(m ?? 'tick')
        return s
      },
      ended: (s, m: Terminated) => {
        seen.push(`${m.ref.path} ${m.why}`)
        return s
      },
      fail: () => {
        throw new Error('broken inside')
      },
    },
  })
}

describe('timers', () => {
  it('once comes once, every again and again, until it is cancelled or replaced', async () => {
    const s = stage()
    const seen: unknown[] = []
    const d = s.system.spawn(doer(seen), 'd')
    d.tell.do(({ timers }) => {
      timers.once('a', 10, 'tick', 'once')
      timers.every('b', 20, 'tick', 'every')
      timers.every('c', 20, 'tick', 'never')
      timers.every('c', 50, 'tick', 'replaced')
    })
    await s.settle()
    await s.pass(70, 10)
    d.tell.do(({ timers }) => {
      seen.push([timers.has('a'), timers.has('b'), timers.has('c')])
      timers.cancel('b')
      timers.cancel('c')
    })
    await s.settle()
    await s.pass(2_000, 10)
    expect(seen).toEqual(['once', 'every', 'every', 'replaced', 'every', [false, true, true]])
    expect(s.host.timersSet).toBe(0)
  })

  it('nothing that a former incarnation set arrives, not even what waits in the mailbox', async () => {
    const s = stage()
    const seen: unknown[] = []
    const d = s.system.spawn(doer(seen), 'd')
    const door = gate()
    d.tell.do(async (ctx) => {
      ctx.timers.once('a', 10, 'tick')
      ctx.timers.every('b', 10, 'tick')
      ctx.receiveTimeout(10, 'tick')
      await door.opened
      throw new Error('broken')
    })
    await s.settle()
    await s.pass(30)
    door.open()
    await s.pass(2_000, 10)
    expect([seen, s.host.timersSet]).toEqual([[], 0])
  })

  it('a slow actor gets one message of an interval, however many have passed', async () => {
    const s = stage()
    const seen: unknown[] = []
    const d = s.system.spawn(doer(seen), 'd')
    const door = gate()
    d.tell.do(async (ctx) => {
      ctx.timers.every('a', 10, 'tick')
      await door.opened
    })
    await s.settle()
    await s.pass(100, 10)
    door.open()
    await s.settle()
    expect(seen).toEqual(['tick'])
  })

  it('a stop cancels them, and what postStop sets comes to nothing', async () => {
    const s = stage()
    const b = actor({
      state: (ctx: Ctx) => ctx.timers.every('a', 10, 'tick'),
      on: {},
      internal: { tick: () => undefined },
      postStop: (_s, ctx) => ctx.timers.every('b', 10, 'tick'),
    })
    const stopped = s.system.stop(s.system.spawn(b, 'b'))
    await s.settle()
    await stopped
    expect(s.host.timersSet).toBe(0)
  })

  it('a handler that does not exist is an error that names those that do, and a time that is none another', async () => {
    const s = stage()
    const errors: unknown[] = []
    const tries: Does[] = [
      (ctx) => ctx.timers.once('a', 1, 'tack'),
      (ctx) => ctx.watch(ctx.self, 'constructor'),
      (ctx) => ctx.pipe(Promise.resolve(), { done: 'tick', failed: '__proto__' }),
      (ctx) => ctx.receiveTimeout(10, 'toString'),
      (ctx) => ctx.timers.every('a', 0, 'tick'),
      (ctx) => ctx.timers.once('a', Number.NaN, 'tick'),
    ]
    const d = s.system.spawn(doer([]), 'd')
    for (const attempt of tries)
      d.tell.do((ctx) => {
        try {
          void attempt(ctx)
        } catch (error) {
          errors.push(error)
        }
      })
    await s.settle()
    expect(errors.map((error) => (error instanceof TypeError ? error.message : 'RangeError'))).toEqual([
      'app/d has no handler "tack": it has tick, ended, fail, do, note',
      'app/d has no handler "constructor": it has tick, ended, fail, do, note',
      'app/d has no handler "__proto__": it has tick, ended, fail, do, note',
      'app/d has no handler "toString": it has tick, ended, fail, do, note',
      'RangeError',
      'RangeError',
    ])
  })

  it('a receive timeout comes each time no message has come for so long', async () => {
    const s = stage()
    const seen: unknown[] = []
    const d = s.system.spawn(doer(seen), 'd')
    d.tell.do((ctx) => ctx.receiveTimeout(30, 'tick', 'quiet'))
    await s.settle()
    for (let n = 0; n < 4; n++) {
      await s.pass(20)
      d.tell.note(n)
      await s.settle()
    }
    await s.pass(70, 10)
    d.tell.do((ctx) => ctx.receiveTimeout(null, 'tick'))
    await s.settle()
    await s.pass(2_000, 10)
    expect([seen, s.host.timersSet]).toEqual([[0, 1, 2, 3, 'quiet', 'quiet'], 0])
  })
})

describe('watch', () => {
  it('tells the end exactly once, also when it was long ago', async () => {
    const s = stage()
    const seen: unknown[] = []
    const d = s.system.spawn(doer(seen), 'd')
    const other = s.system.spawn(idle, 'other')
    const again = s.system.resolve(JSON.parse(JSON.stringify(other)) as string)
    d.tell.do((ctx) => {
      ctx.watch(other, 'tick')
      ctx.watch(again, 'ended')
    })
    await s.settle()
    const stopped = s.system.stop(other)
    await s.settle()
    await stopped
    d.tell.do((ctx) => ctx.watch(other, 'ended'))
    await s.settle()
    expect(seen).toEqual(['app/other stopped', 'app/other stopped'])
  })

  it('nothing comes after unwatch, not even what waits; a new watch counts anew', async () => {
    const s = stage()
    const seen: unknown[] = []
    const d = s.system.spawn(doer(seen), 'd')
    const [one, two] = [s.system.spawn(idle, 'one'), s.system.spawn(idle, 'two')]
    const door = gate()
    d.tell.do(async (ctx) => {
      ctx.watch(one, 'ended')
      ctx.watch(two, 'ended')
      ctx.unwatch(two)
      await door.opened
      ctx.unwatch(one)
    })
    await s.settle()
    await Promise.all([s.system.stop(one), s.system.stop(two)])
    door.open()
    await s.settle()
    expect(seen).toEqual([])
    d.tell.do((ctx) => ctx.watch(one, 'ended'))
    await s.settle()
    expect(seen).toEqual(['app/one stopped'])
  })

  it('outlives a restart of the watcher, and is none of a stopped one', async () => {
    const s = stage()
    const seen: unknown[] = []
    const d = s.system.spawn(doer(seen), 'd')
    const [one, two] = [s.system.spawn(idle, 'one'), s.system.spawn(idle, 'two')]
    d.tell.do((ctx) => {
      ctx.watch(one, 'ended')
      ctx.watch(two, 'ended')
    })
    d.tell.fail()
    await s.settle()
    await s.system.stop(one)
    await s.settle()
    await s.system.stop(d)
    await s.system.stop(two)
    await s.settle()
    expect([seen, s.dead]).toEqual([['app/one stopped'], []])
  })
})

describe('stash', () => {
  const door = (capacity: number) =>
    actor({
      state: () => ({ open: false, got: [] as number[] }),
      on: {
        open: (s, _m, ctx) => {
          ctx.unstash()
          return { ...s, open: true }
        },
        put: (s, m: { n: number }, ctx) => {
          if (s.open) return reply({ ...s, got: [...s.got, m.n] }, m.n)
          ctx.stash()
          return reply(s, -1)
        },
        got: (s) => reply(s, s.got),
        fail: () => {
          throw new Error('broken')
        },
      },
      stash: capacity,
    })

  it('what was put aside comes before what waits, in its order, and its asks get their answers then', async () => {
    const s = stage()
    const d = s.system.spawn(door(10), 'd')
    const first = d.ask.put({ n: 1 })
    d.tell.put({ n: 2 })
    d.tell.open()
    d.tell.put({ n: 3 })
    const got = d.ask.got()
    await s.settle()
    expect([await first, await got]).toEqual([1, [1, 2, 3]])
  })

  it('one too many is a failure with a StashError, and what was stashed outlives the restart', async () => {
    const s = stage()
    const d = s.system.spawn(door(1), 'd')
    d.tell.put({ n: 1 })
    const second = d.ask.put({ n: 2 }).catch((error: unknown) => error)
    d.tell.open()
    const got = d.ask.got()
    await s.settle()
    expect(await second).toMatchObject({ code: 'failed', cause: { code: 'full' } })
    expect(s.failures[0]?.error).toBeInstanceOf(StashError)
    expect(await got).toEqual([1])
  })

  it('a restart puts it back, so that the fresh state sees it', async () => {
    const s = stage()
    const shut: number[] = []
    const noisy = actor({
      state: () => ({ calls: 0 }),
      on: {
        put: (state, m: number, ctx) => {
          shut.push(m)
          if (shut.length < 2) ctx.stash()
          return state
        },
        fail: () => {
          throw new Error('broken')
        },
      },
    })
    const n = s.system.spawn(noisy, 'n')
    n.tell.put(1)
    n.tell.fail()
    n.tell.put(2)
    await s.settle()
    expect(shut).toEqual([1, 1, 2])
  })

  it('becomes dead letters when the actor stops, and its asks fail', async () => {
    const s = stage()
    const d = s.system.spawn(door(10), 'd')
    const first = outcome(d.ask.put({ n: 1 }))
    await s.settle()
    const stopped = s.system.stop(d, { drain: true })
    await s.settle()
    await stopped
    expect([await first, s.dead.map((letter) => letter.message)]).toEqual(['stopped', [{ n: 1 }]])
  })

  it('a message that was stashed by a handler that fails then is lost with it', async () => {
    const s = stage()
    let calls = 0
    const b = actor({
      state: () => 0,
      on: {
        go: (_s, _m, ctx) => {
          calls++
          ctx.stash()
          ctx.unstash()
          throw new Error('broken')
        },
      },
    })
    const gone = outcome(s.system.spawn(b, 'b').ask.go())
    await s.settle()
    expect([await gone, calls]).toEqual(['failed', 1])
  })

  it('nothing to stash outside of a message', async () => {
    const s = stage()
    const b = actor({ state: (ctx: Ctx) => ctx.stash(), on: {} })
    expect(() => s.system.spawn(b, 'b')).toThrow(StashError)
    expect(() => s.system.spawn(idle, 'b')).not.toThrow()
  })
})

describe('become', () => {
  type Lamp = { press: () => void; state: () => string }
  type Lit = Lamp & { fail: () => void; dim: () => void }
  const off: Behavior<Lamp> = actor({
    state: () => 'off',
    on: { press: () => become(on), state: (s) => reply(s, s), fail: (s) => s },
  })
  const on: Behavior<Lit> = actor({
    state: () => 'on',
    on: {
      // The compiler refuses to become less; a program without types may.
      press: () => become(off as Behavior<never>),
      state: (s) => reply(s, s),
      dim: () => 'dimmed',
      fail: () => {
        throw new Error('broken')
      },
    },
  })

  it('from the next message on it behaves so; a restart begins as at first', async () => {
    const s = stage()
    const lamp = s.system.spawn(off, 'lamp')
    const asked = [lamp.ask.state()]
    lamp.tell.press()
    asked.push(lamp.ask.state())
    await s.settle()
    // The ref knows what the actor understands now.
    const lit = lamp as unknown as ActorRef<Lit>
    lit.tell.dim()
    asked.push(lamp.ask.state())
    lit.tell.fail()
    asked.push(lamp.ask.state())
    await s.settle()
    expect(await Promise.all(asked)).toEqual(['off', 'on', 'dimmed', 'off'])
  })

  it('what the new one does not handle is unhandled: a dead letter, and an ask fails at once', async () => {
    const s = stage()
    type Two = { go: () => void; other: () => void }
    const less = actor({ state: () => 1, on: { go: (n) => n } })
    const once: Behavior<Two> = actor({
      state: () => 0,
      on: { go: () => become(less as Behavior<never>), other: (n) => n },
    })
    const ref = s.system.spawn(once, 'once')
    ref.tell.go()
    ref.tell.other()
    const asked = outcome(ref.ask.other())
    await s.settle()
    expect(await asked).toBe('unhandled')
    expect(s.dead.map(({ handler, reason }) => [handler, reason])).toEqual([
      ['other', 'unhandled'],
      ['other', 'unhandled'],
    ])
  })
})

describe('names that nobody made a handler of', () => {
  it.each(['tick', 'constructor', '__proto__', 'toString', 'nope'])(
    '%s from the wire is unhandled',
    async (name) => {
      const s = stage()
      const seen: unknown[] = []
      const d = s.system.spawn(doer(seen), 'd')
      const target = s.system.local('app/d', d.uid)
      target?.tell(name, 'made up')
      const asked = outcome(target!.ask(name, 'made up'))
      await s.settle()
      expect([await asked, seen, s.dead.map((letter) => letter.reason)]).toEqual([
        'unhandled',
        [],
        ['unhandled', 'unhandled'],
      ])
      expect(s.failures).toEqual([])
    },
  )
})

describe('pipe', () => {
  it('brings the outcome as a message, to the incarnation that asked for it', async () => {
    const s = stage()
    const seen: unknown[] = []
    const d = s.system.spawn(doer(seen), 'd')
    const late = gate()
    d.tell.do((ctx) => {
      ctx.pipe(Promise.resolve('value'), { done: 'tick', failed: 'ended' })
      ctx.pipe(Promise.reject(new Error('why')), { done: 'ended', failed: 'tick' })
      ctx.pipe(
        late.opened.then(() => 'late'),
        { done: 'tick', failed: 'tick' },
      )
    })
    await s.settle()
    d.tell.fail()
    await s.settle()
    late.open()
    await s.settle()
    expect(seen).toEqual(['value', new Error('why')])
    expect(s.dead.map(({ handler, message }) => [handler, message])).toEqual([['tick', 'late']])
  })
})

describe('receive', () => {
  type Msg =
    | { readonly type: 'inc'; readonly by: number }
    | { readonly type: 'get'; readonly to: ActorRef<Receives<number>> }
    | { readonly type: 'ignore'; readonly to: ActorRef<Receives<number>> }
    | { readonly type: 'fail' | 'stop'; readonly to: ActorRef<Receives<number>> }
  const counter = receive<Msg>()({
    state: () => 0,
    on: (n, m, ctx) => {
      if (m.type === 'inc') return n + m.by
      if (m.type === 'get') m.to.tell(n)
      if (m.type === 'fail') throw new Error('broken')
      if (m.type === 'stop') ctx.stop()
      return n
    },
  })

  it('gets the messages as they were sent, and answers by the ref in them', async () => {
    const s = stage()
    const c = s.system.spawn(counter, 'c')
    expect(c.tell({ type: 'inc', by: 2 })).toBe(true)
    const n = c.ask<number>((to) => ({ type: 'get', to }))
    await s.settle()
    expect([await n, s.host.timersSet]).toEqual([2, 0])
  })

  it('the ref of an ask works as a text until it is answered, and then no more', async () => {
    const s = stage()
    let text = ''
    const c = s.system.spawn(counter, 'c')
    const asked = c.ask<number>((to) => {
      text = to.toJSON()
      return { type: 'ignore', to }
    })
    await s.settle()
    const found: ActorRef<Receives<number>> = s.system.resolve(text)
    expect(found.tell(7)).toBe(true)
    expect(await asked).toBe(7)
    await s.settle()
    const late: ActorRef<Receives<number>> = s.system.resolve(text)
    expect([late.tell(8), s.dead.map((letter) => letter.message)]).toEqual([false, [8]])
  })

  it('an ask ends when the handler throws, when the actor ends, and at its deadline', async () => {
    const s = stage()
    const c = s.system.spawn(counter, 'c')
    const failed = outcome(c.ask<number>((to) => ({ type: 'fail', to })))
    const late = outcome(c.askWithin(100)<number>((to) => ({ type: 'ignore', to })))
    await s.settle()
    await s.pass(100)
    expect([await failed, await late]).toEqual(['failed', 'timeout'])
    const waiting = outcome(c.ask<number>((to) => ({ type: 'ignore', to })))
    await s.settle()
    const ended = outcome(c.ask<number>((to) => ({ type: 'stop', to })))
    await s.settle()
    expect([await waiting, await ended, s.host.timersSet]).toEqual(['stopped', 'stopped', 0])
  })
})

describe('children', () => {
  it('an actor stops its children, and nobody else', async () => {
    const s = stage()
    const other = s.system.spawn(idle, 'other')
    let child: AnyRef | undefined
    const errors: unknown[] = []
    const d = s.system.spawn(doer([]), 'd')
    d.tell.do((ctx) => {
      child = ctx.spawn(idle, 'child')
      ctx.stop(child)
      ctx.stop(child)
      try {
        ctx.stop(other)
      } catch (error) {
        errors.push(error)
      }
    })
    await s.settle()
    expect(s.system.local('app/d/child', 0)).toBeUndefined()
    expect(errors).toEqual([new TypeError('app/d can stop itself and its children, not app/other')])
  })
})
