import type { InputOf } from '@tanist/core'
import type { Proxy, Role } from './types.js'

/** What a reaction gets besides the event's payload. */
export interface ReactionCtx<C> {
  /** The same at every attempt and of this event alone: the idempotency key for outside systems. */
  readonly id: string
  /** Where the event stands in the journal. */
  readonly index: number
  readonly term: number
  /** When the event's command was decided: milliseconds since 1970. */
  readonly at: number
  /** Counts from 1 in each reign. */
  readonly attempt: number
  /** Of the reign that runs this attempt, for fencing outside systems: greater (term first, then index) is newer. */
  readonly token: { readonly term: number; readonly index: number }
  /** Aborted when this peer stops serving, and when the attempt is over its time. */
  readonly signal: AbortSignal
  /** The role's own commands; see `role`. */
  readonly own: Proxy<C>
  /**
   * Commands of another role of the group. The n-th call of a run has an id made of the event and n, so that a
   * repeated run gets the first outcomes and each call is executed once: make them in the same order at every run.
   * Options other than `signal` and `deadlineMs` are refused.
   */
  readonly role: <S2, E2, C2>(role: Role<S2, E2, C2>) => Proxy<C2>
}

export type ReactionFunction<P, C> = (event: P, ctx: ReactionCtx<C>) => void | Promise<void>

export interface ReactionOptions<P, C> {
  readonly run: ReactionFunction<P, C>
  /**
   * Events of one lane are reacted to one after the other, in their order; those of different lanes side by side.
   * Default: one lane for all events of the role that name none.
   */
  readonly lane?: (event: P) => string
  /** Failed attempts after which it is parked for an operator, and its lane goes on. Default 10. */
  readonly attempts?: number
  /** An attempt without an end is given up after this time. Default 30,000. */
  readonly timeoutMs?: number
  /** Pause after the first failed attempt; doubles up to `maxBackoffMs`. Default 200. */
  readonly backoffMs?: number
  /** Default 30,000. */
  readonly maxBackoffMs?: number
}

/**
 * A side effect of an event. Runs on the server after the commit, at least once: it runs again after an error, after
 * `timeoutMs`, and at the next server when this one could not journal its end. One that keeps failing is parked.
 */
export type Reaction<P, C> = ReactionFunction<P, C> | ReactionOptions<P, C>

export type Reactions<E, C> = { readonly [K in keyof E]?: Reaction<InputOf<E[K]>, C> }

/** Any reaction, when its types do not matter. */
export type AnyReaction =
  | ((event: never, ctx: never) => void | Promise<void>)
  | {
      readonly run: (event: never, ctx: never) => void | Promise<void>
      readonly lane?: (event: never) => string
      readonly attempts?: number
      readonly timeoutMs?: number
      readonly backoffMs?: number
      readonly maxBackoffMs?: number
    }
