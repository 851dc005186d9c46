import type { Now, Random } from '@tanist/core'
import { toEncoded } from '@tanist/core'
import type { Encoded } from '@tanist/core'
import type {
  AnswerMessage,
  CallMessage,
  CallOutcome,
  CommandId,
  ExpiredMessage,
  FinalAnswer,
  RetryMessage,
} from './messages.js'
import {
  DEFAULT_DEADLINE_MS,
  MAX_ENTRY_BYTES,
  RESEND_DOUBLINGS,
  RESEND_MS,
  RETRY_PAUSE_MS,
} from './limits.js'
import { CallBook, idText } from './call-book.js'
import type { CallLimits, Pending } from './call-book.js'
import { inputTooLarge } from './sizes.js'
import type { Failed } from './types.js'

/**
 * The caller's side: finds the server, repeats, and ends every call exactly once.
 *
 *   call      gets the next id of the own session, or the id given; is sent when there is a server and room
 *   answer    `result`, `failed` and `expired` end the call; `retry` sends it again after a short pause
 *   server    the server as known now, or null with the sentence that says what is waited for
 *   next      the server hands over: from now on calls go to the member that it names, until there is a server again
 *   timer     the timer that the last `timer` effect asked for
 *   cancel    ends one call as unavailable
 *   drain     ends all calls that come from now on; those under way go on
 *   stop      ends all of them, now and later, as unavailable
 *
 * - First sends are in call order, and so are the repetitions: when the server changes, after a `retry`, and
 *   after `RESEND_MS`, and then twice as long each time, without an answer. The id makes repeating harmless.
 * - A call to which a server said nothing before another came is `suspect` from then on: deciding it may have killed
 *   that server.
 * - At the deadline a call ends as `unavailable`: executed `no` when it was never sent, or every single send was
 *   answered by "not executed"; else `unknown`. A call with an id given is always `unknown`: others may have
 *   sent it; unless it is `relayed`, whose client keeps that account. This relies on links that deliver each send at
 *   most once, as `Link` does.
 * - A call that ended `unknown` can be asked for again with its id: it holds the floor of the session, so that
 *   the server keeps its outcome, until the window (`SESSION_WINDOW`) is needed for newer calls.
 */
export type CallsInput =
  | CallInput
  | { readonly kind: 'answer'; readonly message: AnswerMessage }
  | {
      readonly kind: 'server'
      readonly server: ServerRef | null
      /** Wall-clock milliseconds: since when it is so. */
      readonly since: number
      readonly waitingFor: string
      /** The newest index that is known to be committed. */
      readonly committed?: number
    }
  | { readonly kind: 'next'; readonly from: string; readonly server: ServerRef }
  | { readonly kind: 'timer' }
  | { readonly kind: 'cancel'; readonly callId: number }
  | { readonly kind: 'drain' }
  | { readonly kind: 'stop' }

export interface CallInput {
  readonly kind: 'call'
  /** The shell's own number for this call, never used twice. */
  readonly callId: number
  readonly role: string
  readonly command: string
  readonly input: Encoded
  readonly id?: CommandId
  readonly deadlineMs?: number
  readonly level?: 'trusted' | 'stray'
  readonly user?: string
  readonly traceparent?: string
  /** The id was drawn by a client that is linked to this member: its floor, and ends are told as of these sends alone. */
  readonly relayed?: { readonly floor: number }
}

export interface ServerRef {
  readonly memberId: string
  readonly incarnation: number
  readonly term: number
}

export type CallEffect =
  | { readonly kind: 'send'; readonly to: string; readonly message: CallMessage }
  /** Exactly once per `call`. */
  | { readonly kind: 'resolve'; readonly callId: number; readonly outcome: CallOutcome }
  /** (Re)arms the only timer, relative to now; null cancels it. */
  | { readonly kind: 'timer'; readonly afterMs: number | null }

export interface Calls {
  readonly book: CallBook
  server: ServerRef | null
  /** The last one there was. */
  lastServer: ServerRef | null
  /** Who stands at the wish of the last one, which sends its callers there; not believed for long. */
  next: { readonly server: ServerRef; readonly untilMs: number } | null
  since: number | null
  waitingFor: string
  /** After a `retry` nothing is sent until then, to keep the order. */
  pausedUntilMs: number | null
  pauses: number
  sends: number
  timerAtMs: number | null
  stopped: boolean
  /** Why calls that come now end at once; null while there is room. For the shell to set. */
  full: string | null
  readonly words: CallWords
  readonly resends: boolean
  readonly inputBytes: number
}

