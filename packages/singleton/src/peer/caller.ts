import type { Host, MemberId } from '@tanist/core'
import { createCalls, stepCalls } from '../role/index.js'
import type { AnswerMessage, CallInput, CallOutcome, Calls, CallsInput } from '../role/index.js'
import type { Leader } from '../succession/index.js'
import { Reads } from './reads.js'
import type { ReadOutcome } from './reads.js'
import type { KeyedTimers } from './timers.js'
import type { ReadAnswer, RoleMessage } from './wire.js'

export type CallRequest = Omit<CallInput, 'kind' | 'callId'>

/** The caller's side of this peer: its own calls and reads, wherever the server is. */
export class Caller {
  readonly #host: Host
  readonly #timers: KeyedTimers
  readonly #send: (to: MemberId, message: RoleMessage) => void
  readonly #calls: Calls
  readonly #reads: Reads
  readonly #open = new Map<number, (outcome: CallOutcome) => void>()
  #lastCall = 0

  constructor(
    host: Host,
    timers: KeyedTimers,
    session: string,
    send: (to: MemberId, message: RoleMessage) => void,
  ) {
    this.#host = host
    this.#timers = timers
    this.#send = send
    this.#calls = createCalls({ session })
    this.#reads = new Reads((to, id) => send(to, { t: 'read', id }))
  }

  get openCalls(): number {
    return this.#open.size
  }

  newId(done: (outcome: CallOutcome) => void): number {
    this.#lastCall += 1
    this.#open.set(this.#lastCall, done)
    return this.#lastCall
  }

  step(input: CallsInput): void {
    for (const effect of stepCalls(this.#calls, input, this.#host.clock.now(), this.#host.random)) {
      if (effect.kind === 'send') this.#send(effect.to, effect.message)
      else if (effect.kind === 'timer') this.#timers.set('calls', effect.afterMs)
      else {
        const done = this.#open.get(effect.callId)
        this.#open.delete(effect.callId)
        done?.(effect.outcome)
      }
    }
  }

  read(deadlineMs: number, maxStaleMs: number | null, done: (outcome: ReadOutcome) => void): void {
    this.#reads.ask(deadlineMs, maxStaleMs, this.#host.clock.now(), done)
  }

  serverIs(server: Leader | null, sinceMs: number, waitingFor: string, committed: number): void {
    this.step({ kind: 'server', server, since: sinceMs, waitingFor, committed })
    this.#reads.serverIs(server, waitingFor, this.#nowMs())
  }

  answer(message: AnswerMessage | ReadAnswer): void {
    if (message.t === 'readable' || message.t === 'unreadable') this.#reads.answered(message, this.#nowMs())
    else this.step({ kind: 'answer', message })
  }

  /** Ends the reads that this replica has caught up with. */
  settleReads(applied: number): void {
    if (this.#reads.size > 0) this.#timers.set('reads', this.#reads.settle(applied, this.#nowMs()))
  }

  stop(): void {
    this.step({ kind: 'stop' })
    this.#reads.stop()
  }

  #nowMs(): number {
    return this.#host.clock.now().monotonicMs
  }
}
