import { NumberMap } from '@tanist/core'
import type { Host, MemberId } from '@tanist/core'
import { createCalls, stepCalls } from '../role/index.js'
import type {
  AnswerMessage,
  CallInput,
  CallMessage,
  CallOutcome,
  Calls,
  CallsInput,
  NextMessage,
} from '../role/index.js'
import type { Leader } from '../succession/index.js'
import type { CalledAs, Meters } from './meters.js'
import type { Span, Tracing } from './telemetry.js'
import { Reads } from './reads.js'
import type { ReadOutcome } from './reads.js'
import type { KeyedTimers } from './timers.js'
import type { ReadAnswer, RoleMessage } from './wire.js'

export type CallRequest = Omit<CallInput, 'kind' | 'callId'>

interface OpenCall {
  readonly role: string
  readonly sinceMs: number
  readonly done: (outcome: CallOutcome) => void
  readonly span: Span | null
}

/** What the calls of a peer are counted and traced with. */
export interface CallWatch {
  readonly meters: Meters
  readonly tracing: Tracing | null
}

/** The caller's side of this peer: its own calls and reads, wherever the server is. */
export class Caller {
  readonly #host: Host
  readonly #timers: KeyedTimers
  readonly #send: (to: MemberId, message: RoleMessage) => void
  readonly #calls: Calls
  readonly #reads: Reads
  readonly #open = new NumberMap<OpenCall>()
  /** Spans of calls under way, by what is sent along; and whether it was sent before. */
  readonly #traced = new Map<string, { readonly span: Span; sends: number }>()
  readonly #watch: CallWatch
  #lastCall = 0

  constructor(
    host: Host,
    timers: KeyedTimers,
    session: string,
    send: (to: MemberId, message: RoleMessage) => void,
    watch: CallWatch,
  ) {
    this.#watch = watch
    this.#host = host
    this.#timers = timers
    this.#send = send
    this.#calls = createCalls({ session })
    this.#reads = new Reads((to, id) => send(to, { t: 'read', id }))
  }

  get openCalls(): number {
    return this.#open.size
  }

  /** Returns what begins the call, to be stepped in its turn. */
  open(request: CallRequest, done: (outcome: CallOutcome) => void): CallInput {
    this.#lastCall += 1
    const { role, command } = request
    const span = this.#watch.tracing?.call(role, command) ?? null
    const callId = this.#lastCall
    this.#open.set(callId, { role, sinceMs: this.#nowMs(), done, span })
    const traceparent = span?.traceparent ?? null
    if (span === null || traceparent === null) return { kind: 'call', callId, ...request }
    this.#traced.set(traceparent, { span, sends: 0 })
    return { kind: 'call', callId, ...request, traceparent }
  }

  /** By role: calls that were not sent yet, and those without an answer. */
  queues(): Map<string, { waiting: number; inFlight: number }> {
    const queues = new Map<string, { waiting: number; inFlight: number }>()
    for (const { call, sentMs } of this.#calls.book.all()) {
      const queue = queues.get(call.role) ?? { waiting: 0, inFlight: 0 }
      queues.set(call.role, queue)
      if (sentMs === null) queue.waiting += 1
      else queue.inFlight += 1
    }
    return queues
  }

  step(input: CallsInput): void {
    for (const effect of stepCalls(this.#calls, input, this.#host.clock.now(), this.#host.random)) {
      if (effect.kind === 'send') {
        if (effect.message.traceparent !== undefined) this.#noteSend(effect.to, effect.message)
        this.#send(effect.to, effect.message)
      } else if (effect.kind === 'timer') this.#timers.set('calls', effect.afterMs)
      else {
        const open = this.#open.get(effect.callId)
        this.#open.delete(effect.callId)
        if (open) this.#ended(open, effect.outcome)
      }
    }
  }

  #noteSend(to: MemberId, { traceparent = '', attempt }: CallMessage): void {
    const traced = this.#traced.get(traceparent)
    if (!traced) return
    traced.sends += 1
    if (traced.sends > 1) traced.span.event('retry', { 'tanist.to': to, 'tanist.attempt': attempt })
  }

  #ended({ role, sinceMs, done, span }: OpenCall, outcome: CallOutcome): void {
    const as: CalledAs = outcome.status
    this.#watch.meters.called(role, as, this.#nowMs() - sinceMs)
    if (span !== null) {
      const traceparent = span.traceparent
      if (traceparent !== null) this.#traced.delete(traceparent)
      const more =
        outcome.status === 'unavailable'
          ? { 'tanist.executed': outcome.executed, 'tanist.id': outcome.id }
          : { 'tanist.term': outcome.term, 'tanist.index': outcome.index }
      span.end({ 'tanist.outcome': as, ...more }, as === 'unavailable')
    }
    done(outcome)
  }

  read(deadlineMs: number, maxStaleMs: number | null, done: (outcome: ReadOutcome) => void): void {
    this.#reads.ask(deadlineMs, maxStaleMs, this.#host.clock.now(), done)
  }

  serverIs(server: Leader | null, sinceMs: number, waitingFor: string, committed: number): void {
    this.step({ kind: 'server', server, since: sinceMs, waitingFor, committed })
    this.#reads.serverIs(server, waitingFor, this.#nowMs())
  }

  /** The server hands over to another member. */
  next(from: MemberId, { memberId, incarnation, term }: NextMessage): void {
    this.step({ kind: 'next', from, server: { memberId, incarnation, term } })
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
