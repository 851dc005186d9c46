import { dispatch, query, type Ref, spawn, start, stop } from 'nact'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  actor,
  AskError,
  type Ctx,
  fromNact,
  type NactContext,
  nactRef,
  receive,
  reply,
} from '../../src/index.js'
import { RealSystem } from './real-host.js'

let real: RealSystem
beforeEach(() => {
  real = new RealSystem()
})
afterEach(() => real.end())

type CounterMessage = { readonly by: number } | 'get' | 'throw' | 'names'

/** As written for nact. */
function counter(state: number, message: CounterMessage, ctx: NactContext): number {
  if (message === 'throw') throw new Error('the function threw')
  if (message === 'get') dispatch(ctx.sender as Ref<number>, state)
  if (message === 'names')
    dispatch(ctx.sender as Ref<unknown>, [ctx.name, ctx.path.parts, [...ctx.children.keys()]])
  return typeof message === 'string' ? state : state + message.by
}
const counting = fromNact(counter, { initialStateFunc: () => 0 })

describe('an actor function of nact', () => {
  it('runs unchanged: dispatch changes its state, query gets what it sends to ctx.sender', async () => {
    const ref = real.system.spawn(counting, 'counter')
    for (let i = 0; i < 100; i++) ref.tell.dispatch({ by: 1 })
    expect(await ref.ask.query('get')).toBe(100)
    expect(await ref.ask.query('names')).toEqual(['counter', ['counter'], []])
  })

  it('is reached by nact with its ref, and nact with what it gets there', async () => {
    const ref = nactRef(real.system.spawn(counting, 'counter')) as Ref<CounterMessage>
    dispatch(ref, { by: 5 })
    expect(await query(ref, () => 'get' as const, 1_000)).toBe(5)
  })

  it('keeps the order of each sender, with asynchronous handlers one at a time', async () => {
    const seen: number[] = []
    let busy = 0
    const slow = fromNact(async (_state: undefined, n: number, ctx) => {
      expect(++busy).toBe(1)
      if (n % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      seen.push(n)
      busy--
      if (n === 29) dispatch(ctx.sender as Ref<string>, 'done')
      return undefined
    })
    const ref = real.system.spawn(slow, 'slow')
    for (let n = 0; n < 29; n++) ref.tell.dispatch(n)
    expect(await ref.ask.query(29)).toBe('done')
    expect(seen).toEqual(Array.from({ length: 30 }, (_, i) => i))
  })

  it('is supervised: a failure restarts it with fresh state, and its caller gets the error', async () => {
    const ref = real.system.spawn(counting, 'counter')
    ref.tell.dispatch({ by: 5 })
    const error: unknown = await ref.ask.query('throw').catch((e: unknown) => e)
    expect(error).toBeInstanceOf(AskError)
    expect(error).toMatchObject({ code: 'failed', cause: { message: 'the function threw' } })
    ref.tell.dispatch({ by: 1 })
    expect(await ref.ask.query('get')).toBe(1)
    expect(real.failures).toMatchObject([{ path: 'here/counter', action: 'restart' }])
  })

  it('stops after too many failures, runs afterStop once, and is watched', async () => {
    const stopped: number[] = []
    const frail = fromNact(counter, {
      initialStateFunc: () => 7,
      afterStop: (state) => void stopped.push(state),
      restarts: { max: 1, windowMs: 60_000 },
    })
    let terminated!: (why: string) => void
    const ended = new Promise<string>((resolve) => (terminated = resolve))
    const watcher = actor({
      state: (ctx: Ctx) => {
        const ref = ctx.spawn(frail, 'frail')
        ctx.watch(ref, 'gone')
        return ref
      },
      on: { fail: (ref) => (ref.tell.dispatch('throw'), ref.tell.dispatch('throw'), ref) },
      internal: { gone: (ref, { why }: { why: string }) => (terminated(why), ref) },
    })
    real.system.spawn(watcher, 'watcher').tell.fail()
    expect(await ended).toBe('failed')
    expect(stopped).toEqual([7])
  })

  it('spawns children by nact, which reach it by ctx.parent and end with it', async () => {
    let ends = 0
    type Message = { readonly child: number } | { readonly done: number } | 'results'
    const child = (_state: undefined, n: number, ctx: { parent: Ref<Message> }): undefined => {
      dispatch(ctx.parent, { done: n * n })
    }
    const parent = fromNact(
      (state: readonly number[], message: Message, ctx) => {
        if (message === 'results') {
          dispatch(ctx.sender as Ref<unknown>, { results: state, children: ctx.children.size })
          return state
        }
        if ('done' in message) return [...state, message.done]
        const name = `c${message.child % 2}`
        const ref =
          ctx.children.get(name) ?? spawn(ctx.self, child as never, name, { afterStop: () => void ends++ })
        dispatch(ref as Ref<number>, message.child)
        return state
      },
      { initialStateFunc: () => [] },
    )
    const ref = real.system.spawn(parent, 'parent')
    for (const n of [1, 2, 3, 4]) ref.tell.dispatch({ child: n })
    const results = async (): Promise<{ results: number[]; children: number }> =>
      (await ref.ask.query('results')) as never
    while ((await results()).results.length < 4);
    expect((await results()).results.toSorted((a, b) => a - b)).toEqual([1, 4, 9, 16])
    expect((await results()).children).toBe(2)
    await real.system.stop(ref)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(ends).toBe(2)
  })

  it('writes its log to ours, and stops when it was idle for shutdownAfter', async () => {
    const idle = fromNact((state: undefined, _message: 'hello', ctx) => (ctx.log.info('said hello'), state), {
      shutdownAfter: 20,
    })
    const ref = real.system.spawn(idle, 'idle')
    ref.tell.dispatch('hello')
    let ended = false
    const watcher = actor({
      state: (ctx) => ctx.watch(ref, 'gone'),
      on: {},
      internal: { gone: () => void (ended = true) },
    })
    real.system.spawn(watcher, 'watcher')
    while (!ended) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(real.lines).toContain('nact-log: said hello')
  })

  it('can dispatch to refs of ours in a message', async () => {
    const asked = fromNact((state: undefined, message: { readonly replyTo: unknown }) => {
      dispatch(message.replyTo as Ref<string>, 'hello')
      return state
    })
    const got: string[] = []
    const listener = real.system.spawn(
      receive<string>()({ state: () => 0, on: (n, text) => (got.push(text), n + 1) }),
      'listener',
    )
    real.system.spawn(asked, 'asked').tell.dispatch({ replyTo: listener })
    while (got.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(got).toEqual(['hello'])
  })

  it('a query that nobody answers fails, and leaves nothing behind', async () => {
    const mute = fromNact((state: undefined, _message: string) => state, { answerWithinMs: 20 })
    const error: unknown = await real.system
      .spawn(mute, 'mute')
      .ask.query('?')
      .catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'failed', cause: { message: expect.stringContaining('ctx.sender') } })
  })
})

