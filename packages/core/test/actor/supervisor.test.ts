import { describe, expect, it } from 'vitest'
import {
  type ActorRef,
  actor,
  type Behavior,
  type Ctx,
  reply,
  type Supervision,
} from '../../src/actor/index.js'
import { gate } from './manual.js'
import { type Stage, stage } from './stage.js'

interface Child {
  readonly add: () => void
  readonly get: () => number
  readonly fail: () => void
  readonly failLater: (m: { after: Promise<void> }) => void
  readonly wait: (m: { after: Promise<void> }) => void
}

type Seen = string[]

function childOf(name: string, seen: Seen, extra: { max?: number; minMs?: number } = {}): Behavior<Child> {
  const { max = 10, minMs } = extra
  const backoff = minMs === undefined ? {} : { backoff: { minMs, maxMs: minMs * 4, jitter: 0 } }
  return actor({
    state: () => {
      seen.push(`${name} begins`)
      return 0
    },
    on: {
      add: (n) => n + 1,
      get: (n) => reply(n, n),
      fail: () => {
        throw new Error(`${name} broken`)
      },
      failLater: async (_n, m: { after: Promise<void> }) => {
        await m.after
        throw new Error(`${name} broken`)
      },
      wait: async (n, m: { after: Promise<void> }) => {
        await m.after
        seen.push(`${name} ends its handler`)
        return n
      },
    },
    preRestart: (_n, error) =>
      void seen.push(`${name} unwinds: ${error instanceof Error ? error.message : ''}`),
    postStop: () => void seen.push(`${name} stops`),
    restarts: { max, windowMs: 10_000, ...backoff },
  })
}

interface Staged extends Stage {
  readonly seen: Seen
  readonly parent: ActorRef<{ count: () => number; fail: () => void }>
  readonly kids: readonly ActorRef<Child>[]
  /** What was seen since the last call. */
  news(): string[]
}

/** A parent with the children a, b and c. */
async function family(
  supervision: Supervision | undefined,
  extra: { max?: number; minMs?: number; parentMax?: number } = {},
): Promise<Staged> {
  const staged = stage()
  const seen: Seen = []
  const kids: ActorRef<Child>[] = []
  const parent = actor({
    state: (ctx: Ctx) => {
      seen.push('parent begins')
      kids.splice(0)
      for (const name of ['a', 'b', 'c']) kids.push(ctx.spawn(childOf(name, seen, extra), name))
      return 0
    },
    on: {
      count: (n, _m, ctx) => reply(n, ctx.children.length),
      fail: () => {
        throw new Error('parent broken')
      },
    },
    postStop: () => void seen.push('parent stops'),
    restarts: { max: extra.parentMax ?? 10, windowMs: 1_000 },
    ...(supervision === undefined ? {} : { supervision }),
  })
  const ref = staged.system.spawn(parent, 'p')
  await staged.settle()
  seen.splice(0)
  return { ...staged, seen, parent: ref, kids, news: () => seen.splice(0) }
}

async function ask<T>(staged: Stage, asked: Promise<T>): Promise<T> {
  await staged.settle()
  return asked
}

