import { NumberMap } from '@tanist/core'
import * as fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { createRoleHost } from '../../src/role/index.js'
import type { CommandRecord, RoleHost } from '../../src/role/index.js'
import { SESSION_GRACE_MS, SESSION_IDLE_MS, SESSION_WINDOW } from '../../src/role/limits.js'
import { SessionTable } from '../../src/role/sessions.js'
import { SessionsAhead } from '../../src/role/speculation.js'
import { ledger, ledgerOf, request } from './ledger.js'

const DAY = SESSION_IDLE_MS
const MINUTE = 60_000
const OK = { status: 'ok', value: null } as const

/** A leader whose entries are committed at once. */
class Leader {
  readonly host: RoleHost
  readonly journal: CommandRecord[] = []
  nowMs = 1_000_000

  constructor(options: { sessionMs?: number; sessionsMax?: number } = {}) {
    this.host = createRoleHost([ledger], options)
    this.host.beginReign()
  }

  /** What became of one call, as the server of a peer does it. */
  ask(session: string, seq: number, tag = `${session}:${seq}`): ReturnType<RoleHost['decide']> {
    const expiry = this.host.expire(this.#at())
    if (expiry !== null) this.#append(expiry)
    const decided = this.host.decide(request(session, seq, 'add', { tag, n: 1 }), this.#at())
    if (decided.kind === 'append') this.#append(decided.payload)
    return decided
  }

  get tags(): string[] {
    return ledgerOf(this.host).tags
  }

  #at(): { index: number; term: number; atMs: number; branch: string } {
    return { index: this.journal.length + 1, term: 1, atMs: this.nowMs, branch: 'b' }
  }

  #append(payload: Uint8Array): void {
    const record = { index: this.journal.length + 1, term: 1, payload }
    this.journal.push(record)
    this.host.apply(record)
  }
}

