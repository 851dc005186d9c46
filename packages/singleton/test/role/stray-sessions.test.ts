import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRoleHost } from '../../src/role/index.js'
import type { CommandRecord, RoleHost } from '../../src/role/index.js'
import { ledger, request } from './ledger.js'

const MINUTE = 60_000

/** A leader whose entries wait until `commit`. */
class Leader {
  readonly journal: CommandRecord[] = []
  nowMs = 1_000_000
  #committed = 0
  host: RoleHost

  readonly #options: { sessionMs?: number; sessionsMax?: number; straySessionsMax?: number }

  constructor(options: { sessionMs?: number; sessionsMax?: number; straySessionsMax?: number }) {
    this.#options = options
    this.host = createRoleHost([ledger], options)
    this.host.beginReign()
  }

  get last(): number {
    return this.journal.length
  }

  ask(session: string, seq: number): ReturnType<RoleHost['decide']> {
    const expiry = this.host.expire(this.#at())
    if (expiry !== null) this.#propose(expiry)
    const decided = this.host.decide(
      request(session, seq, 'add', { tag: `${session}:${seq}`, n: 1 }),
      this.#at(),
    )
    if (decided.kind === 'append') this.#propose(decided.payload)
    return decided
  }

  commit(count = Infinity): void {
    for (; count > 0 && this.#committed < this.last; count--)
      this.host.apply(this.journal[this.#committed++]!)
  }

  /** Another replica leads, with the committed entries and those that wait. */
  handOver(): void {
    this.host = createRoleHost([ledger], this.#options)
    for (const record of this.journal.slice(0, this.#committed)) this.host.apply(record)
    this.host.beginReign(this.journal.slice(this.#committed))
  }

  #at(): { index: number; term: number; atMs: number; branch: string } {
    return { index: this.last + 1, term: 1, atMs: this.nowMs, branch: 'b' }
  }

  #propose(payload: Uint8Array): void {
    this.journal.push({ index: this.last + 1, term: 1, payload })
  }
}

const step = fc.oneof(
  fc.record({
    kind: fc.constant('stray' as const),
    who: fc.nat(9),
    position: fc.constantFrom('none' as const, 'now' as const, 'far' as const),
  }),
  fc.record({ kind: fc.constant('quiet' as const), who: fc.nat(4) }),
  fc.record({ kind: fc.constant('commit' as const), count: fc.nat(12) }),
  fc.record({ kind: fc.constant('time' as const), ms: fc.nat(2 * MINUTE) }),
  fc.record({ kind: fc.constant('reign' as const) }),
)

describe('sessions of strays', () => {
  it('never drive out one of a member or a trusted client, whatever strays do', () => {
    const quiet = ['m1^', 'm2^', 't/c1^', 't/c2', 'm3^']
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }), (steps) => {
        const leader = new Leader({ sessionMs: 1e9, sessionsMax: 8, straySessionsMax: 3 })
        const used = new Map<string, number>()
        const names = new Map<number, string>()
        let fresh = 0
        for (const one of steps) {
          if (one.kind === 'commit') leader.commit(one.count)
          else if (one.kind === 'time') leader.nowMs += one.ms
          else if (one.kind === 'reign') leader.handOver()
          else if (one.kind === 'quiet') {
            const name = quiet[one.who]!
            const session = names.get(one.who) ?? (name.endsWith('^') ? `${name}${leader.last}` : name)
            names.set(one.who, session)
            const seq = (used.get(session) ?? 0) + 1
            expect(leader.ask(session, seq).kind).toBe('append')
            used.set(session, seq)
          } else {
            const end = { none: '', now: `^${leader.last}`, far: '^999999999999999' }[one.position]
            leader.ask(`s/${one.who < 5 ? one.who : `new ${fresh++}`}${end}`, 1)
          }
          for (const [session, seq] of used) expect(leader.ask(session, seq).kind).toBe('known')
        }
        leader.commit()
        for (const [session, seq] of used) expect(leader.host.knows(session, seq)).toBe('yes')
      }),
      { numRuns: 300 },
    )
  })

  it('expire from the longest unused of them on, and a replica with other limits holds the same', () => {
    const leader = new Leader({ sessionsMax: 100, straySessionsMax: 2 })
    leader.ask('m^0', 1)
    for (const name of ['a', 'b', 'c', 'd']) {
      leader.ask(`s/${name}^${leader.last}`, 1)
      leader.commit()
    }
    leader.ask('m^0', 2)
    leader.commit()
    const names = ['s/a^1', 's/b^2', 's/c^3', 's/d^4'].map((name) => leader.host.knows(name, 1))
    expect(names).toEqual(['expired', 'expired', 'yes', 'yes'])
    const replica = createRoleHost([ledger], { sessionsMax: 1, straySessionsMax: 1 })
    for (const record of leader.journal) replica.apply(record)
    expect(replica.snapshot()).toEqual(leader.host.snapshot())
    expect(replica.digest()).toBe(leader.host.digest())
  })

  it('that are too many expire once, not again for each command before that is committed', () => {
    const leader = new Leader({ sessionsMax: 4, straySessionsMax: 2 })
    for (const session of ['m1^0', 'm2^0', 's/a^0', 's/b^0', 's/c^0']) leader.ask(session, 1)
    leader.commit()
    for (let seq = 2; seq < 20; seq++) leader.ask('m1^0', seq)
    leader.commit()
    const kept = ['m1^0', 'm2^0', 's/a^0', 's/b^0', 's/c^0'].map((name) => leader.host.knows(name, 1))
    expect(kept).toEqual(['yes', 'yes', 'expired', 'yes', 'yes'])
  })

  it('cannot claim to know of an entry that nobody has written', () => {
    const leader = new Leader({})
    expect(leader.ask('s/liar^999999999999', 1)).toMatchObject({ kind: 'expired', renewAt: 0 })
    expect(leader.ask('s/honest^0', 1).kind).toBe('append')
    leader.commit()
    expect(leader.ask('s/honest^0', 1).kind).toBe('known')
  })
})
