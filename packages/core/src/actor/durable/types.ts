import type { MailboxOptions } from '../mailbox.js'
import type { RestartLimit, Supervision } from '../supervision.js'
import type { Accept, Decision, InputArgs, InputOf, Make, Refuse } from '../../events/index.js'

/** What a command may use besides state, input and `on`. */
export interface DurableCtx {
  /** Wall-clock time of the command: milliseconds since 1970. */
  readonly at: number
  /** A new identifier at each call, from the host's randomness. */
  readonly id: () => string
}

/** When a snapshot is taken: as soon as one of both is reached since the last one. */
export interface SnapshotRule {
  /** Journalled commands. Default 1,000. */
  readonly every?: number
  /** Bytes that they take in the journal. Default 4 MiB. */
  readonly bytes?: number
  /** What snapshots cover is removed from the journal in files of about this size. Default 1 MiB. */
  readonly segmentBytes?: number
}

/** An event as it was stored. */
export interface StoredEvent {
  readonly type: string
  readonly payload: unknown
  /** `version` of the definition that stored it. */
  readonly version: number
}

/** Brings up what an older `version` stored. Both are pure, and get copies of their own. */
export interface Upcast<S> {
  /** What the stored event is today: one event, several, or none (an empty list). */
  readonly event: (
    stored: StoredEvent,
  ) =>
    | { readonly type: string; readonly payload: unknown }
    | readonly { readonly type: string; readonly payload: unknown }[]
  /** What the state of a stored snapshot is today. */
  readonly state: (stored: unknown, version: number) => S
}

export type EventFunction<S> = (state: NoInfer<S>, payload: never) => NoInfer<S>
export type CommandFunction<S, E> = (
  state: NoInfer<S>,
  input: never,
  on: Make<S, E>,
  ctx: DurableCtx,
) => Decision
export type QueryFunction<S> = (state: NoInfer<S>, input: never) => unknown

/** What `durable(name, definition)` takes. All functions are pure and never change the state given. */
export interface DurableDefinition<S, E, C, Q> {
  /** The state before the first event. */
  readonly state: () => S
  /** `(state, payload) => next state`. */
  readonly events: E
  /** `(state, input, on, ctx) => refuse(...) | persist(on.something(...)).reply(...)`. */
  readonly commands: C
  /** `(state, input) => value`: journal nothing. */
  readonly queries?: Q
  /** Of the events and of the state. Raise it when either changes its form, and say in `upcast` how. Default 1. */
  readonly version?: number
  /** Needed from version 2 on. */
  readonly upcast?: Upcast<NoInfer<S>>
  readonly snapshot?: SnapshotRule
  /** The actor's own folder. Default: one named after it, in the system's `data`. */
  readonly folder?: string
  /** What happens after a failure. Default: none is tried, the actor stops. A restart recovers from the disk again. */
  readonly restarts?: RestartLimit
  /** How failures of its children are answered. */
  readonly supervision?: Supervision
  readonly mailbox?: MailboxOptions
}

/** How a command ends that returns `D`. Both are answered only once everything they rest on is durable. */
export type DurableOutcome<D> =
  D extends Accept<infer R>
    ? { readonly status: 'ok'; readonly value: R }
    : D extends Refuse<infer F>
      ? { readonly status: 'refused'; readonly refusal: F }
      : never

type OutcomeOf<F> = F extends (...args: never) => infer D ? DurableOutcome<D> : never
type AnswerOf<F> = F extends (...args: never) => infer R ? R : never

/** Commands and queries as the protocol of the actor's ref. */
export type DurableProtocol<C, Q> = {
  readonly [K in keyof C & string]: (...input: InputArgs<InputOf<C[K]>>) => OutcomeOf<C[K]>
} & {
  readonly [K in keyof Q & string]: (...input: InputArgs<InputOf<Q[K]>>) => AnswerOf<Q[K]>
}

/** A checked definition, when its types do not matter. */
export interface AnyDurable {
  readonly id: string
  readonly state: () => unknown
  readonly events: Readonly<Record<string, unknown>>
  readonly commands: Readonly<
    Record<string, (state: unknown, input: unknown, on: unknown, ctx: DurableCtx) => unknown>
  >
  readonly queries: Readonly<Record<string, (state: unknown, input: unknown) => unknown>>
  readonly version: number
  readonly upcast: Upcast<unknown> | null
  readonly snapshotEvery: number
  readonly snapshotBytes: number
  readonly segmentBytes: number
  readonly folder: string | null
}
