import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toEncoded } from '@tanist/core'
import { createCalls, parseCommandId, stepCalls } from '../../src/role/index.js'
import type {
  AnswerMessage,
  CallMessage,
  CallOutcome,
  CallsInput,
  CommandRecord,
} from '../../src/role/index.js'
import { Server, ledgerOf } from './ledger.js'

/**
 * A model of the world between a caller and a group: one journal of which the committed part stays, a server
 * that changes, and links that lose, repeat and delay in both directions. A deposed server says what it must:
 * `retry`, with `appended` for what was in its journal and is gone or not yet known to be committed.
 */
class World {
  readonly #calls = createCalls({ session: 'me:1', limits: { window: 6, inFlight: 5, queued: 8 } })
  readonly outcomes = new Map<number, CallOutcome>()
  readonly committed: CommandRecord[] = []
  readonly #toServer: { to: string; message: CallMessage; arrived?: boolean }[] = []
  readonly #toCaller: AnswerMessage[] = []
  #server: Server | null = new Server()
  #term = 1
  #nowMs = 0
  #timerMs: number | null = null
  readonly #waiting = new Map<number, CallMessage[]>()
  #chance: () => number
  ended = 0
  renewals = 0

  constructor(chance: () => number) {
    this.#chance = chance
    this.announce()
  }

