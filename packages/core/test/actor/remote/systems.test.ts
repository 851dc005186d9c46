import { describe, expect, it } from 'vitest'
import {
  actor,
  type ActorRef,
  AskError,
  type DeadLetter,
  receive,
  type Receives,
  reply,
  serviceKey,
  type Target,
  targetOf,
  type Terminated,
  type Watcher,
} from '../../../src/actor/index.js'
import { CodecError, encodeText } from '../../../src/index.js'
import { Systems } from './systems.js'

const desks = serviceKey<Desk>('desks')
interface Desk {
  put: (m: unknown) => void
  get: () => unknown
  fail: () => void
  odd: () => unknown
  twice: () => string
}
const desk = actor({
  state: () => ({ last: null as unknown }),
  on: {
    put: (_, last: unknown) => ({ last }),
    get: (s) => reply(s, s.last),
    fail: (): never => {
      throw new Error('kaboom')
    },
    odd: (s) => reply(s, () => 1),
    twice: (s) => reply(s, `${String(s.last)}${String(s.last)}`),
  },
})

async function two(): Promise<{ at: Systems; there: ActorRef<Desk>; letters: DeadLetter[] }> {
  const at = new Systems(['ann', 'bob'])
  await at.settle()
  const there = at.of('ann').resolve<Desk>(at.of('bob').spawn(desk, 'desk').toJSON())
  const letters: DeadLetter[] = []
  for (const name of ['ann', 'bob']) at.of(name).deadLetters$.subscribe((letter) => letters.push(letter))
  return { at, there, letters }
}

async function failure(at: Systems, asked: Promise<unknown>): Promise<AskError> {
  const caught = asked.then(
    () => expect.fail('it was answered'),
    (error: unknown) => error,
  )
  await at.settle()
  const error = await caught
  expect(error).toBeInstanceOf(AskError)
  return error as AskError
}