describe('one-for-one', () => {
  it('restarts the child that failed, and nobody else', async () => {
    const f = await family(undefined)
    const [a, b] = f.kids
    a?.tell.add()
    b?.tell.add()
    a?.tell.fail()
    await f.settle()
    expect(f.news()).toEqual(['a unwinds: a broken', 'a begins'])
    expect([await ask(f, a!.ask.get()), await ask(f, b!.ask.get())]).toEqual([0, 1])
  })

  it('resume keeps the state from before the message', async () => {
    const f = await family({ decide: () => 'resume' })
    const [a] = f.kids
    a?.tell.add()
    a?.tell.fail()
    a?.tell.add()
    expect(await ask(f, a!.ask.get())).toBe(2)
    expect([f.news(), f.failures.map((failure) => failure.action)]).toEqual([[], ['resume']])
  })

  it('stop ends the child alone, and its watchers hear that it failed', async () => {
    const f = await family({ decide: () => 'stop' })
    const [a] = f.kids
    const heard: unknown[] = []
    const watcher = actor({
      state: (ctx: Ctx) => ctx.watch(a!, 'ended'),
      on: {},
      internal: { ended: (_s, m: { why: string }) => void heard.push(m.why) },
    })
    f.system.spawn(watcher, 'w')
    a?.tell.fail()
    await f.settle()
    expect([f.news(), heard]).toEqual([['a stops'], ['failed']])
    expect(await ask(f, f.parent.ask.count())).toBe(2)
  })

  it('after the limit within the window the child stops, or its parent fails', async () => {
    const stops = await family(undefined, { max: 2 })
    for (let n = 0; n < 3; n++) stops.kids[1]?.tell.fail()
    await stops.settle()
    expect(stops.failures.map(({ path, action }) => [path, action])).toEqual([
      ['app/p/b', 'restart'],
      ['app/p/b', 'restart'],
      ['app/p/b', 'stop'],
    ])
    const escalates = await family({ onLimit: 'escalate' }, { max: 0 })
    escalates.kids[1]?.tell.fail()
    await escalates.settle()
    expect(escalates.failures.map(({ path, during, action }) => [path, during, action])).toEqual([
      ['app/p/b', 'fail', 'escalate'],
      ['app/p', 'child b', 'restart'],
    ])
    expect(escalates.news()).toEqual([
      'c stops',
      'b stops',
      'a stops',
      'parent begins',
      'a begins',
      'b begins',
      'c begins',
    ])
  })

  it('the back-off doubles, waits with what comes meanwhile, and stops at its maximum', async () => {
    const f = await family(undefined, { minMs: 100 })
    const [a] = f.kids
    const waits: number[] = []
    for (let n = 0; n < 4; n++) {
      const beganMs = f.host.clock.now().monotonicMs
      a?.tell.fail()
      const answer = a!.ask.get().then(() => waits.push(f.host.clock.now().monotonicMs - beganMs))
      await f.settle()
      await f.pass(500, 10)
      await answer
    }
    expect(waits).toEqual([100, 200, 400, 400])
  })

  it('a child that is stopped while it backs off stops at once, and leaves no timer', async () => {
    const f = await family(undefined, { minMs: 100 })
    f.kids[0]?.tell.fail()
    await f.settle()
    const stopped = f.system.stop(f.kids[0]!)
    await f.settle()
    await stopped
    expect([f.news(), f.host.timersSet]).toEqual([['a unwinds: a broken', 'a stops'], 0])
  })
})

describe('all-for-one and rest-for-one', () => {
  it('all halt, the youngest first, then begin, the oldest first', async () => {
    const f = await family({ strategy: 'all-for-one' })
    f.kids[1]?.tell.fail()
    await f.settle()
    expect(f.news()).toEqual([
      'c unwinds: b broken',
      'b unwinds: b broken',
      'a unwinds: b broken',
      'a begins',
      'b begins',
      'c begins',
    ])
  })

  it('rest-for-one concerns the one that failed and those after it', async () => {
    const f = await family({ strategy: 'rest-for-one' })
    f.kids[0]?.tell.add()
    f.kids[1]?.tell.fail()
    await f.settle()
    expect(f.news()).toEqual(['c unwinds: b broken', 'b unwinds: b broken', 'b begins', 'c begins'])
    expect(await ask(f, f.kids[0]!.ask.get())).toBe(1)
  })

  it('waits for the running handler of a sibling, and keeps the mailboxes', async () => {
    const f = await family({ strategy: 'all-for-one' })
    const door = gate()
    f.kids[2]?.tell.wait({ after: door.opened })
    f.kids[2]?.tell.add()
    await f.settle()
    f.kids[0]?.tell.fail()
    f.kids[0]?.tell.add()
    await f.settle()
    expect(f.news()).toEqual([])
    door.open()
    await f.settle()
    expect(f.news()[0]).toBe('c ends its handler')
    expect([await ask(f, f.kids[0]!.ask.get()), await ask(f, f.kids[2]!.ask.get())]).toEqual([1, 1])
  })

  it('restarts of several count together against the limit of the parent, whose end is that of all concerned', async () => {
    const f = await family({ strategy: 'rest-for-one', restarts: { max: 1, windowMs: 1_000 } })
    f.kids[2]?.tell.fail()
    await f.settle()
    f.news()
    f.kids[1]?.tell.fail()
    await f.settle()
    expect(f.news()).toEqual(['c stops', 'b stops'])
    expect(await ask(f, f.parent.ask.count())).toBe(1)
  })

  it('an older sibling that fails while the younger ones wait takes them along', async () => {
    const backoff = { minMs: 100, maxMs: 100, jitter: 0 }
    const f = await family({ strategy: 'rest-for-one', restarts: { max: 9, windowMs: 1_000, backoff } })
    f.kids[2]?.tell.fail()
    await f.settle()
    f.host.advance(50)
    f.kids[1]?.tell.fail()
    await f.settle()
    f.host.advance(60)
    await f.settle()
    expect(f.news()).toEqual(['c unwinds: c broken', 'b unwinds: b broken'])
    f.host.advance(40)
    await f.settle()
    expect(f.news()).toEqual(['b begins', 'c begins'])
  })

  it('a second failure that stops some does not spare those whom the first one stops', async () => {
    const f = await family({ strategy: 'rest-for-one', decide: () => 'stop' })
    const [slow, late] = [gate(), gate()]
    f.kids[2]?.tell.wait({ after: slow.opened })
    f.kids[1]?.tell.fail()
    f.kids[0]?.tell.failLater({ after: late.opened })
    await f.settle()
    // Now c is waited for, b comes next; a joins them.
    late.open()
    await f.settle()
    slow.open()
    await f.settle()
    expect(f.news()).toEqual(['c ends its handler', 'c stops', 'b stops', 'a stops'])
  })

  it('a member that is stopped meanwhile is passed over', async () => {
    const f = await family({ strategy: 'all-for-one' })
    const door = gate()
    f.kids[1]?.tell.wait({ after: door.opened })
    await f.settle()
    f.kids[0]?.tell.fail()
    await f.settle()
    void f.system.stop(f.kids[1]!)
    door.open()
    await f.settle()
    expect(f.news()).toEqual([
      'c unwinds: a broken',
      'a unwinds: a broken',
      'a begins',
      'c begins',
      'b ends its handler',
      'b stops',
    ])
  })
})