export interface CallsConfig {
  /** What the names of the own sessions begin with: `MEMBERID:INCARNATION`. */
  readonly session: string
  readonly limits?: Partial<CallLimits>
  /** False: whoever is sent to repeats by itself, and nothing is sent twice to the same one unless it says `retry`. Default true. */
  readonly resends?: boolean
  /** Of one input, where the way to the server carries less than a journal entry may have. */
  readonly inputBytes?: number
  /** Sentences, where the caller is no peer. */
  readonly words?: CallWords
}

export interface CallWords {
  readonly stopped: string
  readonly silent: (server: ServerRef) => string
}

const PEER_WORDS: CallWords = {
  stopped: 'This peer has stopped.',
  silent: ({ memberId, term }) => `The server ${memberId}, term ${term}, has not answered.`,
}

export function createCalls(config: CallsConfig): Calls {
  return {
    book: new CallBook(config.session, config.limits),
    server: null,
    lastServer: null,
    next: null,
    since: null,
    waitingFor: 'No server is known yet.',
    pausedUntilMs: null,
    pauses: 0,
    sends: 0,
    timerAtMs: null,
    stopped: false,
    full: null,
    words: config.words ?? PEER_WORDS,
    resends: config.resends ?? true,
    inputBytes: config.inputBytes ?? MAX_ENTRY_BYTES,
  }
}

interface Turn {
  readonly calls: Calls
  readonly now: Now
  readonly random: Random
  readonly effects: CallEffect[]
}

export function stepCalls(calls: Calls, input: CallsInput, now: Now, random: Random): CallEffect[] {
  const turn: Turn = { calls, now, random, effects: [] }
  take(turn, input)
  return turn.effects
}

function take(turn: Turn, input: CallsInput): void {
  const { calls, now } = turn
  switch (input.kind) {
    case 'call':
      return onCall(turn, input)
    case 'answer':
      return onAnswer(turn, input.message)
    case 'server':
      calls.book.learn(input.committed ?? 0)
      return onServer(turn, input.server, input.since, input.waitingFor)
    case 'next':
      return onNext(turn, input.from, input.server)
    case 'timer':
      return onTimer(turn)
    case 'cancel': {
      const pending = calls.book.get(input.callId)
      if (pending !== undefined) giveUp(turn, pending, 'The caller cancelled the call.', now.wallMs)
      return sendWaiting(turn)
    }
    case 'drain':
      calls.stopped = true
      return
    case 'stop':
      return onStop(turn)
  }
}

function onCall(turn: Turn, call: CallInput): void {
  const { calls, now } = turn
  const tooLarge = inputTooLarge(`${call.role}.${call.command}`, call.input, calls.inputBytes)
  if (tooLarge !== null) return refuse(turn, call, tooLarge)
  const opened = calls.book.open(call, now.wallMs, now.monotonicMs + (call.deadlineMs ?? DEFAULT_DEADLINE_MS))
  if (calls.stopped) return giveUp(turn, opened, calls.words.stopped, now.wallMs)
  const fault = calls.full ?? calls.book.fault(opened)
  if (fault !== null) return giveUp(turn, opened, fault, now.wallMs)
  arm(turn, opened.deadlineMs)
  sendWaiting(turn)
}

/** No role takes more, and no link could carry much more. */
function refuse({ effects }: Turn, { callId }: CallInput, text: string): void {
  const refusal: Failed = { code: 'failed', reason: 'too-large', reference: 'caller', text }
  const outcome: CallOutcome = { status: 'refused', refusal: toEncoded(refusal), term: 0, index: 0 }
  effects.push({ kind: 'resolve', callId, outcome })
}

function onServer(turn: Turn, server: ServerRef | null, since: number, waitingFor: string): void {
  const { calls } = turn
  const same =
    server?.memberId === calls.server?.memberId &&
    server?.incarnation === calls.server?.incarnation &&
    server?.term === calls.server?.term
  calls.server = server
  calls.since = since
  calls.waitingFor = waitingFor
  if (same || server === null) return
  calls.pausedUntilMs = null
  calls.pauses = 0
  const last = calls.lastServer
  const other =
    last !== null && (last.memberId !== server.memberId || last.incarnation !== server.incarnation)
  calls.lastServer = server
  const expected = calls.next?.server.memberId === server.memberId
  calls.next = null
  for (const pending of calls.book.all()) {
    if (pending.sentMs === null) continue
    // It has the call already, and lives.
    if (expected && pending.sentTo === server.memberId && !pending.repeat) continue
    if (other && pending.heard !== pending.attempt) pending.suspect = true
    send(turn, pending)
  }
  sendWaiting(turn)
}

