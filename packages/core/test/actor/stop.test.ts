import { describe, expect, it } from 'vitest'
import { type ActorRef, actor, type Ctx, isRef, reply, StopError } from '../../src/actor/index.js'
import { gate } from './manual.js'
import { outcome, stage } from './stage.js'

const slow = (seen: string[] = [], name = 's') =>
  actor({
    state: () => 0,
    on: {
      wait: async (s, m: { after: Promise<void> }) => {
        await m.after
        return s
      },
      add: (s) => s + 1,
      get: (s) => reply(s, s),
    },
    postStop: () => void seen.push(`${name} stops`),
  })

describe('drain', () => {
  it('handles what waits, refuses what comes, then stops', async () => {
    const s = stage()
    const ref = s.system.spawn(slow(), 's')
    const door = gate()
    ref.tell.wait({ after: door.opened })
    ref.tell.add()
    const waiting = ref.ask.get()
    const stopped = s.system.stop(ref, { drain: true })
    expect([ref.tell.add(), await outcome(ref.ask.get())]).toEqual([false, 'stopped'])
    door.open()
    await s.settle()
    await stopped
    expect([await waiting, s.dead.length]).toEqual([1, 2])
  })

  it('the children are drained after their parent, which may still send to them', async () => {
    const s = stage()
    const seen: unknown[] = []
    const child = actor({
      state: () => 0,
      on: {
        put: (n, m: number) => {
          seen.push(m)
          return n
        },
      },
    })
    let kid: ActorRef<{ put: (m: number) => void }> | undefined
    const parent = actor({
      state: (ctx: Ctx) => {
        kid = ctx.spawn(child, 'kid')
        return 0
      },
      on: {
        put: (n, m: number) => {
          kid?.tell.put(m)
          return n
        },
      },
    })
    const p = s.system.spawn(parent, 'p')
    for (let n = 0; n < 3; n++) p.tell.put(n)
    const done = s.system.shutdown({ drain: true })
    await s.settle()
    await done
    expect([seen, s.dead]).toEqual([[0, 1, 2], []])
  })

  const failing = actor({
    state: () => 0,
    on: {
      failLater: async (_n, m: { after: Promise<void> }) => {
        await m.after
        throw new Error('broken')
      },
      get: (n) => reply(n, n),
    },
    restarts: { max: 1, windowMs: 1_000 },
  })

  it.each([
    ['one-for-one', 1],
    ['rest-for-one', 1],
    ['all-for-one', 2],
  ] as const)(
    '%s: a child that fails while it is drained goes on, and with its limit it ends',
    async (strategy, fails) => {
      const s = stage()
      const kids: ActorRef<{ failLater: (m: { after: Promise<void> }) => void; get: () => number }>[] = []
      const parent = actor({
        state: (ctx: Ctx) => {
          kids.splice(0)
          for (const name of ['a', 'b']) kids.push(ctx.spawn(failing, name))
          return 0
        },
        on: {},
        supervision: { strategy },
      })
      const p = s.system.spawn(parent, 'p')
      const door = gate()
      for (let n = 0; n < fails; n++) kids[1]?.tell.failLater({ after: door.opened })
      const last = outcome(kids[1]!.ask.get())
      await s.settle()
      const stopped = s.system.stop(p, { drain: true })
      await s.settle()
      door.open()
      await s.settle()
      await stopped
      expect(await last).toBe(fails === 1 ? 'replied' : 'stopped')
    },
  )

  it('siblings that were restarting together when their parent was told to drain end too', async () => {
    const s = stage()
    const kids: ActorRef<{ failLater: (m: { after: Promise<void> }) => void; get: () => number }>[] = []
    const parent = actor({
      state: (ctx: Ctx) => {
        for (const name of ['a', 'b']) kids.push(ctx.spawn(failing, name))
        return 0
      },
      on: {},
      supervision: {
        strategy: 'all-for-one',
        restarts: { max: 9, windowMs: 1_000, backoff: { minMs: 500, maxMs: 500 } },
      },
    })
    const p = s.system.spawn(parent, 'p')
    kids[0]?.tell.failLater({ after: Promise.resolve() })
    await s.settle()
    const asked = outcome(kids[1]!.ask.get())
    const stopped = s.system.stop(p, { drain: true })
    await s.settle()
    await stopped
    expect([await asked, s.host.timersSet]).toEqual(['replied', 1])
  })

  it('a second stop without drain ends the draining', async () => {
    const s = stage()
    const ref = s.system.spawn(slow(), 's')
    const door = gate()
    ref.tell.wait({ after: door.opened })
    await s.settle()
    const waiting = outcome(ref.ask.get())
    const both = [s.system.stop(ref, { drain: true }), s.system.stop(ref)]
    expect(await waiting).toBe('stopped')
    door.open()
    await s.settle()
    await Promise.all(both)
  })
})

