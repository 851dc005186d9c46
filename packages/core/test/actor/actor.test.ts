import { describe, expect, it } from 'vitest'
import {
  type ActorFailure,
  type ActorRef,
  type ActorSystem,
  AskError,
  actor,
  actorLimits,
  actorSystem,
  type DeadLetter,
  reply,
  SpawnError,
} from '../../src/actor/index.js'
import { gate, type ManualHost, manualHost } from './manual.js'

interface Stage {
  readonly host: ManualHost
  readonly system: ActorSystem
  readonly failures: ActorFailure[]
  readonly dead: DeadLetter[]
}

function stage(): Stage {
  const host = manualHost()
  const system = actorSystem({ host, name: 'app' })
  const failures: ActorFailure[] = []
  const dead: DeadLetter[] = []
  system.failures$.subscribe((failure) => failures.push(failure))
  system.deadLetters$.subscribe((letter) => dead.push(letter))
  return { host, system, failures, dead }
}

const counter = actor({
  state: () => ({ n: 0 }),
  on: {
    inc: (s, m: { by: number }) => ({ n: s.n + m.by }),
    get: (s) => reply(s, s.n),
    slowGet: async (s, m: { after: Promise<void> }) => {
      await m.after
      return reply(s, s.n)
    },
    fail: () => {
      throw new Error('broken')
    },
    failLater: () => Promise.reject(new Error('broken later')),
  },
})

/** The code of the error with which `asked` ends, or `replied`. */
function outcome(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => 'replied',
    (error: unknown) => (error instanceof AskError ? error.code : 'another error'),
  )
}

describe('tell and ask', () => {
  it('messages are handled in order and never inside tell', async () => {
    const { host, system } = stage()
    const c = system.spawn(counter, 'c')
    c.tell.inc({ by: 1 })
    const first = c.ask.get()
    c.tell.inc({ by: 10 })
    const { get } = c.ask
    const second = get()
    await host.engine.settle()
    expect(await Promise.all([first, second])).toEqual([1, 11])
  })

  it('an ask of a handler without reply resolves after the handler', async () => {
    const { host, system } = stage()
    const c = system.spawn(counter, 'c')
    const done = c.ask.inc({ by: 2 })
    await host.engine.settle()
    expect(await done).toBeUndefined()
  })

  it('an asynchronous handler keeps the next message waiting', async () => {
    const { host, system } = stage()
    const c = system.spawn(counter, 'c')
    const door = gate()
    const slow = c.ask.slowGet({ after: door.opened })
    c.tell.inc({ by: 1 })
    const after = c.ask.get()
    await host.engine.settle()
    door.open()
    await host.engine.settle()
    expect([await slow, await after]).toEqual([0, 1])
  })

  it('an ask ends at its deadline, and no timer is left by any ending', async () => {
    const { host, system } = stage()
    const c = system.spawn(counter, 'c')
    const never = gate()
    const usual = outcome(c.ask.slowGet({ after: never.opened }))
    const short = outcome(c.askWithin(10).get())
    await host.engine.settle()
    host.advance(10)
    expect(await short).toBe('timeout')
    host.advance(actorLimits.askTimeoutMs - 11)
    // The deadline, and the one that looks for handlers that do not return.
    expect(host.timersSet).toBe(2)
    host.advance(1)
    expect(await usual).toBe('timeout')
    never.open()
    const prompt = outcome(c.ask.get())
    const failed = outcome(c.ask.fail())
    await host.engine.settle()
    host.advance(actorLimits.handlerLimitMs / 10)
    expect([await prompt, await failed, host.timersSet]).toEqual(['replied', 'failed', 0])
  })

  it('an ask fails with what the handler threw as its cause', async () => {
    const { host, system } = stage()
    const c = system.spawn(counter, 'c')
    const asked = c.ask.failLater().catch((error: unknown) => error)
    await host.engine.settle()
    expect(await asked).toMatchObject({ code: 'failed', cause: { message: 'broken later' } })
  })

  it('an ask fails at once when its target is stopped, whether it waits or comes later', async () => {
    const { host, system } = stage()
    const c = system.spawn(counter, 'c')
    const waiting = outcome(c.ask.get())
    const stopped = system.stop(c)
    expect(await waiting).toBe('stopped')
    await host.engine.settle()
    await stopped
    expect(await outcome(c.ask.get())).toBe('stopped')
    expect(host.timersSet).toBe(0)
  })

  it('one turn handles at most a batch, so that other actors get theirs', async () => {
    const { host, system } = stage()
    const c = system.spawn(counter, 'c')
    const asked: number[] = []
    for (let n = 0; n < actorLimits.batchMessages + 1; n++) void c.ask.get().then(() => asked.push(n))
    host.engine.step()
    for (let n = 0; n < 5; n++) await Promise.resolve()
    expect(asked.length).toBe(actorLimits.batchMessages)
    await host.engine.settle()
    expect(asked.length).toBe(actorLimits.batchMessages + 1)
  })

  it('slow handlers end the turn before the batch is full', async () => {
    const { host, system } = stage()
    let handled = 0
    const slow = actor({
      state: () => 0,
      on: {
        work: (s) => {
          handled++
          host.advance(1)
          return s
        },
      },
    })
    const s = system.spawn(slow, 's')
    for (let n = 0; n < 64; n++) s.tell.work()
    host.engine.step()
    expect(handled).toBeLessThanOrEqual(actorLimits.budgetEvery)
    await host.engine.settle()
    expect(handled).toBe(64)
  })

  it('a full mailbox refuses: a tell becomes a dead letter, an ask an error', async () => {
    const { host, system, dead } = stage()
    const small = actor({
      state: () => 0,
      on: { add: (s) => s + 1, get: (s) => reply(s, s) },
      mailbox: { capacity: 2 },
    })
    const s = system.spawn(small, 's')
    s.tell.add()
    s.tell.add()
    s.tell.add()
    expect(await outcome(s.ask.get())).toBe('full')
    expect(dead.map(({ path, handler, reason }) => ({ path, handler, reason }))).toEqual([
      { path: 'app/s', handler: 'add', reason: 'full' },
      { path: 'app/s', handler: 'get', reason: 'full' },
    ])
    await host.engine.settle()
    const count = s.ask.get()
    await host.engine.settle()
    expect(await count).toBe(2)
  })

  it('an overload does not flood the log', () => {
    const { host, system, dead } = stage()
    const small = actor({ state: () => 0, on: { add: (s) => s + 1 }, mailbox: { capacity: 0 } })
    const s = system.spawn(small, 's')
    for (let n = 0; n < 1_000; n++) s.tell.add()
    expect(dead.length).toBe(1_000)
    expect(host.lines.map((line) => line.data?.['count'])).toEqual([1, 10, 100, 1_000])
  })
})