describe('nactRef', () => {
  const plain = actor({
    state: () => 0,
    on: {
      inc: (n, m: { by: number }) => n + m.by,
      get: (n) => reply(n, n),
    },
  })

  it('lets nact dispatch to handlers by name, and query them', async () => {
    const ref = nactRef(real.system.spawn(plain, 'plain'))
    dispatch(ref, { type: 'inc', message: { by: 3 } })
    expect(await query(ref as Ref<unknown>, () => ({ type: 'get' }), 1_000)).toBe(3)
  })

  it('is the same for the same actor, and works as a sender and in messages of nact', async () => {
    const ref = real.system.spawn(plain, 'plain')
    expect(nactRef(ref)).toBe(nactRef(ref))
    const system = start()
    const other = spawn(
      system,
      ((_state: unknown, message: { to: Ref<unknown> }) => {
        dispatch(message.to, { type: 'inc', message: { by: 4 } })
      }) as never,
      'other',
    ) as Ref<unknown>
    dispatch(other, { to: nactRef(ref) })
    while ((await ref.ask.get()) === 0);
    expect(await ref.ask.get()).toBe(4)
    stop(other)
    stop(system)
  })

  it('ends with its actor: a query is rejected at once', async () => {
    const ref = real.system.spawn(plain, 'plain')
    const known = nactRef(ref) as Ref<unknown>
    await query(known, () => ({ type: 'get' }), 1_000)
    await real.system.stop(ref)
    await new Promise((resolve) => setTimeout(resolve, 5))
    await expect(query(known, () => ({ type: 'get' }), 60_000)).rejects.toThrow('stopped')
  })

  it('makes a dead letter of what names no handler', async () => {
    const letters: string[] = []
    real.system.deadLetters$.subscribe(({ handler, reason }) => letters.push(`${handler} ${reason}`))
    const ref = nactRef(real.system.spawn(plain, 'plain')) as Ref<unknown>
    dispatch(ref, { type: 'nope' })
    dispatch(ref, 'nothing')
    await query(ref, () => ({ type: 'get' }), 1_000)
    expect(letters).toEqual(['nope unhandled', 'unknown unhandled'])
  })
})
