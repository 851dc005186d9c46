import type { Random } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { createCalls, stepCalls } from '../../src/role/index.js'
import type { CallEffect, CallMessage, CallOutcome, CallsConfig, CallsInput } from '../../src/role/index.js'

const random: Random = { next: () => 0.5, id: () => '0'.repeat(32) }

/** One machine, driven by hand. */
class Caller {
  readonly #calls: ReturnType<typeof createCalls>
  readonly outcomes = new Map<number, CallOutcome>()
  sent: CallMessage[] = []
  nowMs = 0
  timerMs: number | null = null
  #next = 1

  constructor(limits: CallsConfig['limits'] = {}) {
    this.#calls = createCalls({ session: 'me:1', limits })
  }

  step(input: CallsInput): CallEffect[] {
    const effects = stepCalls(
      this.#calls,
      input,
      { monotonicMs: this.nowMs, wallMs: 5_000 + this.nowMs },
      random,
    )
    for (const effect of effects) {
      if (effect.kind === 'send') this.sent.push(effect.message)
      else if (effect.kind === 'timer')
        this.timerMs = effect.afterMs === null ? null : this.nowMs + effect.afterMs
      else {
        if (this.outcomes.has(effect.callId)) throw new Error(`call ${effect.callId} ended twice`)
        this.outcomes.set(effect.callId, effect.outcome)
      }
    }
    return effects
  }

  call(more: Partial<Extract<CallsInput, { kind: 'call' }>> = {}): number {
    const callId = this.#next++
    this.step({ kind: 'call', callId, role: 'r', command: 'c', input: null, ...more })
    return callId
  }

  server(memberId: string | null, term = 1): void {
    const server = memberId === null ? null : { memberId, incarnation: 1, term }
    this.step({ kind: 'server', server, since: 4_000, waitingFor: 'Waiting for a vote of B.' })
  }

  answer(seq: number, session = 'me:1^0'): void {
    const outcome = { status: 'ok', value: null } as const
    this.step({ kind: 'answer', message: { t: 'result', session, seq, term: 1, index: seq, outcome } })
  }

  retry(attempt: number, seq: number, appended = false): void {
    const message = { t: 'retry', session: 'me:1^0', seq, attempt, appended, reason: 'Not serving.' } as const
    this.step({ kind: 'answer', message })
  }

  /** Lets time pass, running the timer whenever it is due. */
  pass(ms: number): void {
    const end = this.nowMs + ms
    while (this.timerMs !== null && this.timerMs <= end) {
      this.nowMs = this.timerMs
      this.timerMs = null
      this.step({ kind: 'timer' })
    }
    this.nowMs = end
  }

  /** The seqs sent since the last look. */
  seqs(): number[] {
    const seqs = this.sent.map(({ seq }) => seq)
    this.sent = []
    return seqs
  }
}

