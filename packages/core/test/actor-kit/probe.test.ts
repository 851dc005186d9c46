import { describe, expect, it } from 'vitest'
import {
  type ActorRef,
  actor,
  type AnyRef,
  AskError,
  makeRef,
  type Receives,
  reply,
  type Target,
  type Terminated,
} from '../../src/actor/index.js'
import { actorTest } from '../../src/testing/index.js'

interface Printer {
  readonly print: (m: { text: string }) => void
  readonly pages: () => number
}

const clerk = (printer: ActorRef<Printer>) =>
  actor({
    state: () => 0,
    on: {
      sell: (n, m: { sku: string }) => {
        printer.tell.print({ text: m.sku })
        return n + 1
      },
      pages: async (n) => reply(n, await printer.ask.pages()),
      idle: (n) => n,
    },
  })

function shop() {
  const t = actorTest()
  const printer = t.probe<Printer>('printer')
  return { t, printer, ref: t.system.spawn(clerk(printer.ref), 'clerk') }
}

describe('a probe', () => {
  it('gets what it is told, in order, and knows when', async () => {
    const { t, printer, ref } = shop()
    ref.tell.sell({ sku: 'apple' })
    await t.advance(50)
    ref.tell.sell({ sku: 'pear' })
    const first = await printer.expect('print')
    expect([first.message.text, first.atMs, first.asked]).toEqual(['apple', 0, false])
    const second = await printer.next()
    expect([second.handler, second.atMs]).toEqual(['print', 50])
    expect(printer.received.map(({ message }) => message)).toEqual([{ text: 'apple' }, { text: 'pear' }])
    await printer.expectNothing()
    await t.expectNoSurprises()
  })

  it('answers asks with what the test says, typed', async () => {
    const { t, printer, ref } = shop()
    const pages = ref.ask.pages()
    const asked = await printer.expect('pages')
    asked.reply(7)
    expect(await t.outcome(pages)).toBe(7)
    expect(() => asked.reply(8)).toThrow('answered already')
  })

  it('answers by itself where it was told how', async () => {
    const { t, printer, ref } = shop()
    printer.answer('pages', () => 3)
    expect(await t.outcome(ref.ask.pages())).toBe(3)
    await printer.expectNothing()
  })

  it('lets an ask run into its deadline, in virtual time', async () => {
    const { t, printer } = shop()
    const error = await t.outcome(printer.ref.askWithin(200).pages()).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(AskError)
    expect(error).toMatchObject({ code: 'timeout' })
    expect(t.nowMs).toBe(200)
  })

  it('can fail an ask, and end with asks open', async () => {
    const { t, printer, ref } = shop()
    const failing = ref.ask.pages().catch((error: unknown) => error)
    ;(await printer.expect('pages')).fail(new Error('out of paper'))
    expect(await t.outcome(failing)).toMatchObject({ code: 'failed', cause: { code: 'failed' } })
    const open = printer.ref.ask.pages()
    printer.stop('lost')
    await expect(t.outcome(open)).rejects.toMatchObject({ code: 'stopped' })
    expect(printer.ref.tell.print({ text: 'late' })).toBe(false)
    await t.expectDeadLetter({ path: 'test/printer', handler: 'print' })
    await t.expectFailure({ path: 'test/clerk' })
    await t.expectNoSurprises()
  })

  it('hears of the end of an actor, also of one that has ended already', async () => {
    const { t, printer, ref } = shop()
    await expect(printer.expectTerminated(ref, 10)).rejects.toThrow(
      'test/clerk was to end within 10 ms, and still lives',
    )
    void t.system.stop(ref)
    expect(await printer.expectTerminated(ref)).toMatchObject({ why: 'stopped', ref: { path: 'test/clerk' } })
    const other = t.probe('other')
    expect(await other.expectTerminated(ref)).toMatchObject({ why: 'stopped' })
  })
})