describe('supervision', () => {
  it('a handler that throws gets fresh state, and what waits is still handled', async () => {
    const { host, system, failures } = stage()
    const c = system.spawn(counter, 'c')
    c.tell.inc({ by: 5 })
    c.tell.fail()
    c.tell.inc({ by: 1 })
    c.tell.failLater()
    c.tell.inc({ by: 2 })
    const left = c.ask.get()
    await host.engine.settle()
    expect(await left).toBe(2)
    expect(failures.map(({ path, during, action }) => [path, during, action])).toEqual([
      ['app/c', 'fail', 'restart'],
      ['app/c', 'failLater', 'restart'],
    ])
    expect(host.lines.map((line) => [line.level, line.event])).toEqual([
      ['error', 'actor-failed'],
      ['error', 'actor-failed'],
    ])
  })

  it('after ten restarts within a minute the next failure stops the actor', async () => {
    const { host, system, failures, dead } = stage()
    const c = system.spawn(counter, 'c')
    for (let n = 0; n < 12; n++) c.tell.fail()
    await host.engine.settle()
    expect(failures.map((failure) => failure.action)).toEqual([...Array<string>(10).fill('restart'), 'stop'])
    expect(dead.map((letter) => letter.reason)).toEqual(['stopped'])
  })

  it('restarts that are older than the window no longer count', async () => {
    const { host, system, failures } = stage()
    const c = system.spawn(counter, 'c')
    for (let n = 0; n < 30; n++) {
      c.tell.fail()
      await host.engine.settle()
      host.advance(6_000)
    }
    expect(failures.filter((failure) => failure.action === 'stop')).toEqual([])
    expect(failures.length).toBe(30)
  })

  it('a restart stops the children first, and frees their names', async () => {
    const { host, system } = stage()
    const seen: string[] = []
    const leaf = actor({ state: () => 0, on: {}, postStop: () => void seen.push('leaf stopped') })
    const parent = actor({
      state: () => void seen.push('state'),
      on: {
        grow: (s, _m, ctx) => {
          ctx.spawn(leaf, 'leaf')
          return s
        },
        fail: () => {
          throw new Error('broken')
        },
      },
    })
    const p = system.spawn(parent, 'p')
    p.tell.grow()
    p.tell.fail()
    p.tell.grow()
    await host.engine.settle()
    expect(seen).toEqual(['state', 'leaf stopped', 'state'])
  })

  it('a factory that throws makes spawn throw, and at a restart stops the actor', async () => {
    const { host, system, failures } = stage()
    let broken = true
    const moody = actor({
      state: () => {
        if (broken) throw new Error('no state')
        return 0
      },
      on: {
        fail: () => {
          throw new Error('broken')
        },
      },
    })
    expect(() => system.spawn(moody, 'm')).toThrow('no state')
    broken = false
    const m = system.spawn(moody, 'm')
    broken = true
    m.tell.fail()
    await host.engine.settle()
    expect(failures.map(({ during, action }) => [during, action])).toEqual([
      ['fail', 'restart'],
      ['state()', 'stop'],
    ])
    await system.stop(m)
  })
})

