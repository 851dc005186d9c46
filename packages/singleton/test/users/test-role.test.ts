import { describe, expect, it, vi } from 'vitest'
import { persist, role } from '../../src/index.js'
import type { Schema } from '../../src/index.js'
import { RoleTestError, testRole } from '../../src/testing/index.js'
import { stock } from './stock.js'

const told = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('nothing was thrown')
}

describe('testRole', () => {
  it('runs commands one after the other on the state that events made', () => {
    testRole(stock)
      .given((on) => [on.filled({ sku: 'a', n: 5 })])
      .when('take', { sku: 'a', n: 2 }, { at: 1_000, ids: ['o1'] })
      .thenPersisted((on) => [on.taken({ sku: 'a', n: 2, order: 'o1', at: 1_000 })])
      .thenReplied(3)
      .thenState({ items: { a: 3 }, orders: { o1: { sku: 'a', n: 2, at: 1_000 } } })
      .when('take', { sku: 'a', n: 4 })
      .thenRefused({ code: 'short', have: 3 })
      .when('empty')
      .thenPersisted([{ type: 'emptied', payload: undefined }])
      .thenState((s) => expect(s.items).toEqual({}))
  })

  it('begins with the first state when nothing is given', () => {
    testRole(stock).when('take', { sku: 'a', n: 1 }).thenRefused({ code: 'short', have: 0 })
    expect(testRole(stock).given().state).toEqual({ items: {}, orders: {} })
  })

  it('gives a retried command its first outcome, as the server does', () => {
    testRole(stock)
      .given((on) => [on.filled({ sku: 'a', n: 5 })])
      .when('take', { sku: 'a', n: 2 }, { id: 'shop:1' })
      .thenReplied(3)
      .when('take', { sku: 'a', n: 2 }, { id: 'shop:1' })
      .thenPersisted([])
      .thenReplied(3)
      .thenState((s) => s.items['a'] === 3)
  })

  it('says in words, and place by place, what came out differently', () => {
    const text = told(() =>
      testRole(stock)
        .given((on) => [on.filled({ sku: 'a', n: 5 })])
        .when('take', { sku: 'a', n: 2 }, { at: 1, ids: ['o1'] })
        .thenPersisted((on) => [on.taken({ sku: 'a', n: 3, order: 'o1', at: 1 })]),
    )
    expect(text).toBe(
      [
        "stock.take({ sku: 'a', n: 2 }) after 1 given event was to persist taken { sku: 'a', n: 3, order: 'o1', at: 1 }",
        "  but it persisted taken { sku: 'a', n: 2, order: 'o1', at: 1 } and was answered with 3",
        '  [0].payload.n: expected 3, got 2',
        "  The state is { items: { a: 3 }, orders: { o1: { sku: 'a', n: 2, at: 1 } } }.",
      ].join('\n'),
    )
    expect(told(() => testRole(stock).when('take', { sku: 'a', n: 2 }).thenReplied(1))).toMatch(
      /was to be answered with 1\n {2}but it was refused with \{ code: 'short', have: 0 \}/,
    )
    expect(
      told(() =>
        testRole(stock)
          .when('empty')
          .thenState({ items: { a: 1 }, orders: {} }),
      ),
    ).toMatch(/\.items\.a: expected 1, got nothing/)
    expect(
      told(() =>
        testRole(stock)
          .when('empty')
          .thenState(() => false),
      ),
    ).toMatch(/not as it was to be/)
    expect(() =>
      testRole(stock)
        .when('empty')
        .thenState({ items: { a: 1 }, orders: {} }),
    ).toThrow(RoleTestError)
  })

  it('refuses inputs, replies and refusals of another type when it is compiled', () => {
    const test = testRole(stock)
    // @ts-expect-error no such command
    expect(() => test.when('tkae', { sku: 'a', n: 1 })).toThrow(/no command 'tkae'; it has fill, take, empty/)
    // @ts-expect-error the input is not optional
    expect(() => test.when('take')).toThrow(/cannot read|Cannot read/i)
    // @ts-expect-error a number is answered
    expect(() => test.when('take', { sku: 'a', n: 0 }).thenReplied('0')).toThrow(RoleTestError)
    // @ts-expect-error no such refusal
    expect(() => test.when('take', { sku: 'a', n: 1 }).thenRefused({ code: 'shrt', have: 0 })).toThrow(
      RoleTestError,
    )
    // @ts-expect-error fill is never refused
    expect(() => test.when('fill', { sku: 'a', n: 1 }).thenRefused('x')).toThrow(RoleTestError)
  })
})

