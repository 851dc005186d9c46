import { describe, expect, it } from 'vitest'
import { createRoleHost, fromEncoded, persist, role, toEncoded } from '../../src/role/index.js'
import type { AnyRole, Caller, Failed, Schema } from '../../src/role/index.js'

interface Order {
  readonly id: string
  readonly cents: number
}

/** A validator by hand: `validate` may answer with what it likes. */
const schema = <T>(validate: (value: unknown) => unknown): Schema<T> =>
  ({ '~standard': { version: 1, vendor: 'by hand', validate } }) as Schema<T>

const orderOf = schema<Order>((value) => {
  const { id, cents } = (value ?? {}) as Partial<Record<keyof Order, unknown>>
  if (typeof id !== 'string') return { issues: [{ message: 'must be a text', path: ['id'] }] }
  if (typeof cents !== 'number')
    return { issues: [{ message: 'must be a number', path: [{ key: 'cents' }] }] }
  return { value: { id: id.trim(), cents } }
})

const shop = (order: Schema<Order> = orderOf): AnyRole =>
  role('shop', {
    state: () => ({ ids: [] as readonly string[] }),
    events: { placed: (s, e: { id: string }) => ({ ids: [...s.ids, e.id] }) },
    commands: {
      place: (_s, c: Order, on) => persist(on.placed({ id: c.id })).reply((next) => next.ids),
      clear: () => persist(),
    },
    schemas: { place: order },
    open: ['place'],
  })

interface Said {
  readonly status: 'ok' | 'failed'
  readonly value?: unknown
  readonly refusal?: Failed
  readonly errors: readonly unknown[]
}

function ask(
  of: AnyRole,
  input: unknown,
  { command = 'place', level = 'stray' }: { command?: string; level?: Caller['level'] } = {},
): Said {
  const errors: unknown[] = []
  const host = createRoleHost([of], {
    log: { write: (_l, _e, _t, data) => void errors.push(data?.['error']) },
  })
  host.beginReign()
  const decided = host.decide(
    { role: 'shop', command, session: 'a', seq: 1, floor: 0, input: toEncoded(input), caller: { level } },
    { index: 1, term: 1, atMs: 0, branch: 'b' },
  )
  if (decided.kind === 'failed') return { status: 'failed', refusal: decided.refusal, errors }
  if (decided.kind !== 'append' || decided.outcome.status !== 'ok') throw new Error(decided.kind)
  return { status: 'ok', value: fromEncoded(decided.outcome.value), errors }
}

describe('a schema', () => {
  it('gives the command what it makes of the input', () => {
    expect(ask(shop(), { id: ' a ', cents: 3, extra: 1 })).toMatchObject({ status: 'ok', value: ['a'] })
  })

  it('refuses with its own words and where they belong', () => {
    const { refusal } = ask(shop(), { id: 'a' })
    expect(refusal).toMatchObject({
      code: 'failed',
      reason: 'invalid',
      text: 'The input of shop.place is not valid: cents: must be a number.',
      issues: [{ message: 'must be a number', path: ['cents'] }],
    })
    expect(ask(shop(), undefined).refusal?.issues).toEqual([{ message: 'must be a text', path: ['id'] }])
  })

  it('is bounded in what it says', () => {
    const issue = { message: 'x'.repeat(10_000), path: Array.from({ length: 100 }, () => 'p'.repeat(1_000)) }
    const many = Array.from({ length: 1_000 }, () => issue)
    const { refusal } = ask(shop(schema(() => ({ issues: many }))), {})
    expect(refusal?.issues).toHaveLength(16)
    expect(JSON.stringify(refusal).length).toBeLessThan(80_000)
    expect(refusal?.text).toMatch(/and 999 more/)
  })

  it('names keys of every kind', () => {
    const path = ['items', 0, Symbol('tag'), { key: 'n' }]
    const { refusal } = ask(shop(schema(() => ({ issues: [{ message: 'no', path }] }))), {})
    expect(refusal?.issues).toEqual([{ message: 'no', path: ['items', 0, 'tag', 'n'] }])
    expect(refusal?.text).toContain('items[0].tag.n: no')
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('boom')
      },
      /boom/,
    ],
    ['answers with a promise', async () => Promise.reject(new Error('later')), /answers with a promise/],
    ['gives nothing', () => undefined, /gave no result/],
    ['gives neither a value nor issues', () => ({}), /neither a value nor issues/],
    ['gives issues that are no list', () => ({ issues: 'no' }), /are no list/],
    ['makes something that cannot be sent', () => ({ value: { id: () => 'a' } }), /\$\.id: a function/],
  ])('that %s fails the command, and the log says why', (_what, validate, why) => {
    const { refusal, errors } = ask(shop(schema(validate)), { id: 'a', cents: 1 })
    expect(refusal).toMatchObject({
      reason: 'threw',
      text: 'The schema of shop.place failed on the server; nothing was changed.',
    })
    expect(String(errors[0])).toMatch(why)
  })
})

describe('open', () => {
  it('lets strays call nothing else, and everybody else call everything', () => {
    expect(ask(shop(), undefined, { command: 'clear' }).refusal).toMatchObject({ reason: 'not-open' })
    for (const level of ['member', 'trusted', 'role'] as const)
      expect(ask(shop(), undefined, { command: 'clear', level }).status).toBe('ok')
  })

  it('lets strays call nothing where nothing is said', () => {
    const closed = { ...shop(), open: undefined } as unknown as AnyRole
    expect(ask(closed, { id: 'a', cents: 1 }).refusal).toMatchObject({ reason: 'not-open' })
  })
})
