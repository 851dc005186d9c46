/** Carries the state type through an event; exists only in types. */
declare const stateOf: unique symbol

/** What a command decided to journal: the name of one of the role's events and its data. */
export interface Event<S, T extends string, P> {
  readonly type: T
  readonly payload: P
  readonly [stateOf]?: (state: S) => void
}

export type AnyEvent = Event<never, string, unknown>

/** The command is answered with `refusal` and changes nothing. */
export interface Refuse<F> {
  readonly kind: 'refuse'
  readonly refusal: F
}

/** The events are journalled, and once they are safe the caller gets what `answer` makes of the next state. */
export interface Accept<R> {
  readonly kind: 'accept'
  readonly events: readonly AnyEvent[]
  readonly answer: ((next: never) => R) | null
}

export interface Persist<S> extends Accept<void> {
  /** Answers the caller with `answer(next)`; `next` is the state after the events. */
  reply<R>(answer: (next: S) => R): Accept<R>
}

/** What every command returns. */
export type Decision = Refuse<unknown> | Accept<unknown>

/** Refuses a command with a value that its caller gets, fully typed. */
export function refuse<const F>(refusal: F): Refuse<F> {
  return { kind: 'refuse', refusal }
}

/** Journals events, in this order and all or none. Without events the command is journalled all the same. */
export function persist<S>(...events: Event<S, string, unknown>[]): Persist<S> {
  return {
    kind: 'accept',
    events,
    answer: null,
    reply: (answer) => ({ kind: 'accept', events, answer }),
  }
}