describe('deadline', () => {
  it('names the actor that does not end, and its postStop still waits for its handler', async () => {
    const s = stage()
    const seen: string[] = []
    let kid: ActorRef<{ wait: (m: { after: Promise<void> }) => void }> | undefined
    const parent = actor({
      state: (ctx: Ctx) => {
        kid = ctx.spawn(slow(seen, 'kid'), 'kid')
        return 0
      },
      on: {},
      postStop: () => void seen.push('parent stops'),
    })
    const p = s.system.spawn(parent, 'p')
    const door = gate()
    kid?.tell.wait({ after: door.opened })
    await s.settle()
    const late = s.system.stop(p, { deadlineMs: 100 }).catch((error: unknown) => error)
    const patient = s.system.stop(p)
    await s.settle()
    await s.pass(100)
    const error = await late
    expect(error).toBeInstanceOf(StopError)
    expect(error).toMatchObject({
      path: 'app/p/kid',
      message: 'app/p/kid has not stopped within 100 ms: its wait has not returned',
    })
    expect(seen).toEqual([])
    door.open()
    await s.settle()
    await patient
    expect(seen).toEqual(['kid stops', 'parent stops'])
  })

  it('ends the draining, so that the stop is not held up by what waits', async () => {
    const s = stage()
    const ref = s.system.spawn(slow(), 's')
    const door = gate()
    ref.tell.wait({ after: door.opened })
    await s.settle()
    ref.tell.add()
    const late = outcome(s.system.stop(ref, { drain: true, deadlineMs: 50 }))
    await s.pass(50)
    expect([await late, s.dead.map((letter) => letter.handler)]).toEqual(['another error', ['add']])
  })

  it('of a shutdown names who does not end; in time it leaves no timer', async () => {
    const s = stage()
    const ref = s.system.spawn(slow(), 's')
    ref.tell.wait({ after: gate().opened })
    await s.settle()
    const late = s.system.shutdown({ deadlineMs: 50 }).catch((error: unknown) => error)
    await s.pass(50)
    expect(await late).toMatchObject({ path: 'app/s' })
    const other = stage()
    other.system.spawn(slow(), 's')
    const done = other.system.shutdown({ deadlineMs: 50 })
    await other.settle()
    await done
    expect(other.host.timersSet).toBe(0)
  })

  it('a hundred thousand children stop without a deep stack', async () => {
    const s = stage()
    const leaf = actor({ state: () => 0, on: {} })
    const parent = actor({
      state: (ctx: Ctx) => {
        for (let n = 0; n < 100_000; n++) ctx.spawn(leaf, `${n}`)
        return 0
      },
      on: {},
    })
    const stopped = s.system.stop(s.system.spawn(parent, 'p'))
    await s.settle()
    await stopped
    expect(s.system.local('app/p', 0)).toBeUndefined()
  })
})

