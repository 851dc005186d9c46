import { describe, expect, it } from 'vitest'
import { fromEncoded, toEncoded } from '@tanist/core'
import { Refused, Unavailable, proxy } from '../../src/role/index.js'
import type { CallOutcome, SubmitRequest } from '../../src/role/index.js'
import { ledger, noText } from './ledger.js'

const gone = {
  status: 'unavailable',
  executed: 'unknown',
  reason: 'Nobody serves.',
  since: 7,
  id: 'me:1:4',
} as const

function answering(outcome: CallOutcome): { calls: ReturnType<typeof face>; requests: SubmitRequest[] } {
  const requests: SubmitRequest[] = []
  const calls = face((request) => {
    requests.push(request)
    return Promise.resolve(outcome)
  })
  return { calls, requests }
}

function face(
  submit: (request: SubmitRequest) => Promise<CallOutcome>,
): ReturnType<
  typeof proxy<ReturnType<(typeof ledger)['state']>, (typeof ledger)['events'], (typeof ledger)['commands']>
> {
  return proxy(ledger, submit)
}

describe('a proxy', () => {
  it('submits the command with its options and gives the decoded outcome with its position', async () => {
    const { calls, requests } = answering({ status: 'ok', value: toEncoded({ sum: 3 }), term: 2, index: 9 })
    const { signal } = new AbortController()
    const out = await calls.add({ tag: 'x', n: 3 }, { id: 'shop:till:12', signal, deadlineMs: 50 })
    expect(out).toEqual({ status: 'ok', value: { sum: 3 }, term: 2, index: 9 })
    expect(requests).toEqual([
      {
        role: 'ledger',
        command: 'add',
        input: toEncoded({ tag: 'x', n: 3 }),
        id: { session: 'shop:till', seq: 12 },
        signal,
        deadlineMs: 50,
      },
    ])
    expect(await calls.add({ tag: 'x', n: 3 }).value()).toEqual({ sum: 3 })
    await calls.nothing()
    expect(requests.at(-1)).toEqual({ role: 'ledger', command: 'nothing', input: null })
  })

  it('throws refusals and unavailability from value(), as types with what is known', async () => {
    const refused = answering({
      status: 'refused',
      refusal: toEncoded({ code: 'short', have: 1 }),
      term: 1,
      index: 2,
    })
    expect(await refused.calls.add({ tag: 'x', n: 1 })).toMatchObject({
      status: 'refused',
      refusal: { have: 1 },
      index: 2,
    })
    const error: unknown = await refused.calls
      .add({ tag: 'x', n: 1 })
      .value()
      .catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(Refused)
    expect(error).toMatchObject({
      refusal: { code: 'short', have: 1 },
      message: 'ledger.add was refused: short',
    })
    const lost: unknown = await answering(gone)
      .calls.nothing()
      .value()
      .catch((caught: unknown) => caught)
    expect(lost).toBeInstanceOf(Unavailable)
    const { reason, since, executed, id } = gone
    expect(lost).toMatchObject({
      reason,
      since,
      executed,
      id,
      message: expect.stringContaining(`'${id}'`),
    })
  })

  it('leaves no rejection unhandled when only value() is used, or only the outcome', async () => {
    const unhandled: unknown[] = []
    const listener = (error: unknown): number => unhandled.push(error)
    process.on('unhandledRejection', listener)
    const broken = face(() => Promise.reject(new Error('broken shell')))
    await expect(answering(gone).calls.nothing().value()).rejects.toThrow(Unavailable)
    await expect(broken.nothing().value()).rejects.toThrow('broken shell')
    await answering(gone).calls.nothing()
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', listener)
    expect(unhandled).toEqual([])
  })

  it.each([
    '',
    'x',
    'x:',
    ':1',
    'x:0',
    'x:-1',
    'x:1.5',
    'x:01',
    'x:1e3',
    `x:${'9'.repeat(17)}`,
    `${'x'.repeat(200)}:1`,
  ])('throws at once for the id %j', (id) => {
    const { calls, requests } = answering(gone)
    expect(() => calls.nothing(undefined, { id })).toThrow(/ledger\.nothing: the id .* 'CLIENT:SEQ'/)
    expect(requests).toEqual([])
  })

  it('throws at once for an input that cannot be sent and a deadline that is none', () => {
    const { calls } = answering(gone)
    expect(() => calls.add({ tag: noText, n: 1 })).toThrow(/tag/)
    expect(() => calls.nothing(undefined, { deadlineMs: NaN })).toThrow(/ledger\.nothing: deadlineMs/)
  })

  it('takes the input as it is at the call, and gives each caller a value of its own', async () => {
    const shared = toEncoded({ list: [1] })
    const { calls, requests } = answering({ status: 'ok', value: shared, term: 1, index: 1 })
    const input = { tag: 'before', n: 1 }
    const first = calls.add(input)
    input.tag = 'after'
    expect(fromEncoded(requests[0]?.input)).toEqual({ tag: 'before', n: 1 })
    Object.assign(await first.value(), { list: [2] })
    expect(await calls.add(input).value()).toEqual({ list: [1] })
  })
})