describe('a probe of a union of messages', () => {
  type Message =
    | { readonly type: 'note'; readonly n: number }
    | { readonly type: 'get'; readonly to: ActorRef<Receives<number>> }

  it('takes tells, and asks that it answers by the ref inside', async () => {
    const t = actorTest()
    const store = t.probe<Receives<Message>>('store')
    const user = actor({
      state: () => 0,
      on: { read: async (n) => reply(n, await store.ref.ask<number>((to) => ({ type: 'get', to }))) },
    })
    store.ref.tell({ type: 'note', n: 1 })
    expect((await store.next()).message).toEqual({ type: 'note', n: 1 })
    const read = t.system.spawn(user, 'user').ask.read()
    const { message } = await store.expect('*')
    if (message.type === 'get') message.to.tell(4)
    expect(await t.outcome(read)).toBe(4)
    await expect(t.outcome(store.ref.askWithin(50)((to) => ({ type: 'get', to })))).rejects.toMatchObject({
      code: 'timeout',
    })
    await t.expectNoSurprises()
  })
})

describe('a probe among actors', () => {
  const guard = (ward: AnyRef) =>
    actor({
      state: (ctx): string => (ctx.watch(ward, 'ended'), 'watching'),
      on: {
        get: (s) => reply(s, s),
        fall: () => {
          throw new Error('over the edge')
        },
      },
      internal: { ended: (_s, m: Terminated) => m.why },
      restarts: { max: 0, windowMs: 1 },
    })

  it('is watched, and ends as the test says', async () => {
    const t = actorTest()
    const ward = t.probe('ward')
    const ref = t.system.spawn(guard(ward.ref), 'guard')
    await t.advance(1_000)
    ward.stop('lost')
    expect(await t.outcome(ref.ask.get())).toBe('lost')
  })

  it('hears that an actor failed for good', async () => {
    const t = actorTest()
    const ward = t.probe('ward')
    const ref = t.system.spawn(guard(ward.ref), 'guard')
    ward.watch(ref)
    ref.tell.fall()
    expect(await ward.expectTerminated(ref)).toMatchObject({ why: 'failed' })
    await t.expectFailure({ message: /over/, action: 'stop' })
    await t.expectNoSurprises()
  })
})

describe('a probe that is told of an end twice', () => {
  it('says so', async () => {
    const t = actorTest()
    const liar: Target = {
      handlers: [],
      load: 0,
      tell: () => false,
      ask: () => Promise.reject(new Error('never')),
      stop: () => Promise.resolve(),
      watch: (watcher) => {
        watcher.terminated(ref, 'stopped')
        t.host.timers.set(0, () => watcher.terminated(ref, 'failed'))
      },
      unwatch: () => {},
    }
    const ref = makeRef('', 'test/liar', 1, liar)
    await expect(t.probe().expectTerminated(ref)).rejects.toThrow('test/liar was told to have ended twice')
  })
})

describe('a probe that is disappointed says what came instead', () => {
  it('when it got something else', async () => {
    const { printer, ref } = shop()
    ref.tell.sell({ sku: 'apple' })
    await expect(printer.expect('pages')).rejects.toThrow(
      "test/printer was to get pages next. What it got instead:\n  print({ text: 'apple' }), at 0 ms",
    )
    expect((await printer.expect('print')).message.text).toBe('apple')
  })

  it('when it got nothing in time, with what it got before', async () => {
    const { t, printer, ref } = shop()
    await expect(printer.expect('print', 500)).rejects.toThrow(
      'test/printer was to get print within 500 ms, and got nothing. It has got nothing at all.',
    )
    expect(t.nowMs).toBe(500)
    ref.tell.sell({ sku: 'fig' })
    await printer.next()
    await expect(printer.next(1)).rejects.toThrow(
      "So far it has got, all of it read:\n  print({ text: 'fig' }), at 500 ms",
    )
  })

  it('when it was to get nothing', async () => {
    const { printer, ref } = shop()
    ref.tell.sell({ sku: 'fig' })
    await expect(printer.expectNothing(100)).rejects.toThrow(
      "test/printer was to get nothing for 100 ms, and got:\n  print({ text: 'fig' }), at 0 ms",
    )
  })
})