describe('the calls of a peer', () => {
  it('wait for a server, go to it in call order, and go to the next one again', () => {
    const caller = new Caller()
    const ids = [caller.call(), caller.call(), caller.call()]
    expect(caller.seqs()).toEqual([])
    caller.server('A')
    expect(caller.seqs()).toEqual([1, 2, 3])
    caller.answer(2)
    caller.server('A')
    expect(caller.seqs()).toEqual([])
    caller.server('B', 2)
    expect(caller.seqs()).toEqual([1, 3])
    caller.server(null)
    caller.server('B', 2)
    expect(caller.seqs()).toEqual([1, 3])
    caller.answer(1)
    caller.answer(3)
    caller.answer(3)
    expect(ids.map((id) => caller.outcomes.get(id)?.status)).toEqual(['ok', 'ok', 'ok'])
  })

  it('are repeated after a silence, and say up to where everything is answered', () => {
    const caller = new Caller()
    caller.server('A')
    caller.call()
    caller.call()
    caller.answer(1)
    caller.seqs()
    caller.pass(600)
    expect(caller.sent).toMatchObject([{ seq: 2, floor: 1, attempt: 3 }])
  })

  it('pause together after a retry and keep their order', () => {
    const caller = new Caller()
    caller.server('A')
    caller.call()
    caller.call()
    caller.retry(2, 2)
    caller.retry(1, 1)
    caller.seqs()
    caller.call()
    expect(caller.seqs()).toEqual([])
    caller.pass(100)
    expect(caller.seqs()).toEqual([1, 2, 3])
  })

  it('end at the deadline with the reason, since when, and whether they were executed', () => {
    const caller = new Caller()
    caller.server(null)
    const waiting = caller.call({ deadlineMs: 300 })
    caller.pass(400)
    expect(caller.outcomes.get(waiting)).toEqual({
      status: 'unavailable',
      executed: 'no',
      reason: 'Waiting for a vote of B.',
      since: 4_000,
      id: 'me:1^0:1',
    })
    caller.server('A')
    const silent = caller.call({ deadlineMs: 300 })
    caller.pass(400)
    expect(caller.outcomes.get(silent)).toMatchObject({ executed: 'unknown', since: 5_400, id: 'me:1^0:2' })
    const normal = caller.call()
    caller.pass(9_000)
    expect(caller.outcomes.has(normal)).toBe(false)
    caller.pass(1_100)
    expect(caller.outcomes.get(normal)).toMatchObject({ executed: 'unknown' })
  })

  it('are known as not executed only when every single send was denied', () => {
    const caller = new Caller()
    caller.server('A')
    const denied = caller.call({ deadlineMs: 300 })
    caller.server('B', 2)
    caller.retry(1, 1)
    caller.retry(2, 1)
    caller.server(null)
    caller.pass(400)
    expect(caller.outcomes.get(denied)).toMatchObject({ executed: 'no' })

    caller.server('A', 3)
    const half = caller.call({ deadlineMs: 300 })
    caller.server('B', 4)
    caller.retry(4, 2)
    caller.server(null)
    caller.pass(310)
    caller.server('C', 5)
    const appended = caller.call({ deadlineMs: 300 })
    caller.retry(5, 3, true)
    caller.server(null)
    caller.pass(310)
    expect(caller.outcomes.get(half)).toMatchObject({ executed: 'unknown' })
    expect(caller.outcomes.get(appended)).toMatchObject({ executed: 'unknown' })
  })

  it('that ended unknown hold the floor, so that their id can be asked again, until the window needs room', () => {
    const caller = new Caller({ window: 4 })
    caller.server('A')
    caller.call({ deadlineMs: 10 })
    caller.pass(20)
    for (const seq of [2, 3, 4]) {
      caller.call()
      caller.answer(seq)
    }
    expect(caller.sent.at(-1)).toMatchObject({ seq: 4, floor: 0 })
    const again = caller.call({ id: { session: 'me:1^0', seq: 1 } })
    expect(caller.sent.at(-1)).toMatchObject({ session: 'me:1^0', seq: 1, floor: 0 })
    caller.answer(1)
    expect(caller.outcomes.get(again)?.status).toBe('ok')
    caller.call({ deadlineMs: 10 })
    caller.pass(20)
    for (const seq of [6, 7, 8, 9]) {
      caller.call()
      caller.answer(seq)
    }
    expect(caller.sent.at(-1)).toMatchObject({ seq: 9, floor: 8 })
  })

  it('are never further ahead of the oldest unanswered one than the server remembers', () => {
    const caller = new Caller({ window: 3 })
    caller.server('A')
    for (let n = 0; n < 5; n++) caller.call()
    expect(caller.seqs()).toEqual([1, 2, 3])
    caller.answer(2)
    caller.answer(3)
    expect(caller.seqs()).toEqual([])
    caller.answer(1)
    expect(caller.seqs()).toEqual([4, 5])
  })

  it('are refused as busy when too many wait, and fly in bounded numbers', () => {
    const caller = new Caller({ inFlight: 2, queued: 2 })
    caller.server('A')
    const ids = [1, 2, 3, 4, 5].map(() => caller.call())
    expect(caller.seqs()).toEqual([1, 2])
    expect(caller.outcomes.get(ids[4] ?? 0)).toMatchObject({
      status: 'unavailable',
      executed: 'no',
      reason: expect.stringMatching(/^busy/),
    })
    caller.answer(1)
    expect(caller.seqs()).toEqual([3])
    caller.step({ kind: 'cancel', callId: ids[3] ?? 0 })
    caller.call()
    expect(caller.outcomes.size).toBe(3)
  })

  it('with an id of the application send no floor, share one answer, and never claim to be unexecuted', () => {
    const caller = new Caller()
    caller.server('A')
    caller.call()
    caller.answer(1)
    const id = { session: 'order', seq: 7 }
    const both = [caller.call({ id }), caller.call({ id })]
    expect(caller.sent.slice(-2)).toMatchObject([
      { session: 'order', seq: 7, floor: 0 },
      { session: 'order', seq: 7, floor: 0 },
    ])
    caller.answer(7, 'order')
    expect(both.map((callId) => caller.outcomes.get(callId)?.status)).toEqual(['ok', 'ok'])
    caller.server(null)
    const unsent = caller.call({ id, deadlineMs: 10 })
    caller.pass(20)
    expect(caller.outcomes.get(unsent)).toMatchObject({ executed: 'unknown', id: 'order:7' })
  })

  it('do not claim to be unexecuted when another call has sent their id', () => {
    const caller = new Caller()
    caller.server('A')
    const first = caller.call({ deadlineMs: 300 })
    caller.call({ id: { session: 'me:1^0', seq: 1 } })
    caller.retry(1, 1)
    caller.server(null)
    caller.pass(310)
    expect(caller.outcomes.get(first)).toMatchObject({ executed: 'unknown' })
  })

  it('with an id of the own session that no call was given, or of another command, are not sent', () => {
    const caller = new Caller()
    caller.server('A')
    const early = caller.call({ id: { session: 'me:1^0', seq: 1 } })
    expect(caller.outcomes.get(early)?.status).toBe('unavailable')
    caller.call({ id: { session: 'x', seq: 1 } })
    const mixed = caller.call({ id: { session: 'x', seq: 1 }, command: 'other' })
    expect(caller.outcomes.get(mixed)).toMatchObject({ reason: expect.stringContaining('r.c') })
    expect(caller.sent).toHaveLength(1)
  })

  it('end as refused by a failure, as unavailable when expired, and when cancelled or stopped', () => {
    const caller = new Caller()
    caller.server('A')
    const ids = [caller.call(), caller.call(), caller.call(), caller.call()]
    const refusal = { code: 'failed', reason: 'threw', reference: '1.1.1', text: 'r.c failed.' } as const
    caller.step({
      kind: 'answer',
      message: { t: 'failed', session: 'me:1^0', seq: 1, term: 1, index: 1, refusal },
    })
    caller.step({ kind: 'answer', message: { t: 'expired', session: 'me:1^0', seq: 2, attempt: 2 } })
    caller.step({ kind: 'cancel', callId: ids[2] ?? 0 })
    caller.step({ kind: 'stop' })
    const late = caller.call()
    expect(ids.map((id) => caller.outcomes.get(id))).toMatchObject([
      { status: 'refused', refusal: { v: refusal }, term: 1, index: 1 },
      { status: 'unavailable', executed: 'unknown' },
      { status: 'unavailable', executed: 'unknown', reason: 'The caller cancelled the call.' },
      { status: 'unavailable', executed: 'unknown' },
    ])
    expect(caller.outcomes.get(late)).toMatchObject({ executed: 'no', reason: 'This peer has stopped.' })
    expect(caller.timerMs).toBeNull()
  })

  it('of a session that has expired go on in a new one, in call order, and before those that waited', () => {
    const caller = new Caller({ window: 3 })
    caller.server('A')
    for (let i = 0; i < 5; i++) caller.call({ input: i })
    const first = caller.sent
    expect(first.map(({ input }) => input)).toEqual([0, 1, 2])
    caller.sent = []
    for (const { session, seq, attempt } of first) {
      caller.step({ kind: 'answer', message: { t: 'expired', session, seq, attempt, renewAt: 90 } })
    }
    expect(caller.sent.map(({ input, session, seq }) => [input, session, seq])).toEqual([
      [0, 'me:1^90', 1],
      [1, 'me:1^90', 2],
      [2, 'me:1^90', 3],
    ])
    for (const seq of [1, 2, 3]) caller.answer(seq, 'me:1^90')
    expect(caller.sent.slice(3)).toMatchObject([
      { input: 3, session: 'me:1^90', seq: 4 },
      { input: 4, session: 'me:1^90', seq: 5, floor: 2 },
    ])
    for (const seq of [4, 5]) caller.answer(seq, 'me:1^90')
    expect([...caller.outcomes.values()].map(({ status }) => status)).toEqual(Array(5).fill('ok'))
  })

  it('of a session that has expired end as unknown when an earlier send may have been executed', () => {
    const caller = new Caller()
    caller.server('A')
    const id = caller.call()
    caller.server('B')
    const [first, second] = caller.sent.map(({ attempt }) => attempt)
    const expired = { t: 'expired', session: 'me:1^0', seq: 1, renewAt: 90 } as const
    caller.step({ kind: 'answer', message: { ...expired, attempt: second! } })
    expect(caller.outcomes.get(id)).toMatchObject({ status: 'unavailable', executed: 'unknown' })
    const other = caller.call()
    caller.server('C')
    const sends = caller.sent.slice(-2).map(({ attempt }) => attempt)
    const again = { ...expired, seq: 2 }
    for (const attempt of sends) caller.step({ kind: 'answer', message: { ...again, attempt } })
    expect(caller.sent.at(-1)).toMatchObject({ session: 'me:1^90', seq: 1 })
    expect(caller.outcomes.has(other)).toBe(false)
    expect(first).toBeLessThan(second!)
  })

  it('after a long pause go in a new session, which knows the newest position', () => {
    const caller = new Caller()
    caller.server('A')
    caller.call()
    caller.answer(1)
    caller.pass(60_000)
    caller.call()
    expect(caller.sent.at(-1)).toMatchObject({ session: 'me:1^0', seq: 2 })
    caller.answer(2)
    caller.pass(3_600_000)
    caller.call()
    expect(caller.sent.at(-1)).toMatchObject({ session: 'me:1^2', seq: 1, floor: 0 })
  })
})