/** What the old server has not answered yet, it answers: it decides nothing more. */
function onNext(turn: Turn, from: string, server: ServerRef): void {
  const { calls, now } = turn
  if (calls.lastServer?.memberId !== from || server.term <= calls.lastServer.term) return
  calls.next = { server, untilMs: now.monotonicMs + RESEND_MS }
  calls.pausedUntilMs = null
  calls.pauses = 0
  for (const pending of calls.book.all()) if (pending.repeat) send(turn, pending)
  sendWaiting(turn)
}

/** Where calls go. */
function destination({ next, server }: Calls): ServerRef | null {
  return next?.server ?? server
}

function onAnswer(turn: Turn, message: AnswerMessage): void {
  if (message.t === 'retry') return onRetry(turn, message)
  const { calls, now } = turn
  calls.pauses = 0
  if (message.t === 'expired' && renewed(calls, message)) return sendWaiting(turn)
  if (message.t === 'result') calls.book.learn(message.index)
  const outcome = outcomeOf(message, now)
  for (const pending of calls.book.answered(message)) {
    const told = pending.call.relayed ? { ...outcome, answer: relayedTo(pending, message) } : outcome
    turn.effects.push({ kind: 'resolve', callId: pending.callId, outcome: told })
  }
  sendWaiting(turn)
}

function outcomeOf(message: FinalAnswer, now: Now): CallOutcome {
  switch (message.t) {
    case 'result': {
      const { outcome, term, index } = message
      return outcome.status === 'ok'
        ? { status: 'ok', value: outcome.value, term, index }
        : { status: 'refused', refusal: outcome.refusal, term, index }
    }
    case 'failed': {
      const { refusal, term, index } = message
      return { status: 'refused', refusal: toEncoded(refusal), term, index }
    }
    case 'expired': {
      const id = idText(message)
      return {
        status: 'unavailable',
        executed: 'unknown',
        reason: `The id ${id} has expired: newer commands of its session have been answered since, or the session was long not used.`,
        since: now.wallMs,
        id,
      }
    }
  }
}

/** A client can go on in a new session where no send of its call may have been executed. */
function relayedTo({ unanswered }: Pending, message: FinalAnswer): FinalAnswer {
  if (message.t !== 'expired' || unanswered.length === 0) return message
  const { renewAt: _, ...rest } = message
  return rest
}

/** Whether what expired was the session, and the call can go on in a new one. */
function renewed({ book }: Calls, message: ExpiredMessage): boolean {
  const { renewAt, attempt } = message
  const [pending, ...others] = book.byId(message)
  if (renewAt === undefined || pending === undefined || others.length > 0) return false
  // Where it was sent again meanwhile, the answer to that decides.
  if (!takeOff(pending, attempt) || attempt !== pending.attempt) return pending.unanswered.length > 0
  return book.renew(pending, renewAt)
}

/** Takes a send off those that nobody answered; false when it was none of them. */
function takeOff({ unanswered }: Pending, attempt: number): boolean {
  const at = unanswered.indexOf(attempt)
  if (at >= 0) unanswered.splice(at, 1)
  return at >= 0
}

function onRetry(turn: Turn, { session, seq, attempt, appended, reason }: RetryMessage): void {
  const { calls, now, random } = turn
  for (const pending of calls.book.byId({ session, seq })) {
    if (!pending.unanswered.includes(attempt)) continue
    pending.heard = attempt
    if (!appended) takeOff(pending, attempt)
    pending.reason = reason
    if (attempt !== pending.attempt) continue
    pending.repeat = true
    // Somebody else is the one to ask now: that needs no pause.
    const moved = calls.next !== null && calls.next.server.memberId !== pending.sentTo
    if (calls.pausedUntilMs !== null) continue
    if (moved) send(turn, pending)
    else {
      const pause = Math.min(RESEND_MS, RETRY_PAUSE_MS * 2 ** Math.min(calls.pauses++, 10))
      calls.pausedUntilMs = now.monotonicMs + pause * (0.5 + random.next())
      arm(turn, calls.pausedUntilMs)
    }
  }
}

/** What is due within this time is left for the next look, so that a stall costs few looks at many calls. */
const COARSE_MS = 10

