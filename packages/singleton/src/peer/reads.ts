import type { MemberId } from '@tanist/core'
import type { ReadAnswer } from './wire.js'

/** An unanswered read is asked again after this time, a refused one sooner: the server is about to change. */
const AGAIN_MS = 300
const REFUSED_AGAIN_MS = 20

interface Read {
  readonly deadlineMs: number
  readonly done: (outcome: ReadOutcome) => void
  sentAtMs: number
  /** The own replica must have applied this much; null until the server said. */
  index: number | null
}

/** `ok`: this replica holds everything that was committed when the read was asked for. */
export type ReadOutcome =
  | { readonly status: 'ok'; readonly index: number }
  | { readonly status: 'unavailable'; readonly reason: string }

/**
 * Linearizable reads on any member (Raft's read index): the server confirms by a round of its voters that it
 * still leads and says how far the journal is committed; the reader waits until its own replica is there.
 */
export class Reads {
  readonly #send: (to: MemberId, id: number) => void
  readonly #open = new Map<number, Read>()
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

  ask(deadlineMs: number, nowMs: number, done: (outcome: ReadOutcome) => void): void {
    this.#lastId += 1
    this.#open.set(this.#lastId, { deadlineMs, done, sentAtMs: nowMs, index: null })
    if (this.#server !== null) this.#send(this.#server, this.#lastId)
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
    for (const [id, read] of this.#open) this.#resend(id, read, nowMs)
  }

  answered(answer: ReadAnswer, nowMs: number): void {
    const read = this.#open.get(answer.id)
    if (!read || read.index !== null) return
    if (answer.t === 'readable') read.index = answer.index
    else read.sentAtMs = nowMs - AGAIN_MS + REFUSED_AGAIN_MS
  }

  /** Ends what is answered or overdue; returns when to be called again, at the latest (ms from now). */
  settle(applied: number, nowMs: number): number | null {
    let nextMs: number | null = null
    for (const [id, read] of this.#open) {
      if (read.index !== null && applied >= read.index)
        this.#end(id, read, { status: 'ok', index: read.index })
      else if (nowMs >= read.deadlineMs)
        this.#end(id, read, { status: 'unavailable', reason: this.#waitingFor })
      else {
        if (nowMs - read.sentAtMs >= AGAIN_MS) this.#resend(id, read, nowMs)
        const dueMs = Math.min(read.deadlineMs, read.sentAtMs + AGAIN_MS) - nowMs
        nextMs = nextMs === null ? dueMs : Math.min(nextMs, dueMs)
      }
    }
    return nextMs
  }

  stop(): void {
    for (const [id, read] of this.#open)
      this.#end(id, read, { status: 'unavailable', reason: 'this peer has stopped' })
  }

  #resend(id: number, read: Read, nowMs: number): void {
    read.sentAtMs = nowMs
    if (read.index === null && this.#server !== null) this.#send(this.#server, id)
  }

  #end(id: number, read: Read, outcome: ReadOutcome): void {
    this.#open.delete(id)
    read.done(outcome)
  }
}
