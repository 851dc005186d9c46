import { describe, expect, it } from 'vitest'
import { type ActorRef, actor, become, receive, type Receives, reply } from '../../src/actor/index.js'
import { effectsOf, effectsOfAsync, effectsOfStart, standIn } from '../../src/testing/index.js'

interface Printer {
  readonly print: (m: { text: string }) => void
  readonly pages: () => number
}
const line = actor({ state: () => 0, on: { add: (n) => n + 1 } })
const closed = receive<'open' | 'close'>()({ state: () => 0, on: (n) => n })
const door = receive<'open' | 'close'>()({
  state: () => 1,
  on: (n, m) => (m === 'open' ? n + 1 : become(closed)),
})

const clerk = actor({
  state: (): { sold: number; printer: ActorRef<Printer> | null } => ({ sold: 0, printer: null }),
  on: {
    sell: (s, m: { sku: string }) => {
      s.printer?.tell.print({ text: m.sku })
      return { ...s, sold: s.sold + 1 }
    },
    all: (s, m: { other: ActorRef<Printer> }, ctx) => {
      const child = ctx.spawn(line, 'line')
      child.tell.add()
      ctx.watch(m.other, 'ended')
      ctx.timers.once('tea', 10, 'tick', 'green')
      ctx.timers.every('beat', 5, 'tick')
      ctx.timers.cancel('beat')
      ctx.receiveTimeout(1_000, 'tick')
      ctx.stash()
      ctx.unstash()
      ctx.log.write('info', 'busy', `at ${ctx.at}`)
      ctx.unwatch(m.other)
      ctx.stop(child)
      ctx.stop()
      return reply(s, [ctx.timers.has('tea'), ctx.timers.has('beat'), ctx.children.length] as const)
    },
    count: (s) => reply(s, s.sold),
    slow: async (s, m: { printer: ActorRef<Printer> }) => reply(s, (await m.printer.ask.pages()) + 1),
    odd: (s, m: { to: string }, ctx) => (ctx.timers.once('x', 1, m.to), s),
  },
  internal: { tick: (s, m: string) => ({ ...s, sold: m.length }), ended: (s) => s },
})

describe('effectsOf', () => {
  it('gives the next state and the reply', () => {
    expect(effectsOf(clerk, 'sell', { sku: 'fig' })).toEqual({
      state: { sold: 1, printer: null },
      replied: false,
      reply: undefined,
      effects: [],
      failure: null,
    })
    const counted = effectsOf(clerk, 'count', undefined, { state: { sold: 5, printer: null } })
    expect([counted.replied, counted.reply satisfies number | undefined]).toEqual([true, 5])
  })

  it('gives what is told to refs of the state', () => {
    const printer = standIn<Printer>('printer')
    const { effects } = effectsOf(clerk, 'sell', { sku: 'fig' }, { state: { sold: 0, printer } })
    expect(effects).toEqual([{ do: 'tell', to: printer, handler: 'print', message: { text: 'fig' } }])
  })

  it('gives everything done to the context, in order', () => {
    const other = standIn<Printer>('other')
    const { effects, reply: said } = effectsOf(clerk, 'all', { other }, { at: 7, path: 'shop/clerk' })
    const child = effects.flatMap((effect) => (effect.do === 'spawn' ? [effect.ref] : []))[0]
    expect(child?.path).toBe('shop/clerk/line')
    expect(effects).toEqual([
      { do: 'spawn', name: 'line', behavior: line, ref: child },
      { do: 'tell', to: child, handler: 'add', message: undefined },
      { do: 'watch', ref: other, to: 'ended' },
      { do: 'once', timer: 'tea', ms: 10, to: 'tick', message: 'green' },
      { do: 'every', timer: 'beat', ms: 5, to: 'tick', message: undefined },
      { do: 'cancel', timer: 'beat' },
      { do: 'receive-timeout', ms: 1_000, to: 'tick', message: undefined },
      { do: 'stash' },
      { do: 'unstash' },
      { do: 'log', level: 'info', event: 'busy', text: 'at 7' },
      { do: 'unwatch', ref: other },
      { do: 'stop', ref: child },
      { do: 'stop', ref: expect.objectContaining({ path: 'shop/clerk' }) },
    ])
    expect(said).toEqual([true, false, 1])
  })

  it('gives what it becomes, what it throws, and what internal handlers do', () => {
    expect(effectsOf(door, '*', 'close')).toMatchObject({
      state: 1,
      effects: [{ do: 'become', behavior: closed }],
    })
    const odd = effectsOf(clerk, 'odd', { to: 'nowhere' })
    expect(String(odd.failure?.error)).toBe(
      'TypeError: there is no handler "nowhere"; there is sell, all, count, slow, odd, tick, ended',
    )
    expect(odd.state).toEqual({ sold: 0, printer: null })
    expect(effectsOf(clerk, 'tick', 'abc', { internal: true }).state).toMatchObject({ sold: 3 })
    expect(() => effectsOf(clerk, 'nope', 1, { internal: true })).toThrow('there is no handler nope')
  })

  it('takes behaviors of one message type', () => {
    const adder = receive<{ n: number; to: ActorRef<Receives<number>> }>()({
      state: () => 1,
      on: (sum, m) => (m.to.tell(sum + m.n), sum + m.n),
    })
    const to = standIn<Receives<number>>('asker')
    const { state, effects } = effectsOf(adder, '*', { n: 2, to })
    expect([state, effects]).toEqual([3, [{ do: 'tell', to, handler: '*', message: 3 }]])
  })

  it('awaits asynchronous handlers, with the answers of stand-ins', async () => {
    const printer = standIn<Printer>('printer', { pages: () => 4 })
    const { reply: pages, effects } = await effectsOfAsync(clerk, 'slow', { printer })
    expect([pages, effects]).toEqual([5, [{ do: 'ask', to: printer, handler: 'pages', message: undefined }]])
    const { failure } = await effectsOfAsync(clerk, 'slow', { printer: standIn<Printer>('mute') })
    expect(String(failure?.error)).toContain('the stand-in mute has no answer for pages')
    expect(() => effectsOf(clerk, 'slow', { printer })).toThrow('use await effectsOfAsync')
  })

  it('asks stand-ins of one message type, and gives the effects of a start', async () => {
    const asks = actor({
      state: (ctx) => (ctx.timers.every('tick', 5, 'tick'), ctx.spawn(line, 'line'), 0),
      on: {
        sum: async (n, m: { adder: ActorRef<Receives<{ n: number; to: ActorRef<Receives<number>> }>> }) =>
          reply(n, await m.adder.ask<number>((to) => ({ n: 2, to }))),
      },
      internal: { tick: (n) => n + 1 },
    })
    const adder = standIn<Receives<{ n: number; to: ActorRef<Receives<number>> }>>('adder', { '*': () => 9 })
    const { reply: sum, effects } = await effectsOfAsync(asks, 'sum', { adder })
    expect([sum, effects]).toMatchObject([9, [{ do: 'ask', to: adder, message: { n: 2 } }]])
    expect(effectsOfStart(asks)).toMatchObject({
      state: 0,
      effects: [{ do: 'every' }, { do: 'spawn', name: 'line' }],
    })
  })

  it('is for stand-ins only as long as it runs', () => {
    expect(() => standIn<Printer>('printer').tell.print({ text: 'x' })).toThrow('take a probe')
  })
})