function onTimer(turn: Turn): void {
  const { calls, now } = turn
  calls.timerAtMs = null
  if (calls.pausedUntilMs !== null && calls.pausedUntilMs <= now.monotonicMs) calls.pausedUntilMs = null
  if (calls.next !== null && calls.next.untilMs <= now.monotonicMs) calls.next = null
  const sending = destination(calls) !== null && calls.pausedUntilMs === null
  let nextMs = calls.pausedUntilMs ?? Infinity
  for (const pending of calls.book.all()) {
    if (pending.deadlineMs <= now.monotonicMs) {
      giveUp(turn, pending, waitedFor(calls, pending), waitedSince(calls, pending))
      continue
    }
    nextMs = Math.min(nextMs, pending.deadlineMs)
    if (pending.sentMs === null || !sending) continue
    if (pending.repeat || now.monotonicMs - pending.sentMs >= resendMs(calls, pending)) send(turn, pending)
    nextMs = Math.min(nextMs, pending.sentMs + resendMs(calls, pending))
  }
  if (nextMs < Infinity) arm(turn, Math.max(nextMs, now.monotonicMs + COARSE_MS))
  sendWaiting(turn)
}

/** A server with much to do is not given more: the pause doubles with each send that nobody answers. */
function resendMs({ resends }: Calls, { unanswered }: Pending): number {
  if (!resends) return Infinity
  return RESEND_MS * 2 ** Math.min(RESEND_DOUBLINGS, Math.max(0, unanswered.length - 1))
}

function onStop(turn: Turn): void {
  const { calls, now } = turn
  calls.stopped = true
  calls.server = null
  calls.next = null
  for (const pending of calls.book.all()) giveUp(turn, pending, calls.words.stopped, now.wallMs)
  if (calls.timerAtMs !== null) turn.effects.push({ kind: 'timer', afterMs: null })
  calls.timerAtMs = null
}

function sendWaiting(turn: Turn): void {
  const { calls } = turn
  while (destination(calls) !== null && calls.pausedUntilMs === null) {
    const pending = calls.book.takeWaiting()
    if (pending === undefined) return
    send(turn, pending)
  }
}

function send(turn: Turn, pending: Pending): void {
  const { calls, now } = turn
  const server = destination(calls)
  if (server === null) return
  pending.attempt = ++calls.sends
  pending.sentTo = server.memberId
  pending.unanswered.push(pending.attempt)
  pending.sentMs = now.monotonicMs
  pending.repeat = false
  const { session, seq } = pending.id
  const { role, command, input, level, user, traceparent } = pending.call
  const suspect = pending.suspect ? 'sent' : pending.drawn ? null : 'given'
  // What most calls do not have is added, not spread: a copy for each of them is dear on this path.
  const message: Draft<CallMessage> = {
    t: 'call',
    session,
    seq,
    floor: pending.drawn ? calls.book.floorOf(pending.id) : (pending.call.relayed?.floor ?? 0),
    attempt: pending.attempt,
    role,
    command,
    input,
  }
  if (traceparent !== undefined) message.traceparent = traceparent
  if (level !== undefined) message.level = level
  if (user !== undefined) message.user = user
  if (suspect !== null) message.suspect = suspect
  turn.effects.push({ kind: 'send', to: server.memberId, message })
  if (calls.resends) arm(turn, now.monotonicMs + RESEND_MS)
}

type Draft<T> = { -readonly [K in keyof T]: T[K] }

function giveUp(turn: Turn, pending: Pending, reason: string, since: number): void {
  const own = pending.alone || pending.call.relayed !== undefined
  const executed = own && pending.unanswered.length === 0 ? 'no' : 'unknown'
  turn.calls.book.abandon(pending)
  const outcome: CallOutcome = { status: 'unavailable', executed, reason, since, id: idText(pending.id) }
  turn.effects.push({ kind: 'resolve', callId: pending.callId, outcome })
}

function waitedFor({ server, waitingFor, words }: Calls, pending: Pending): string {
  if (server === null) return waitingFor
  return pending.reason ?? words.silent(server)
}

function waitedSince({ server, since }: Calls, pending: Pending): number {
  return server === null && since !== null ? since : pending.calledWallMs
}

/** Hosts keep timers of up to about 24 days; a look too early is harmless. */
const LONGEST_TIMER_MS = 3_600_000

function arm(turn: Turn, dueMs: number): void {
  const { calls, now, effects } = turn
  const atMs = Math.min(dueMs, now.monotonicMs + LONGEST_TIMER_MS)
  if (calls.timerAtMs !== null && calls.timerAtMs <= atMs) return
  calls.timerAtMs = atMs
  effects.push({ kind: 'timer', afterMs: Math.max(0, atMs - now.monotonicMs) })
}