/** Grows a chain of children below itself and notes when each stops. */
function treeActor(seen: string[], name: string) {
  return actor({
    state: () => ({ children: [] as ActorRef<{ grow: (m: { names: string[] }) => void }>[] }),
    on: {
      grow: (s, m: { names: string[] }, ctx) => {
        const [first, ...rest] = m.names
        if (first === undefined) return s
        const child: ActorRef<{ grow: (m: { names: string[] }) => void }> = ctx.spawn(
          treeActor(seen, first),
          first,
        )
        child.tell.grow({ names: rest })
        return { children: [...s.children, child] }
      },
    },
    postStop: async () => {
      await Promise.resolve()
      seen.push(name)
    },
  })
}

describe('stop', () => {
  it('children stop before their parent, the deepest first, one after another, the youngest first', async () => {
    const { host, system } = stage()
    const seen: string[] = []
    const root = system.spawn(treeActor(seen, 'root'), 'root')
    root.tell.grow({ names: ['a', 'aa', 'aaa'] })
    root.tell.grow({ names: ['b', 'bb'] })
    await host.engine.settle()
    const stopped = system.stop(root)
    await host.engine.settle()
    await stopped
    expect(seen).toEqual(['bb', 'b', 'aaa', 'aa', 'a', 'root'])
  })

  it('waits for the running handler, whose reply still arrives; the rest becomes dead letters at once', async () => {
    const { host, system, dead } = stage()
    const c = system.spawn(counter, 'c')
    const door = gate()
    const running = c.ask.slowGet({ after: door.opened })
    await host.engine.settle()
    c.tell.inc({ by: 1 })
    let stopped = false
    void system.stop(c).then(() => (stopped = true))
    c.tell.inc({ by: 2 })
    expect(dead.map((letter) => letter.message)).toEqual([{ by: 1 }, { by: 2 }])
    await host.engine.settle()
    expect(stopped).toBe(false)
    door.open()
    await host.engine.settle()
    expect([await running, stopped]).toEqual([0, true])
  })

  it('an actor that stops itself handles nothing more', async () => {
    const { host, system, dead } = stage()
    const seen: string[] = []
    const mortal = actor({
      state: () => 'alive',
      on: {
        die: (_s, _m, { stop }) => {
          stop()
          return 'dying'
        },
      },
      postStop: (s) => void seen.push(s),
    })
    const m = system.spawn(mortal, 'm')
    m.tell.die()
    m.tell.die()
    await host.engine.settle()
    expect([seen, dead.length]).toEqual([['dying'], 1])
  })

  it('an actor that fails after it was stopped is not started again', async () => {
    const { host, system, failures } = stage()
    const seen: string[] = []
    const mortal = actor({
      state: () => 'fresh',
      on: {
        use: () => 'used',
        die: (_s, _m, ctx) => {
          ctx.stop()
          throw new Error('broken')
        },
      },
      postStop: (s) => void seen.push(s),
    })
    const m = system.spawn(mortal, 'm')
    m.tell.use()
    m.tell.die()
    await host.engine.settle()
    expect(failures.map((failure) => failure.action)).toEqual(['stop'])
    expect(seen).toEqual(['used'])
  })

  it('a child born while its siblings are stopped is stopped before the parent too', async () => {
    const { host, system } = stage()
    const seen: string[] = []
    const late = actor({ state: () => 0, on: {}, postStop: () => void seen.push('late') })
    const parent = actor({
      state: () => 0,
      on: {
        grow: (s, _m, { spawn }) => {
          const postStop = (): void => void (seen.push('early'), spawn(late, 'late'))
          spawn(actor({ state: () => 0, on: {}, postStop }), 'early')
          return s
        },
      },
      postStop: () => void seen.push('parent'),
    })
    const p = system.spawn(parent, 'p')
    p.tell.grow()
    await host.engine.settle()
    const stopped = system.stop(p)
    await host.engine.settle()
    await stopped
    expect(seen).toEqual(['early', 'late', 'parent'])
  })

  it('a postStop that throws is reported, and the stop completes', async () => {
    const { host, system, failures } = stage()
    const bad = actor({ state: () => 0, on: {}, postStop: () => Promise.reject(new Error('broken')) })
    const stopped = system.stop(system.spawn(bad, 'b'))
    await host.engine.settle()
    await stopped
    expect(failures.map(({ during, action }) => [during, action])).toEqual([['postStop', 'stop']])
  })

  it('a name is free again after the stop, and the old ref does not reach the new actor', async () => {
    const { host, system, dead } = stage()
    const old = system.spawn(counter, 'c')
    expect(() => system.spawn(counter, 'c')).toThrow(SpawnError)
    const stopped = system.stop(old)
    await host.engine.settle()
    await stopped
    const young = system.spawn(counter, 'c')
    old.tell.inc({ by: 1 })
    const count = young.ask.get()
    await host.engine.settle()
    expect([await count, dead.length, old.path === young.path, old.uid === young.uid]).toEqual([
      0,
      1,
      true,
      false,
    ])
  })

  it('a stopped actor can have no more children', async () => {
    const { host, system } = stage()
    const found: unknown[] = []
    const parent = actor({
      state: () => 0,
      on: {},
      postStop: (_s, ctx) => {
        try {
          ctx.spawn(counter, 'late')
        } catch (error) {
          found.push(error)
        }
      },
    })
    const stopped = system.stop(system.spawn(parent, 'p'))
    await host.engine.settle()
    await stopped
    expect(found).toMatchObject([{ code: 'stopped' }])
  })

  it('shutdown stops everything, ends the streams and lets nothing start', async () => {
    const { host, system } = stage()
    const seen: string[] = []
    const named = (name: string) => actor({ state: () => 0, on: {}, postStop: () => void seen.push(name) })
    system.spawn(named('first'), 'first')
    system.spawn(named('second'), 'second')
    system.deadLetters$.subscribe({ complete: () => seen.push('stream ended') })
    const done = system.shutdown()
    expect(() => system.spawn(counter, 'third')).toThrow(SpawnError)
    await host.engine.settle()
    await done
    expect(seen).toEqual(['second', 'first', 'stream ended'])
  })

  it.each(['', 'a/b', 'a b'])('the name "%s" is refused', (name) => {
    expect(() => stage().system.spawn(counter, name)).toThrow(expect.objectContaining({ code: 'name' }))
  })
})

