import type { MemberId, Now } from '@tanist/core'
import type { ReadAnswer } from './wire.js'

/** An unanswered read is asked again after this time, a refused one sooner: the server is about to change. */
const AGAIN_MS = 300
const REFUSED_AGAIN_MS = 20

interface Read {
  readonly round: Round
  readonly deadlineMs: number
  readonly done: (outcome: ReadOutcome) => void
}

/** One question to the server, for one read or more. */
interface Round {
  readonly id: number
  /** Before the question was first sent. */
  readonly asked: Now
  sentAtMs: number
  /** The own replica must have applied this much; null until the server said. */
  index: number | null
  /** That still wait. */
  reads: number
}

/** `ok`: this replica holds everything that was committed when the read was asked for. */
export type ReadOutcome =
  | { readonly status: 'ok'; readonly index: number }
  | { readonly status: 'unavailable'; readonly reason: string }

/**
 * Linearizable reads on any member (Raft's read index): the server confirms by a round of its voters that it
 * still leads and says how far the journal is committed; the reader waits until its own replica is there.
 *
 * A read that may be stale by so many milliseconds takes part in a round that was asked for within that time, also
 * in one that is answered already: whatever was acknowledged before the question is in the answer.
 */
export class Reads {
  readonly #send: (to: MemberId, id: number) => void
  readonly #open = new Set<Read>()
  /** Those that are not answered, and have somebody who waits. */
  readonly #rounds = new Map<number, Round>()
  /** The last that was asked for, and the last that was answered. */
  #newest: Round | null = null
  #answered: Round | null = null
  #lastId = 0
  #server: MemberId | null = null
  #term = 0
  #waitingFor = 'the first server'

  constructor(send: (to: MemberId, id: number) => void) {
    this.#send = send
  }

  get size(): number {
    return this.#open.size
  }

  /** `maxStaleMs` null: everything that was acknowledged before this call. */
  ask(deadlineMs: number, maxStaleMs: number | null, now: Now, done: (outcome: ReadOutcome) => void): void {
    const round = (maxStaleMs === null ? null : this.#shared(maxStaleMs, now)) ?? this.#begin(now)
    round.reads += 1
    this.#open.add({ round, deadlineMs: now.monotonicMs + deadlineMs, done })
  }

  #shared(maxStaleMs: number, now: Now): Round | null {
    const fresh = (round: Round | null): boolean =>
      round !== null && age(round.asked, now) <= maxStaleMs && (round.index !== null || round.reads > 0)
    if (fresh(this.#answered)) return this.#answered
    return fresh(this.#newest) ? this.#newest : null
  }

  #begin(now: Now): Round {
    this.#lastId += 1
    const round = { id: this.#lastId, asked: now, sentAtMs: now.monotonicMs, index: null, reads: 0 }
    this.#newest = round
    this.#rounds.set(round.id, round)
    if (this.#server !== null) this.#send(this.#server, round.id)
    return round
  }

  /** Asks a new server (or the same one in a new term) again what the last one has not answered. */
  serverIs(
    leader: { readonly memberId: MemberId; readonly term: number } | null,
    waitingFor: string,
    nowMs: number,
  ): void {
    this.#waitingFor = waitingFor
    const term = leader?.term ?? 0
    if (leader?.memberId === this.#server && term === this.#term) return
    this.#server = leader?.memberId ?? null
    this.#term = term
    for (const round of this.#rounds.values()) this.#resend(round, nowMs)
  }

  answered(answer: ReadAnswer, nowMs: number): void {
    const round = this.#rounds.get(answer.id)
    if (!round) return
    if (answer.t === 'unreadable') {
      round.sentAtMs = nowMs - AGAIN_MS + REFUSED_AGAIN_MS
      return
    }
    round.index = answer.index
    this.#rounds.delete(round.id)
    if ((this.#answered?.id ?? 0) < round.id) this.#answered = round
  }

  /** Ends what is answered or overdue; returns when to be called again, at the latest (ms from now). */
  settle(applied: number, nowMs: number): number | null {
    let nextMs: number | null = null
    const soon = (ms: number): void => void (nextMs = Math.min(nextMs ?? Infinity, ms))
    for (const read of this.#open) {
      const { index } = read.round
      if (index !== null && applied >= index) this.#end(read, { status: 'ok', index })
      else if (nowMs >= read.deadlineMs) this.#end(read, { status: 'unavailable', reason: this.#waitingFor })
      else soon(read.deadlineMs - nowMs)
    }
    for (const round of this.#rounds.values()) {
      if (nowMs - round.sentAtMs >= AGAIN_MS) this.#resend(round, nowMs)
      soon(round.sentAtMs + AGAIN_MS - nowMs)
    }
    return nextMs
  }

  stop(): void {
    for (const read of this.#open) this.#end(read, { status: 'unavailable', reason: 'this peer has stopped' })
  }

  #resend(round: Round, nowMs: number): void {
    round.sentAtMs = nowMs
    if (this.#server !== null) this.#send(this.#server, round.id)
  }

  #end(read: Read, outcome: ReadOutcome): void {
    this.#open.delete(read)
    const { round } = read
    round.reads -= 1
    if (round.reads === 0) this.#rounds.delete(round.id)
    read.done(outcome)
  }
}

/** By the clock that went further: the monotonic one may stand still while a machine sleeps. */
function age(then: Now, now: Now): number {
  return Math.max(now.monotonicMs - then.monotonicMs, now.wallMs - then.wallMs)
}