describe('overload', () => {
  it('drop-oldest makes the one that waits longest the dead letter', async () => {
    const s = stage()
    const got: number[] = []
    const small = actor({
      state: (ctx: Ctx) => ctx.timers.once('t', 5, 'tick'),
      on: { put: (_s, m: number) => void got.push(m) },
      internal: { tick: () => void got.push(-1) },
      mailbox: { capacity: 2, overflow: 'drop-oldest' },
    })
    const ref = s.system.spawn(small, 's')
    // What the layer itself brings is never dropped.
    s.host.advance(5)
    const dropped = outcome(ref.ask.put(0))
    for (let n = 1; n < 5; n++) expect(ref.tell.put(n)).toBe(true)
    await s.settle()
    expect([await dropped, got, s.dead.map(({ message, reason }) => [message, reason])]).toEqual([
      'full',
      [-1, 3, 4],
      [
        [0, 'full'],
        [1, 'full'],
        [2, 'full'],
      ],
    ])
  })

  it('failures do not flood the log, which says how many it left out', async () => {
    const s = stage()
    const bad = actor({
      state: () => 0,
      on: {
        fail: () => {
          throw new Error('broken')
        },
      },
      restarts: { max: 1_000, windowMs: 1 },
    })
    const ref = s.system.spawn(bad, 'b')
    for (let n = 0; n < 200; n++) ref.tell.fail()
    await s.settle()
    expect([s.failures.length, s.host.lines.length]).toEqual([200, 50])
    await s.pass(10_000)
    ref.tell.fail()
    await s.settle()
    expect(s.host.lines.slice(50).map((line) => line.data?.['kept'] ?? line.text)).toEqual([
      150,
      'app/b threw in fail; it starts again with fresh state',
    ])
  })

  it('a mailbox of no size is refused', () => {
    for (const capacity of [-1, 0.5, Number.NaN])
      expect(() =>
        stage().system.spawn(actor({ state: () => 0, on: {}, mailbox: { capacity } }), 'a'),
      ).toThrow(RangeError)
  })
})

describe('a handler that does not return', () => {
  it('is reported once, by actor and name, and what else runs is not', async () => {
    const s = stage({ handlerLimitMs: 1_000 })
    const [a, b] = [s.system.spawn(slow(), 'a'), s.system.spawn(slow(), 'b')]
    const [never, soon] = [gate(), gate()]
    a.tell.wait({ after: never.opened })
    b.tell.wait({ after: soon.opened })
    await s.settle()
    expect(s.host.timersSet).toBe(1)
    await s.pass(900, 100)
    soon.open()
    await s.pass(3_000, 100)
    expect(s.failures.map(({ kind, path, during, action }) => [kind, path, during, action])).toEqual([
      ['stuck', 'app/a', 'wait', 'none'],
    ])
    never.open()
    await s.pass(200, 100)
    expect(s.host.timersSet).toBe(0)
  })
})

describe('refs', () => {
  it('a text leads to the actor, to its successor only with uid 0, and else to dead letters', async () => {
    const s = stage({ node: 'm.1' })
    const old = s.system.spawn(slow(), 's')
    const text = old.toJSON()
    expect([text, s.system.resolve(text) === old]).toEqual(['tanist:m.1/app/s#1', true])
    const stopped = s.system.stop(old)
    await s.settle()
    await stopped
    s.system.spawn(slow(), 's')
    type Slow = ActorRef<{ add: () => void; get: () => number }>
    const known = s.system.resolve('tanist:m.1/app/s#0') as unknown as Slow
    const gone = s.system.resolve(text) as unknown as Slow
    known.tell.add()
    const n = known.ask.get()
    expect([gone.tell.add(), await outcome(gone.ask.get()), isRef(gone)]).toEqual([false, 'stopped', true])
    await s.settle()
    expect(await n).toBe(1)
    expect(() => s.system.resolve('app/s')).toThrow(TypeError)
  })

  it('without a remote, actors of other nodes are lost at once', async () => {
    const s = stage({ node: 'm.1' })
    const far = s.system.resolve('tanist:other.3/app/s#4') as unknown as ActorRef<{ go: () => void }>
    const heard: unknown[] = []
    const watcher = actor({
      state: (ctx: Ctx) => ctx.watch(far, 'ended'),
      on: {},
      internal: { ended: (_s, m: { why: string }) => void heard.push(m.why) },
    })
    s.system.spawn(watcher, 'w')
    expect(await outcome(far.ask.go())).toBe('stopped')
    await s.settle()
    expect(heard).toEqual(['lost'])
  })

  it('with a remote, once, and only of the own node', () => {
    const s = stage({ node: 'm.1' })
    const asked: unknown[] = []
    const local = s.system.spawn(slow(), 's')
    const target = (node: string, path: string, uid: number) => {
      asked.push([node, path, uid])
      return s.system.local(local.path, local.uid)!
    }
    expect(() => s.system.connect({ node: 'other.1', target })).toThrow('belongs to "m.1"')
    s.system.connect({ node: 'm.1', target })
    expect(() => s.system.connect({ node: 'm.1', target })).toThrow('connected already')
    s.system.resolve('tanist:other.3/app/s#4')
    expect(asked).toEqual([['other.3', 'app/s', 4]])
  })
})