describe('context', () => {
  it('at is the time at which the message began, also after an await', async () => {
    const { host, system } = stage()
    const door = gate()
    const timed = actor({
      state: () => 0,
      on: {
        span: async (s, _m, ctx) => {
          const began = ctx.at
          await door.opened
          return reply(s, [began, ctx.at])
        },
        now: (s, _m, ctx) => reply(s, ctx.at),
      },
    })
    const t = system.spawn(timed, 't')
    const span = t.ask.span()
    const after = t.ask.now()
    await host.engine.settle()
    host.advance(7)
    door.open()
    await host.engine.settle()
    expect([await span, await after]).toEqual([[1_000_000, 1_000_000], 1_000_007])
  })

  it('log lines carry the path, and self is the ref', async () => {
    const { host, system } = stage()
    const self = actor({
      state: () => 0,
      on: {
        who: (s, _m, { self: me, log }) => {
          log.write('info', 'here', 'I am here', { mood: 'good' })
          return reply(s, me)
        },
      },
    })
    const ref = system.spawn(self, 'me')
    const who = ref.ask.who()
    await host.engine.settle()
    expect(await who).toBe(ref)
    expect(host.lines).toEqual([
      { level: 'info', event: 'here', text: 'I am here', data: { mood: 'good', actor: 'app/me' } },
    ])
  })
})