describe('what no role may do', () => {
  const outside = { calls: 0 }
  const bad = role('bad', {
    state: () => ({ n: 0, tags: new Map<string, number>() }),
    events: {
      added: (s, e: { by: number }) => ({ ...s, n: s.n + e.by }),
      random: (s) => ({ ...s, n: s.n + Math.random() }),
      counted: (s) => ({ ...s, n: s.n + outside.calls }),
      mutated: (s) => {
        ;(s as { n: number }).n += 1
        return s
      },
      tagged: (s, e: { tag: string }) => {
        s.tags.set(e.tag, 1)
        return s
      },
    },
    commands: {
      add: (_s, c: { by: number }, on) => persist(on.added(c)).reply((next) => next.n),
      random: (_s, _none: void, on) => persist(on.random()),
      dice: (_s, _none: void, on) => persist(on.added({ by: Math.random() })),
      mutate: (s, _none: void, on) => {
        ;(s as { n: number }).n = 7
        return persist(on.added({ by: 1 }))
      },
      tag: (s, _none: void, on) => {
        s.tags.set('x', 1)
        return persist(on.added({ by: 1 }))
      },
      input: (_s, c: { by: number }, on) => {
        c.by += 1
        return persist(on.added(c))
      },
      evolveMutates: (_s, _none: void, on) => persist(on.mutated()),
      evolveTags: (_s, _none: void, on) => persist(on.tagged({ tag: 'x' })),
      outsideState: (_s, _none: void, on) => {
        outside.calls += 1
        return persist(on.counted())
      },
      strange: (_s, _none: void, on) => persist(on.added({ by: (() => 1) as unknown as number })),
      answerRandom: (_s, _none: void, on) => persist(on.added({ by: 1 })).reply(() => Math.random()),
      ids: (_s, _none: void, on, ctx) => persist(on.added({ by: ctx.id().length + ctx.id().length })),
      throws: () => {
        throw new Error('no luck')
      },
    },
  })

  it.each([
    [
      'dice',
      /The command bad\.dice decides differently when it is asked twice the same \(\[0\]\.payload\.by/,
    ],
    ['random', /The event function bad\.random gives two results for the same state and event/],
    ['mutate', /The command bad\.mutate changes what it was given \(Cannot assign to read only/],
    ['tag', /The command bad\.tag changes what it was given\. Return a new value/],
    ['evolveMutates', /The event function bad\.mutated changes what it was given/],
    ['evolveTags', /The event function bad\.tagged changes what it was given/],
    ['strange', /bad\.strange\(\) failed: CodecError: .*function cannot be sent or kept/],
    ['answerRandom', /The reply of bad\.answerRandom gives two results/],
    ['throws', /bad\.throws\(\) failed: Error: no luck/],
  ] as const)('%s is told', (command, text) => {
    expect(told(() => testRole(bad).when(command))).toMatch(text)
  })

  it('an input that is changed is told', () => {
    expect(told(() => testRole(bad).when('input', { by: 1 }))).toMatch(/bad\.input changes what it was given/)
  })

  it('state outside of the state is told, as a replica does not have it', () => {
    expect(told(() => testRole(bad).when('outsideState').when('outsideState'))).toMatch(
      /comes to another state of 'bad': \.n: expected \d+, got \d+\. Event functions may use nothing but/,
    )
  })

  it('a first state that is another one each time is told', () => {
    const clock = role('clock', { state: () => ({ at: Math.random() }), events: {}, commands: {} })
    expect(told(() => testRole(clock))).toMatch(/first state of 'clock' is another one each time: \.at/)
  })

  it('more ids than the test gave are told', () => {
    expect(told(() => testRole(bad).when('ids', undefined, { ids: ['a'] }))).toMatch(
      /asks for 2 ids; the test has given 1/,
    )
  })

  it('effects of a command show, as each command runs twice', () => {
    const send = vi.fn<() => void>()
    const mailer = role('mailer', {
      state: () => 0,
      events: { sent: (s) => s + 1 },
      commands: {
        send: (_s, _none: void, on) => {
          send()
          return persist(on.sent())
        },
      },
    })
    testRole(mailer).when('send').thenState(1)
    expect(send).toHaveBeenCalledTimes(2)
  })
})

describe('a role with schemas, open commands and timers', () => {
  const idOf: Schema<{ id: string }> = {
    '~standard': {
      version: 1,
      vendor: 'by hand',
      validate: (value) =>
        typeof (value as { id?: unknown } | null)?.id === 'string'
          ? { value: value as { id: string } }
          : { issues: [{ message: 'must be a text', path: ['id'] }] },
    },
  }
  const desk = role('desk', {
    state: (): { held: Record<string, number>; by: string[] } => ({ held: {}, by: [] }),
    events: {
      held: (s, e: { id: string; until: number; by: string }) => ({
        held: { ...s.held, [e.id]: e.until },
        by: [...s.by, e.by],
      }),
    },
    commands: {
      hold: (_s, c: { id: string }, on, ctx) =>
        persist(on.held({ ...c, until: ctx.at + 500, by: ctx.caller.user ?? '?' })),
      free: (_s, _c: { id: string }) => persist(),
    },
    due: (s, run) => Object.entries(s.held).map(([id, until]) => run.free(until, { id })),
    schemas: { hold: idOf },
    open: ['hold'],
  })

  it('is tested with its callers and what is due', () => {
    const stray = { level: 'stray', user: 'ann' } as const
    testRole(desk)
      .when('hold', { id: 'a' }, { at: 1_000, caller: stray })
      .thenState((s) => expect(s.by).toEqual(['ann']))
      .thenDue((run) => [run.free(1_500, { id: 'a' })])
      .when('free', { id: 'a' }, { caller: stray })
      .thenFailed('not-open')
      .when('hold', { id: 3 } as never)
      .thenFailed('invalid', /id: must be a text/)
  })

  it('tells what is due instead', () => {
    expect(
      told(() =>
        testRole(desk)
          .when('hold', { id: 'a' }, { at: 0 })
          .thenDue(() => []),
      ),
    ).toMatch(/desk\.hold.* was to leave due \[\]/)
    expect(told(() => testRole(desk).when('hold', { id: 'a' }).thenFailed('invalid'))).toMatch(
      /was not to be run/,
    )
  })
})