describe('sessions', () => {
  it('that were not used for a day expire, and then no command of theirs is ever run', () => {
    const leader = new Leader()
    leader.ask('idle^0', 1)
    leader.ask('idle^0', 2)
    leader.ask('shop', 7)
    for (let minutes = 0; minutes < (DAY / MINUTE) * 1.1; minutes += 5) {
      leader.nowMs += 5 * MINUTE
      leader.ask('busy^0', 1 + minutes)
    }
    expect(leader.ask('idle^0', 2)).toEqual({ kind: 'expired', renewAt: expect.any(Number) })
    expect(leader.ask('idle^0', 3)).toMatchObject({ kind: 'expired' })
    expect(leader.ask('shop', 7)).toEqual({ kind: 'expired' })
    expect(leader.ask('busy^0', 1).kind).toBe('known')
    // A new session with the position that was told is new, and so is a number that a client never used.
    const told = leader.ask('idle^0', 3)
    expect(leader.ask(`idle^${'renewAt' in told ? told.renewAt : 0}`, 1).kind).toBe('append')
    expect(leader.ask('shop', 8).kind).toBe('append')
    const replica = createRoleHost([ledger])
    for (const record of leader.journal) replica.apply(record)
    expect(replica.snapshot()).toEqual(leader.host.snapshot())
  })

  it('that nobody knows any more are not taken for known: what was lost under such an id is still shown', () => {
    const leader = new Leader({ sessionsMax: 1 })
    for (const session of ['a^0', 'b^9', 'c^9']) leader.ask(session, 1)
    expect(leader.host.knows('c^9', 1)).toBe('yes')
    expect(leader.host.knows('a^0', 1)).toBe('expired')
  })

  it('expire from the longest unused on when there are too many', () => {
    const leader = new Leader({ sessionsMax: 3 })
    for (const session of ['a^0', 'b^0', 'c^0']) leader.ask(session, 1)
    leader.nowMs += MINUTE
    leader.ask('a^0', 2)
    leader.ask('d^0', 1)
    leader.ask('d^0', 2)
    expect(leader.ask('b^0', 1).kind).toBe('expired')
    expect(leader.ask('a^0', 1).kind).toBe('known')
    expect(leader.ask('c^0', 1).kind).toBe('known')
  })

  it('outlive a leader whose clock is ahead: whoever is still there has used them before it judges', () => {
    const leader = new Leader()
    leader.ask('a^0', 1)
    leader.host.endReign()
    leader.host.beginReign()
    leader.nowMs += 7 * DAY
    leader.ask('b^0', 1)
    leader.nowMs += SESSION_GRACE_MS / 2
    expect(leader.ask('a^0', 2).kind).toBe('append')
    leader.nowMs += SESSION_GRACE_MS
    leader.ask('b^0', 2)
    expect(leader.ask('a^0', 1).kind).toBe('known')
  })

  it('of a new caller are never refused, and a new one that knows an old position is told a newer one', () => {
    const leader = new Leader({ sessionsMax: 1 })
    for (let i = 1; i < 50; i++) {
      const { length } = leader.journal
      expect(leader.ask(`caller ${i}^${length}`, 1).kind).toBe('append')
      expect(leader.ask(`client ${i}`, i).kind).toBe('append')
      const late = leader.ask(`late ${i}^0`, 1)
      if (i > 1) expect(late.kind).toBe('expired')
      if (late.kind === 'expired') expect(leader.ask(`late ${i}^${late.renewAt}`, 1).kind).toBe('append')
    }
  })

  it('are known ahead of a long tail as they will be behind it, without a look at every answer for each entry', () => {
    const plan = fc.record({
      lag: fc.integer({ min: 1, max: 2 * SESSION_WINDOW }),
      swaps: fc.integer({ min: 1, max: 40 }),
      callers: fc.integer({ min: 1, max: 3 }),
    })
    const looks = vi.spyOn(NumberMap.prototype, 'keys')
    fc.assert(
      fc.property(plan, ({ lag, swaps, callers }) => {
        const [table, other] = [new SessionTable(), new SessionTable()]
        const ahead = new SessionsAhead(table)
        const each = 3 * SESSION_WINDOW
        const tail = Array.from({ length: each * callers }, (_, i) => {
          const nth = Math.floor(i / callers)
          const block = nth - (nth % swaps)
          // Some come in another order than they were sent in.
          const seq = 1 + block + Math.min(swaps, each - block) - 1 - (nth - block)
          const answer = { role: 'r', command: 'c', term: 1, index: i + 1, outcome: OK }
          return { session: `${i % callers}^0`, seq, floor: Math.max(0, block - lag), answer }
        })
        looks.mockClear()
        for (const { session, seq, floor, answer } of tail) ahead.record(session, seq, floor, answer)
        expect(looks.mock.calls.length).toBeLessThan(each / 10)
        for (const { session, seq, floor, answer } of tail) other.record(session, seq, floor, 0, answer)
        for (const { session, seq } of tail) {
          const behind = other.find(session, seq)
          expect(behind === 'expired' ? 'expired' : ahead.find(session, seq)).toEqual(behind)
          expect(ahead.find(session, seq)).toBeDefined()
        }
        for (const { session, seq } of tail) ahead.settle(session, seq)
        for (const { session } of tail) expect(ahead.waits(session)).toBe(false)
      }),
      { numRuns: 8 },
    )
    looks.mockRestore()
  })

  it('are told apart for certain: what was executed is never taken for new, ahead of the commits or behind them', () => {
    const step = fc.record({
      do: fc.constantFrom(
        ...([
          'run',
          'settle',
          'run',
          'settle',
          'run',
          'settle',
          'run',
          'settle',
          'expire',
          'expire',
          'reign',
          'capture',
        ] as const),
      ),
      who: fc.nat(5),
      seq: fc.integer({ min: 1, max: 6 }),
      floor: fc.nat(4),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const table = new SessionTable()
        let ahead = new SessionsAhead(table)
        let waiting: (() => void)[] = []
        let lost: (() => void)[] = []
        const executed = new Set<string>()
        let index = 0
        let committed = 0
        const names = ['a^0', 'b^0', 'c', 'd']
        for (const { do: what, who, seq, floor } of steps) {
          if (what === 'settle') for (const commit of waiting.splice(0, 1)) commit()
          else if (what === 'capture') table.capture()
          else if (what === 'reign') {
            // The tail of the old reign is gone.
            for (const undo of lost) undo()
            ahead = new SessionsAhead(table)
            index = committed
            waiting = []
            lost = []
          } else if (what === 'expire') {
            const expired = names.filter((_, i) => i % 2 === who % 2 && !ahead.waits(names[i]!))
            ahead.expire(expired)
            const at = ++index
            waiting.push(() => {
              table.expire(expired)
              ahead.settleExpiry(expired)
              committed = at
            })
          } else {
            const session = who < 4 ? names[who]! : `${who}^${committed}`
            if (who >= 4 && !names.includes(session)) names.push(session)
            const found = ahead.find(session, seq)
            if (executed.has(`${session}:${seq}`)) expect(found).toBeDefined()
            // Nobody who begins now is refused.
            if (who >= 4 && !ahead.has(session)) expect(found).toBeUndefined()
            if (found !== undefined) continue
            const id = `${session}:${seq}`
            executed.add(id)
            lost.push(() => executed.delete(id))
            const at = ++index
            const answer = {
              role: 'r',
              command: 'c',
              term: 1,
              index: at,
              outcome: { status: 'ok', value: null },
            } as const
            ahead.record(session, seq, floor, answer)
            waiting.push(() => {
              table.record(session, seq, floor, 0, answer)
              ahead.settle(session, seq)
              committed = at
              lost.shift()
            })
          }
        }
        for (const id of executed) {
          const colon = id.lastIndexOf(':')
          const [session, seq] = [id.slice(0, colon), Number(id.slice(colon + 1))]
          expect(ahead.find(session, seq)).toBeDefined()
        }
        for (const commit of waiting) commit()
        for (const id of executed) {
          const colon = id.lastIndexOf(':')
          expect(table.find(id.slice(0, colon), Number(id.slice(colon + 1)))).toBeDefined()
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