describe('an actor of another peer', () => {
  it('refuses at the sender what cannot be encoded, with the path to it', async () => {
    const { there } = await two()
    expect(() => there.tell.put({ list: [1, () => 1] })).toThrow(/^\$\.list\[1\]: a function cannot be sent/)
    await expect(there.ask.get.call(null, ...([{ f: Symbol('x') }] as unknown as []))).rejects.toThrow(
      /^\$\.f: a symbol/,
    )
    expect(() => there.tell.put('x'.repeat(1_100_000))).toThrow(CodecError)
  })

  it('was told what the message was when it was told, not what it became', async () => {
    const { at, there } = await two()
    const message = { n: 1 }
    there.tell.put(message)
    message.n = 2
    const asked = there.ask.get()
    await at.settle()
    expect(await asked).toEqual({ n: 1 })
  })

  it('fails an ask with the code of what happened there', async () => {
    const { at, there, letters } = await two()
    const failed = await failure(at, there.ask.fail())
    expect(failed.code).toBe('failed')
    expect(failed.message).toContain('kaboom')
    const odd = await failure(at, there.ask.odd())
    expect(odd.message).toContain('its reply cannot be sent: CodecError: $: a function')
    const other = at.of('ann').resolve<{ nope: () => void }>(there.toJSON())
    there.tell.put('x'.repeat(600_000))
    expect((await failure(at, there.ask.twice())).message).toContain('too long')
    expect((await failure(at, other.ask.nope())).code).toBe('unhandled')
    expect(letters.map(({ reason }) => reason)).toContain('unhandled')
    await at.of('bob').stop(at.of('bob').resolve(there.toJSON()))
    expect((await failure(at, there.ask.get())).code).toBe('stopped')
  })

  it('never reaches a prototype by the name of a message', async () => {
    const { at, there } = await two()
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      const wild = at.of('ann').resolve<Record<string, () => void>>(there.toJSON())
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect((await failure(at, wild.ask[name]!())).code, name).toBe('unhandled')
    }
  })

  it('times out by the clock of the asker', async () => {
    const { at, there } = await two()
    at.remote('ann').step({ kind: 'down', node: 'bob.1' })
    const asked = failure(at, there.askWithin(300).get())
    at.host.advance(300)
    expect((await asked).code).toBe('timeout')
  })

  it('fails asks at once when its peer is gone, and makes dead letters of what it was told', async () => {
    const { at, there, letters } = await two()
    at.remote('ann').step({ kind: 'down', node: 'bob.1' })
    const asked = there.ask.get()
    there.tell.put(7)
    const error = failure(at, asked)
    at.lose('bob')
    expect((await error).code).toBe('lost')
    expect(letters).toEqual([{ path: there.toJSON(), handler: 'put', message: 7, reason: 'lost' }])
    expect(there.tell.put(8)).toBe(false)
    expect((await failure(at, there.ask.get())).code).toBe('lost')
  })

  it('gives a peer that nobody knows 5 s to come, then it is lost', async () => {
    const at = new Systems(['ann'])
    const ref = at.of('ann').resolve<Desk>('tanist:carl.3/peer/desk#1')
    const error = failure(at, ref.askWithin(60_000).get())
    await at.settle()
    for (let ms = 0; ms < 6_000; ms += 500) {
      at.host.advance(500)
      // oxlint-disable-next-line no-await-in-loop -- time passes in steps
      await at.settle()
    }
    expect((await error).code).toBe('lost')
    expect(at.host.timersSet).toBe(0)
  })

  it('says when it ends: stopped, or lost with its peer', async () => {
    const { at, there } = await two()
    const ends: string[] = []
    const guard = actor({
      state: () => null,
      on: { guard: (s, m: { whom: ActorRef<Desk> }, ctx) => (ctx.watch(m.whom, 'ended'), s) },
      internal: { ended: (s, m: Terminated) => (ends.push(`${m.ref.path} ${m.why}`), s) },
    })
    const other = at.of('ann').resolve<Desk>(at.of('bob').spawn(desk, 'other').toJSON())
    const watcher = at.of('ann').spawn(guard, 'guard')
    watcher.tell.guard({ whom: there })
    watcher.tell.guard({ whom: other })
    await at.settle()
    const stopped = at.of('ann').stop(there)
    await at.settle()
    await stopped
    expect(ends).toEqual(['peer/desk stopped'])
    at.lose('bob')
    await at.settle()
    expect(ends).toEqual(['peer/desk stopped', 'peer/other lost'])
    watcher.tell.guard({ whom: there })
    await at.settle()
    expect(ends).toHaveLength(3)
  })

  it('answers by a ref in the message, also for a union of messages', async () => {
    const at = new Systems(['ann', 'bob'])
    await at.settle()
    type Msg = { type: 'double'; n: number; to: ActorRef<Receives<number>> }
    const doubler = receive<Msg>()({
      state: () => null,
      on: (s, m) => {
        m.to.tell(m.n * 2)
        return s
      },
    })
    const there = at.of('ann').resolve<Receives<Msg>>(at.of('bob').spawn(doubler, 'doubler').toJSON())
    const asked = there.ask<number>((to) => ({ type: 'double', n: 21, to }))
    await at.settle()
    expect(await asked).toBe(42)
  })

  it('keeps a bound on what waits for its peer', async () => {
    const { at, there, letters } = await two()
    at.remote('ann').step({ kind: 'down', node: 'bob.1' })
    const big = 'x'.repeat(1_000_000)
    const taken = Array.from({ length: 20 }, () => there.tell.put(big)).filter(Boolean).length
    expect(taken).toBe(16)
    expect(letters.map(({ reason }) => reason)).toEqual(Array.from({ length: 4 }, () => 'full'))
    expect((await failure(at, there.ask.put(big) as Promise<unknown>)).code).toBe('full')
  })

  it('is the own actor again when its ref comes home', async () => {
    const { at, there } = await two()
    const mine = at.of('ann').spawn(desk, 'mine')
    there.tell.put({ deep: [mine] })
    const asked = there.ask.get()
    await at.settle()
    const back = (await asked) as { deep: ActorRef<Desk>[] }
    expect(back.deep[0]).toBe(mine)
  })
})