describe('escalation', () => {
  it('a parent that is resumed resumes the child whose failure it was', async () => {
    const staged = stage()
    const seen: Seen = []
    let child: ActorRef<Child> | undefined
    const parent = actor({
      state: (ctx: Ctx) => {
        child = ctx.spawn(childOf('a', seen), 'a')
        return 0
      },
      on: {},
      supervision: { decide: () => 'escalate' },
    })
    const top = actor({
      state: (ctx: Ctx) => void ctx.spawn(parent, 'p'),
      on: {},
      supervision: { decide: () => 'resume' },
    })
    staged.system.spawn(top, 'top')
    child?.tell.add()
    child?.tell.fail()
    child?.tell.add()
    expect(await ask(staged, child!.ask.get())).toBe(2)
    expect(staged.failures.map(({ path, action }) => [path, action])).toEqual([
      ['app/top/p/a', 'escalate'],
      ['app/top/p', 'resume'],
    ])
  })

  it('waits for the running handler of the parent', async () => {
    const staged = stage()
    const door = gate()
    const seen: Seen = []
    let child: ActorRef<Child> | undefined
    const parent = actor({
      state: (ctx: Ctx) => {
        seen.push('parent begins')
        child = ctx.spawn(childOf('a', []), 'a')
        return 0
      },
      on: {
        slow: async (s) => {
          await door.opened
          seen.push('parent ends its handler')
          return s
        },
      },
      supervision: { decide: () => 'escalate' },
    })
    const p = staged.system.spawn(parent, 'p')
    p.tell.slow()
    await staged.settle()
    child?.tell.fail()
    await staged.settle()
    door.open()
    await staged.settle()
    expect(seen).toEqual(['parent begins', 'parent ends its handler', 'parent begins'])
  })

  it('a supervisor that throws has failed itself, with what it threw', async () => {
    const f = await family({
      decide: () => {
        throw new Error('cannot decide')
      },
    })
    f.kids[0]?.tell.fail()
    await f.settle()
    expect(
      f.failures.map(({ path, during, error, action }) => [path, during, String(error), action]),
    ).toEqual([
      ['app/p/a', 'fail', 'Error: a broken', 'escalate'],
      ['app/p', 'decide', 'Error: cannot decide', 'restart'],
    ])
    expect(await ask(f, f.parent.ask.count())).toBe(3)
  })

  it('a child that fails while its parent stops is not started again, and the order of the stops stays', async () => {
    const f = await family(undefined)
    const [first, second] = [gate(), gate()]
    f.kids[2]?.tell.wait({ after: second.opened })
    f.kids[0]?.tell.failLater({ after: first.opened })
    await f.settle()
    const stopped = f.system.stop(f.parent)
    await f.settle()
    first.open()
    await f.settle()
    expect(f.news()).toEqual([])
    second.open()
    await f.settle()
    await stopped
    expect(f.news()).toEqual(['c ends its handler', 'c stops', 'b stops', 'a stops', 'parent stops'])
    expect(f.failures.map((failure) => failure.action)).toEqual(['stop'])
  })

  it('hooks that throw are reported and hinder nothing', async () => {
    const staged = stage()
    let begun = 0
    const bad = actor({
      state: () => ++begun,
      on: {
        fail: () => {
          throw new Error('broken')
        },
        get: (s) => reply(s, s),
      },
      preRestart: () => Promise.reject(new Error('hook')),
      postStop: () => {
        throw new Error('hook')
      },
    })
    const b = staged.system.spawn(bad, 'b')
    b.tell.fail()
    expect(await ask(staged, b.ask.get())).toBe(2)
    const stopped = staged.system.stop(b)
    await staged.settle()
    await stopped
    expect(staged.failures.map(({ during, action }) => [during, action])).toEqual([
      ['fail', 'restart'],
      ['preRestart', 'restart'],
      ['postStop', 'stop'],
    ])
  })
})
