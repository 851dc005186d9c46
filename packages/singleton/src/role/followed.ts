import type { Observable } from 'rxjs'
import type { InputOf } from '@tanist/core'

/**
 * How far a reader has come: behind event `n` of entry `index`, counted from 0; without `n` behind the whole entry.
 * Plain data, to be kept beside what was made of the events. Positions rise along one branch of the journal.
 */
export interface EventPosition {
  readonly index: number
  readonly n?: number
  /** The branch that the entry is on. A position of a branch that lost is answered by a state with `reset`. */
  readonly branch?: string
}

export interface EventsOptions {
  /**
   * `now` (default): the state as it is here, then every event behind it. A position: every event behind it;
   * `{ index: 0 }` is the beginning of the journal.
   */
  readonly after?: 'now' | EventPosition
}

/** One event of a role, as this build reads it. */
export type FollowedEvent<E> = {
  readonly [K in keyof E & string]: {
    readonly kind: 'event'
    readonly type: K
    readonly payload: InputOf<E[K]>
    readonly position: Required<EventPosition>
    /** When its command was decided: milliseconds since 1970, by the server's clock then. */
    readonly at: number
    readonly term: number
  }
}[keyof E & string]

/** The whole state at a position: it takes the place of everything that was given before. */
export interface FollowedState<S> {
  readonly kind: 'state'
  readonly state: S
  readonly position: EventPosition
  /** Positions and events given before are of a branch that lost: they mean nothing any more. */
  readonly reset?: true
}

export type Followed<S, E> = FollowedEvent<E> | FollowedState<S>

/**
 * Subscribed to, it pushes. As an async iterable it waits for its reader: the next piece is read from the journal only
 * when the last one was taken, so a slow reader costs no memory.
 */
export type EventStream<S, E> = Observable<Followed<S, E>> & AsyncIterable<Followed<S, E>>

/** Items when their types do not matter. */
export type AnyFollowed =
  | {
      readonly kind: 'event'
      readonly type: string
      readonly payload: unknown
      readonly position: Required<EventPosition>
      readonly at: number
      readonly term: number
    }
  | FollowedState<unknown>