  step(input: CallsInput): void {
    const now = { monotonicMs: this.#nowMs, wallMs: this.#nowMs }
    for (const effect of stepCalls(this.#calls, input, now, { next: this.#chance, id: () => '' })) {
      if (effect.kind === 'send') this.#toServer.push(effect)
      else if (effect.kind === 'timer')
        this.#timerMs = effect.afterMs === null ? null : this.#nowMs + effect.afterMs
      else {
        this.ended++
        this.outcomes.set(effect.callId, effect.outcome)
      }
    }
  }

  announce(): void {
    const server =
      this.#server === null ? null : { memberId: `s${this.#term}`, incarnation: 1, term: this.#term }
    this.step({ kind: 'server', server, since: this.#nowMs, waitingFor: 'Nobody serves.' })
  }

  pass(ms: number): void {
    this.#nowMs += ms
    if (this.#timerMs === null || this.#timerMs > this.#nowMs) return
    this.#timerMs = null
    this.step({ kind: 'timer' })
  }

  /** Something that is under way to the server: lost, delivered, or delivered and kept for another time. */
  deliver(fate: number): void {
    const at = Math.floor(this.#chance() * this.#toServer.length)
    const [sent] = fate === 2 ? this.#toServer.slice(at, at + 1) : this.#toServer.splice(at, 1)
    if (sent === undefined || fate === 0) return
    const { message } = sent
    const { session, seq, attempt } = message
    const repeated = sent.arrived === true
    sent.arrived = true
    if (this.#server === null || sent.to !== `s${this.#term}`) {
      // Links never repeat a frame; a repetition is only ever seen by a server that still serves.
      if (repeated) return
      this.#toCaller.push({ t: 'retry', session, seq, attempt, appended: false, reason: 'Not serving.' })
      return
    }
    const decided = this.#server.decide({ ...message, caller: { level: 'member' } }, this.#term)
    if (decided.kind === 'expired') {
      const { renewAt } = decided
      // As above: who is told that nothing was executed has not been executed by the same send.
      if (repeated && renewAt !== undefined) return
      if (renewAt !== undefined) this.renewals++
      this.#toCaller.push({
        t: 'expired',
        session,
        seq,
        attempt,
        ...(renewAt === undefined ? {} : { renewAt }),
      })
    } else if (decided.kind === 'failed') throw new Error(decided.refusal.text)
    else {
      const index = decided.kind === 'known' ? decided.index : this.#server.applied + this.#server.tail.length
      const { outcome } = decided
      if (index > this.#server.applied)
        this.#waiting.set(index, [...(this.#waiting.get(index) ?? []), message])
      else this.#toCaller.push({ t: 'result', session, seq, term: 1, index, outcome })
    }
  }

  receive(fate: number): void {
    const at = Math.floor(this.#chance() * this.#toCaller.length)
    const [message] = fate === 2 ? this.#toCaller.slice(at, at + 1) : this.#toCaller.splice(at, 1)
    if (message !== undefined && fate !== 0) this.step({ kind: 'answer', message })
  }

  commit(count: number): void {
    if (this.#server === null) return
    for (const record of this.#server.commit(count)) {
      this.committed.push(record)
      const waiting = this.#waiting.get(record.index) ?? []
      this.#waiting.delete(record.index)
      for (const asked of waiting) {
        const { session, seq } = asked
        const known = this.#server.decide({ ...asked, caller: { level: 'member' } }, this.#term)
        if (known.kind !== 'known') continue
        this.#toCaller.push({
          t: 'result',
          session,
          seq,
          term: 1,
          index: record.index,
          outcome: known.outcome,
        })
      }
    }
  }

  /** The leader lets every session expire that is not used this moment. */
  expire(): void {
    if (this.#server === null) return
    this.#server.expireAll()
    this.commit(1_000)
  }

  /** The server goes; some of what it had appended survives in the successor's journal. */
  takeOver(kept: number): void {
    for (const { session, seq, attempt } of [...this.#waiting.values()].flat()) {
      this.#toCaller.push({ t: 'retry', session, seq, attempt, appended: true, reason: 'Deposed.' })
    }
    this.#waiting.clear()
    const tail = this.#server?.tail.slice(0, kept) ?? []
    this.#server = new Server(undefined, [...this.committed, ...tail])
    this.committed.push(...tail)
    this.#term++
    if (this.#chance() < 0.5) this.announce()
    else this.step({ kind: 'server', server: null, since: this.#nowMs, waitingFor: 'Nobody.' })
  }
}

const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('call' as const), n: fc.constantFrom(40, 700, 5_000) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('deliver' as const), n: fc.constantFrom(0, 1, 1, 1, 2) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('receive' as const), n: fc.constantFrom(0, 1, 1, 1, 2) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('commit' as const), n: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), n: fc.constantFrom(5, 60, 600) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('takeOver' as const), n: fc.integer({ min: 0, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const), n: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('again' as const), n: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('announce' as const), n: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), n: fc.nat(50) }) },
)

describe('exactly once', () => {
  it('every call ends once, and took effect as its outcome says, whatever links and servers do', () => {
    const seen = new Set<string>()
    let renewals = 0
    fc.assert(
      fc.property(fc.array(action, { minLength: 20, maxLength: 200 }), fc.integer(), (actions, seed) => {
        let bits = seed | 1
        const world = new World(() => {
          bits = Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d) + 0x9e3779b9
          return (bits >>> 0) / 2 ** 32
        })
        const tags: string[] = []
        const call = (tag: string, n: number, id?: { session: string; seq: number }): void => {
          tags.push(tag)
          const input = toEncoded({ tag, n: 1 })
          const more = id === undefined ? {} : { id }
          world.step({
            kind: 'call',
            callId: tags.length - 1,
            role: 'ledger',
            command: 'add',
            input,
            deadlineMs: n,
            ...more,
          })
        }
        for (const { do: what, n } of actions) {
          if (what === 'call') call(`t${tags.length}`, n)
          else if (what === 'again') {
            // An unavailable call is asked for again with its id: for the model it is the same command.
            const old = world.outcomes.get(n)
            const tag = tags[n]
            if (old?.status !== 'unavailable' || old.executed !== 'unknown' || tag === undefined) continue
            call(tag, 700, parseCommandId(old.id))
          } else if (what === 'cancel') world.step({ kind: 'cancel', callId: n })
          else if (what === 'announce') world.announce()
          else world[what](n)
        }
        world.commit(1_000)
        world.step({ kind: 'stop' })
        renewals += world.renewals
        expect(world.ended).toBe(tags.length)
        expect(world.outcomes.size).toBe(tags.length)

        const final = new Server(undefined, world.committed).host
        tags.forEach((tag, callId) => {
          const outcome = world.outcomes.get(callId)
          const times = ledgerOf(final).tags.filter((item) => item === tag).length
          const end = outcome?.status === 'unavailable' ? outcome.executed : outcome?.status
          // A call that asked again with an id is the same command as the one that it asked about.
          expect(['ok 1', 'no 0', 'unknown 0', 'unknown 1']).toContain(`${end} ${times}`)
          seen.add(`${end} ${times}`)
        })
      }),
      { numRuns: 1_000 },
    )
    // The model reaches every kind of end, so that the promises above are about something.
    expect(renewals).toBeGreaterThan(100)
    expect([...seen].toSorted()).toEqual(['no 0', 'ok 1', 'unknown 0', 'unknown 1'])
  })
})
