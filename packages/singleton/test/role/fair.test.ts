import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Server } from '../../src/peer/server.js'
import { createRoleHost, decodeEntry, FairQueue, FairWindow, persist, role } from '../../src/role/index.js'
import type { AnswerMessage, CallMessage } from '../../src/role/index.js'
import { EntryKind } from '../../src/succession/index.js'

describe('a fair queue', () => {
  it('loses nothing, keeps the order of each caller and role, and lets all take turns', () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('x', 'y')) },
        { weight: 2, arbitrary: fc.constant('shift' as const) },
      ),
      { maxLength: 120 },
    )
    fc.assert(
      fc.property(steps, (all) => {
        const queue = new FairQueue<{ readonly lane: string; readonly role: string; readonly n: number }>()
        const waiting = new Map<string, number[]>()
        const passedOver = new Map<string, number>()
        let pushed = 0
        const shift = (): void => {
          const item = queue.shift()
          if (item === undefined) return expect(queue.size).toBe(0)
          expect(waiting.get(item.lane)?.shift()).toBe(item.n)
          for (const [lane, items] of waiting)
            passedOver.set(
              lane,
              lane === item.lane || items.length === 0 ? 0 : (passedOver.get(lane) ?? 0) + 1,
            )
          // Three roles with two callers each.
          expect(Math.max(...passedOver.values())).toBeLessThanOrEqual(6)
        }
        for (const step of all) {
          if (step === 'shift') shift()
          else {
            const lane = step.join()
            waiting.set(lane, [...(waiting.get(lane) ?? []), pushed])
            expect(queue.push(...step, `${pushed}`, { lane, role: step[0], n: pushed })).toBeUndefined()
            const again = { lane, role: step[0], n: -1 }
            expect(queue.push(...step, `${pushed}`, again)).toMatchObject({ n: pushed++ })
          }
        }
        while (queue.size > 0) shift()
        expect([...waiting.values()].flat()).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})

describe('how much may be on its way to the disks', () => {
  /** So many entries a second, and a commit takes no less than `leastMs`: the time of entries behind `size` others. */
  const settle = (perSecond: number, leastMs: number): { readonly size: number; readonly tookMs: number } => {
    const window = new FairWindow()
    let nowMs = 0
    let index = 0
    let tookMs = 0
    for (let i = 0; i < 500; i++) {
      index += 1
      const [size, waiting] = i % 50 === 0 ? [1, false] : [window.size, true]
      window.decided(index, nowMs)
      tookMs = Math.max(leastMs, (size * 1_000) / perSecond)
      nowMs += tookMs
      window.committed(index, nowMs, waiting)
    }
    return { size: window.size, tookMs }
  }

  it('is what disks and links can take: much of a fast journal, much of one that takes long for any number', () => {
    expect(settle(100_000, 2).size).toBeGreaterThan(1_000)
    expect(settle(20_000, 100).size).toBeGreaterThan(1_500)
  })

  it('is little where entries wait for each other', () => {
    expect(settle(500, 5).size).toBe(128)
    expect(settle(10_000, 5).tookMs).toBeLessThan(60)
  })

  it('forgets what may never be committed', () => {
    const window = new FairWindow()
    window.decided(1, 0)
    window.forget()
    window.decided(1, 100_000)
    window.committed(1, 100_001, true)
    expect(window.size).toBeGreaterThan(512)
  })
})

const counting = (name: string) =>
  role(name, {
    state: () => ({ n: 0 }),
    events: { added: (s, e: { by: number }) => ({ n: s.n + e.by }) },
    commands: { add: (_s, c: { by: number }, on) => persist(on.added(c)) },
  })

interface Record {
  readonly index: number
  readonly term: number
  readonly kind: number
  readonly payload: Uint8Array
}

/** A server with two roles whose journal is a list; callers send again what it did not take. */
function stage() {
  const journal: Record[] = []
  let committed = 0
  let term = 2
  let may = true
  const answered: string[] = []
  const resend: CallMessage[] = []
  const retries: { readonly seq: number; readonly attempt: number }[] = []
  const sent = new Map<string, CallMessage>()
  const server = new Server(createRoleHost([counting('noisy'), counting('quiet')]), {
    now: () => ({ monotonicMs: 0, wallMs: 1 }),
    send: (to, message) => {
      const { session, seq, t } = message as AnswerMessage
      const call = sent.get(`${session}:${seq}`)
      if (message.t === 'retry') retries.push(message)
      if (t === 'retry' && to === call?.session) resend.push(call)
      else answered.push(`${session}:${seq}`)
    },
    next: () => (may ? { term, index: journal.length + 1, branch: 'b' } : null),
    propose: (payload) => {
      const entry = { index: journal.length + 1, term, kind: EntryKind.command, payload }
      journal.push(entry)
    },
    confirm: (done) => done(committed),
    self: 'server',
    applied: () => {},
    alone: {
      isWarned: false,
      isSuspect: () => false,
      isPoison: () => false,
      begin: () => {},
      settle: () => {},
    },
  })
  const tail = (): Record[] => journal.slice(committed)
  const seqs = new Map<string, number>()
  return {
    server,
    journal,
    answered,
    get ahead() {
      return journal.length - committed
    },
    call(of: string, session: string): void {
      const seq = (seqs.get(session) ?? 0) + 1
      seqs.set(session, seq)
      const call: CallMessage = {
        t: 'call',
        session,
        seq,
        floor: 0,
        attempt: 1,
        role: of,
        command: 'add',
        input: { v: { by: 1 } },
      }
      sent.set(`${session}:${seq}`, call)
      server.call(session, call)
    },
    commit(count: number): void {
      const entries = journal.slice(committed, committed + count)
      committed += entries.length
      if (entries.length > 0) server.committed(entries)
    },
    /** It may decide nothing, and nobody has told the server so yet. */
    halt(): void {
      may = false
    },
    lapse(): void {
      may = false
      server.suspend()
    },
    serve(): void {
      server.suspend()
      may = true
      server.lead(null)
      server.serve(tail)
    },
    again(session: string, seq: number): void {
      const call = sent.get(`${session}:${seq}`)!
      const next = { ...call, attempt: call.attempt + 1 }
      sent.set(`${session}:${seq}`, next)
      server.call(session, next)
    },
    retried: () => retries,
    /** Another one leads for a moment, and all callers ask again. */
    change(): void {
      server.resign()
      term++
      may = true
      server.lead(tail())
      for (const call of resend.splice(0)) server.call(call.session, call)
      server.serve(tail)
    },
    decided: () =>
      journal.map(({ payload }) => {
        const { session, seq, role: of } = decodeEntry(payload)
        return { session, seq, of }
      }),
  }
}

describe('a server with more to do than it can', () => {
  it('takes a call of a quiet role after few others, however many calls of a noisy one wait', () => {
    const at = stage()
    at.server.lead([])
    at.server.serve(() => [])
    for (let i = 0; i < 10_000; i++) at.call('noisy', `n${i % 20}`)
    const before = at.journal.length
    at.call('quiet', 'q')
    while (!at.answered.includes('q:1')) at.commit(100)
    const position = at.decided().findIndex(({ of }) => of === 'quiet')
    expect(position - before).toBeLessThan(5)
    expect(before).toBeLessThan(1_000)
    while (at.answered.length < 10_001) at.commit(100)
  })

  it('takes a call that was sent again for the same, and answers each send when it cannot take it', () => {
    const at = stage()
    at.server.lead([])
    at.server.serve(() => [])
    for (let i = 0; i < 600; i++) at.call('noisy', 'n')
    const before = at.journal.length
    at.again('n', 600)
    at.again('n', 600)
    at.server.resign()
    expect([before, at.journal.length, at.answered.length]).toEqual([before, before, 0])
    expect(
      at
        .retried()
        .filter(({ seq }) => seq === 600)
        .map(({ attempt }) => attempt),
    ).toEqual([1, 2, 3])
  })

  it('lets nothing that came while it could not decide go before what waited already', () => {
    const at = stage()
    at.server.lead([])
    at.server.serve(() => [])
    for (let i = 0; i < 600; i++) at.call('noisy', 'n')
    at.halt()
    for (let i = 0; i < 100; i++) at.call('noisy', 'n')
    at.serve()
    while (at.answered.length < 700) at.commit(100)
    expect(at.decided().map(({ seq }) => seq)).toEqual(Array.from({ length: 700 }, (_, i) => i + 1))
  })

  it('decides at once while there is no backlog', () => {
    const at = stage()
    at.server.lead([])
    at.server.serve(() => [])
    for (let i = 0; i < 100; i++) {
      at.call('noisy', 'n')
      expect(at.journal).toHaveLength(i + 1)
    }
  })

  it('keeps the order of each caller and role, through held calls, retries and changes of the server', () => {
    const steps = fc.array(
      fc.oneof(
        {
          weight: 4,
          arbitrary: fc.record({
            of: fc.constantFrom('noisy', 'noisy', 'quiet'),
            session: fc.constantFrom('ann', 'bob'),
            times: fc.constantFrom(1, 5, 300),
          }),
        },
        { weight: 4, arbitrary: fc.constantFrom(1, 40, 600) },
        {
          weight: 1,
          arbitrary: fc.constantFrom('halt' as const, 'lapse' as const, 'serve' as const, 'change' as const),
        },
      ),
      { maxLength: 40 },
    )
    let queued = 0
    fc.assert(
      fc.property(steps, (all) => {
        const at = stage()
        at.server.lead([])
        at.server.serve(() => [])
        let calls = 0
        for (const step of all) {
          if (typeof step === 'number') at.commit(step)
          else if (typeof step === 'string') at[step]()
          else {
            calls += step.times
            for (let i = 0; i < step.times; i++) at.call(step.of, step.session)
          }
          if (calls > at.journal.length) queued++
        }
        at.serve()
        for (let i = 0; i < 100 && at.journal.length < calls; i++) at.commit(600)
        const decided = at.decided()
        expect(decided).toHaveLength(calls)
        const last = new Map<string, number>()
        for (const { session, seq, of } of decided) {
          expect(seq).toBeGreaterThan(last.get(session + of) ?? 0)
          last.set(session + of, seq)
        }
      }),
      { numRuns: 80 },
    )
    expect(queued).toBeGreaterThan(20)
  })
})
