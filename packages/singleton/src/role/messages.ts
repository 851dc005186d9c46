import type { Encoded } from '@tanist/core'
import type { Failed } from './types.js'

/** A command's identity: it is executed at most once per `(session, seq)`. `seq` counts from 1. */
export interface CommandId {
  readonly session: string
  readonly seq: number
}

/** What the role decided, as it is journalled. */
export type JournalledOutcome =
  | { readonly status: 'ok'; readonly value: Encoded }
  | { readonly status: 'refused'; readonly refusal: Encoded }

/** Caller to server. */
export interface CallMessage extends CommandId {
  readonly t: 'call'
  /** Every seq of the session up to here has been answered; 0 for an id that the application chose. */
  readonly floor: number
  /** Counts the sends of this call, so that a `retry` says which one was not executed. */
  readonly attempt: number
  readonly role: string
  readonly command: string
  readonly input: Encoded
  /** Of a client that is linked to the caller; absent: the caller is a member itself. */
  readonly level?: 'trusted' | 'stray'
  readonly user?: string
  /**
   * `sent`: to a server that was lost before it said anything about it. `given`: somebody else may have sent its id,
   * which the caller did not draw.
   */
  readonly suspect?: 'sent' | 'given'
  /** The caller's trace, in the W3C's form. What is not of that form is passed over. */
  readonly traceparent?: string
}

/**
 * Server to caller. `result` is sent once `index` is committed. `failed` and `expired` change nothing, but a
 * deposed server would say them of a command that its successor executed: send them only as reads are
 * answered, under a proven lease.
 */
export type AnswerMessage = ResultMessage | FailedMessage | ExpiredMessage | RetryMessage

export interface ResultMessage extends CommandId {
  readonly t: 'result'
  readonly term: number
  readonly index: number
  readonly outcome: JournalledOutcome
}

/** Nothing was executed and nothing journalled; `(term, index)` is where it would have been. */
export interface FailedMessage extends CommandId {
  readonly t: 'failed'
  readonly term: number
  readonly index: number
  readonly refusal: Failed
}

/** The id lies below its session's window: it is not executed now, and whether it was is no longer known. */
export interface ExpiredMessage extends CommandId {
  readonly t: 'expired'
  readonly attempt: number
  /** Its whole session is not known any more; one with this position in its name is new. */
  readonly renewAt?: number
}

/** Not serving. `appended`: it had got into the journal of a reign that ended, so it may yet be committed. */
export interface RetryMessage extends CommandId {
  readonly t: 'retry'
  readonly attempt: number
  readonly appended: boolean
  readonly reason: string
}

/** Server to its callers: it hands over. What is called from now on goes to the member that stands in its place. */
export interface NextMessage extends NextServer {
  readonly t: 'next'
}

export interface NextServer {
  readonly memberId: string
  readonly incarnation: number
  /** The term in which it stands. */
  readonly term: number
}

export type FinalAnswer = Exclude<AnswerMessage, RetryMessage>

/** How a call ends, with the application's values still encoded. `answer`: of a relayed call, what the server said. */
export type CallOutcome = CallEnd & { readonly answer?: FinalAnswer }

type CallEnd =
  | (JournalledOutcome & { readonly term: number; readonly index: number })
  | {
      readonly status: 'unavailable'
      readonly executed: 'no' | 'unknown'
      readonly reason: string
      readonly since: number
      readonly id: string
    }