describe('calls while the server hands over', () => {
  const next = (caller: Caller, from = 'a', term = 2): void =>
    void caller.step({ kind: 'next', from, server: { memberId: 'b', incarnation: 1, term } })
  const to = (effects: readonly CallEffect[]): string[] =>
    effects.flatMap((effect) => (effect.kind === 'send' ? [effect.to] : []))

  it('go to the successor before it is known to lead, without a pause', () => {
    const caller = new Caller()
    caller.server('a')
    caller.call()
    next(caller)
    expect(caller.seqs()).toEqual([1])
    const call = { kind: 'call', callId: 9, role: 'r', command: 'c', input: null } as const
    expect(to(caller.step(call))).toEqual(['b'])
    caller.seqs()
    // What crossed the word is refused by the old server.
    caller.retry(1, 1)
    expect(caller.sent).toMatchObject([{ seq: 1, attempt: 3 }])
    expect(caller.sent[0]?.suspect).toBeUndefined()
  })

  it('are not sent twice when the successor leads, and nothing killed a server', () => {
    const caller = new Caller()
    caller.server('a')
    next(caller)
    caller.call()
    caller.seqs()
    caller.server(null)
    caller.server('b', 2)
    expect(caller.seqs()).toEqual([])
    caller.answer(1)
    expect(caller.outcomes.size).toBe(1)
  })

  it('go to whoever leads when another one does, and after a while in any case', () => {
    const caller = new Caller()
    caller.server('a')
    next(caller)
    caller.call()
    caller.server('c', 3)
    expect(caller.seqs()).toEqual([1, 1])
    next(caller, 'c', 4)
    caller.pass(1_100)
    caller.seqs()
    expect(to(caller.step({ kind: 'call', callId: 9, role: 'r', command: 'c', input: null }))).toEqual(['c'])
  })

  it('are redirected by the server alone, and not to the past', () => {
    const caller = new Caller()
    caller.server('a', 5)
    next(caller, 'x', 6)
    next(caller, 'a', 5)
    expect(to(caller.step({ kind: 'call', callId: 9, role: 'r', command: 'c', input: null }))).toEqual(['a'])
  })
})