describe('a peer that is lost', () => {
  it('is forgotten: what it watched is watched no more', async () => {
    const { at } = await two()
    const watchers = new Set<Watcher>()
    const target: Target = {
      handlers: null,
      load: 0,
      tell: () => true,
      ask: () => Promise.resolve(),
      stop: () => Promise.resolve(),
      watch: (watcher) => void watchers.add(watcher),
      unwatch: (watcher) => void watchers.delete(watcher),
    }
    const ref = at.of('bob').expose('~thing', target)
    const ends: string[] = []
    const watcher: Watcher = { terminated: (_, why) => ends.push(why) }
    at.of('ann').resolve(ref.toJSON())[targetOf].watch(watcher)
    await at.settle()
    expect(watchers.size).toBe(1)
    at.lose('ann')
    expect(watchers.size).toBe(0)
  })

  it('is lost when it is removed, also while it is linked, and both begin anew', async () => {
    const { at, there, letters } = await two()
    const open = there.askWithin(50_000).get()
    const ends: string[] = []
    there[targetOf].watch({ terminated: (_, why) => ends.push(why) })
    at.remote('ann').step({ kind: 'members', nodes: [] })
    expect((await failure(at, open)).code).toBe('lost')
    expect(ends).toEqual(['lost'])
    at.remote('ann').step({ kind: 'members', nodes: ['bob.1'] })
    there.tell.put(5)
    const asked = there.ask.get()
    await at.settle()
    expect(await asked).toBe(5)
    expect(letters).toEqual([])
  })
})

describe('a peer that goes on under another identity', () => {
  it('keeps its actors: lost to others by their old refs, found and reached by new ones', async () => {
    const { at, there } = await two()
    const mine = at.of('bob').resolve<Desk>(there.toJSON())
    at.of('bob').receptionist.register(desks, mine)
    await at.settle()
    const open = there.askWithin(50_000).get()
    const bob = at.of('bob')
    at.rename('bob', 'bill')
    expect((await failure(at, open)).code).toBe('lost')
    expect(mine.tell.put(1)).toBe(true)
    await at.settle()
    const [again] = at.of('ann').receptionist.find(desks)
    expect(again?.node).toBe('bill.1')
    const asked = again!.ask.get()
    await at.settle()
    expect(await asked).toBe(1)
    expect((await failure(at, there.ask.get())).code).toBe('lost')
    // Its old text still leads home there, and in what it sends it has the new name.
    expect(bob.resolve<Desk>(there.toJSON())).toBe(mine)
    const echo = at.of('ann').spawn(desk, 'echo')
    bob.resolve<Desk>(echo.toJSON()).tell.put({ mine })
    await at.settle()
    const held = echo.ask.get()
    await at.settle()
    expect(((await held) as { mine: ActorRef<Desk> }).mine.toJSON()).toBe(again!.toJSON())
    again!.tell.put({ home: again })
    const home = again!.ask.get()
    await at.settle()
    expect(((await home) as { home: ActorRef<Desk> }).home.toJSON()).toBe(again!.toJSON())
  })
})

describe('what another peer sends', () => {
  it('is a dead letter when it cannot be read, and an ask is answered so', async () => {
    const { at, letters, there } = await two()
    const text = (items: unknown): Uint8Array => encodeText(JSON.stringify(items))
    const items = [
      null,
      { t: 'what' },
      { t: 'tell', at: ['peer/desk', 1], handler: 7, message: { value: { v: 1 } } },
      {
        t: 'tell',
        at: ['peer/desk', 1],
        handler: 'put',
        message: { value: { v: 1 }, refs: [[['a'], 'no ref']] },
      },
      { t: 'tell', at: ['peer/desk', 1], handler: 'put', message: { value: { s: { json: 1, meta: 2 } } } },
      { t: 'tell', at: ['peer/desk', -1], handler: 'put', message: { value: { v: 1 } } },
      { t: 'reply', id: 99, message: { value: { v: 1 } } },
      { t: 'ended', at: ['peer/x', 4], why: 'stopped' },
      { t: 'offers', offers: [['k', ['no ref']]] },
    ]
    at.inject('ann', 'bob', {
      t: 'batch',
      from: 1,
      to: 1,
      seq: 1,
      count: items.length,
      ack: 0,
      data: text(items),
    })
    at.inject('ann', 'bob', { t: 'batch', from: 1, to: 1, seq: 10, count: 3, ack: 0, data: text([1]) })
    at.inject('ann', 'bob', { t: 'batch', from: 1, to: 1, seq: 13, count: 1, ack: 0 })
    await at.settle()
    expect(letters.filter(({ reason }) => reason === 'malformed')).toHaveLength(8)
    expect(at.host.engine.faults).toEqual([])
    expect(at.of('bob').resolve(there.toJSON()).path).toBe('peer/desk')
  })
})
