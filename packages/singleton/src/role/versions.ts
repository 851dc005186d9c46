import type { InputOf } from '@tanist/core'

/*
 * How a role grows old. Every event has a version, 1 unless `versions` says otherwise; the journal says with which
 * version each event was written. For each older version `upcast` has a step that brings it up by one:
 *
 *   versions: { taken: 3 },
 *   upcast: { taken: { 1: (old: Taken1): Taken2 => ..., 2: (old: Taken2): Taken => ... } },
 *
 * The compiler checks that every step is there and that each returns what the next one takes.
 */

/** `[1, 2, 3, ...]`: the number after N is at N. */
type After = [
  1,
  2,
  3,
  4,
  5,
  6,
  7,
  8,
  9,
  10,
  11,
  12,
  13,
  14,
  15,
  16,
  17,
  18,
  19,
  20,
  21,
  22,
  23,
  24,
  25,
  26,
  27,
  28,
]

/** The numbers from 1 to below N. */
type Below<N extends number, Found extends number = never, I extends number = 1> = I extends N
  ? Found
  : After[I] extends number
    ? Below<N, Found | I, After[I]>
    : Found

type ParamOf<F> = F extends (old: infer P) => unknown ? P : unknown

type StepOf<U, K extends number> = U extends Readonly<Record<K, infer F>> ? F : never

/** What the step from version `I` must return. */
type Wanted<U, V extends number, I extends number, Today> = After[I] extends V
  ? Today
  : ParamOf<StepOf<U, After[I]>>

/** Steps from 1 to V - 1, each returning what the next takes, and the last one what is stored today. */
export type CheckedSteps<U, V extends number, Today> = {
  readonly [I in Below<V>]: (old: never) => Wanted<U, V, I, Today>
}

type Older<V> = { [K in keyof V]: V[K] extends 1 ? never : K }[keyof V]

export type EventVersions = Readonly<Record<string, number>>

type VersionOf<V, K extends keyof V> = Extract<V[K], number>

export type CheckedUpcast<E, V, U> = {
  readonly [K in Older<V> & keyof E]: CheckedSteps<
    K extends keyof U ? U[K] : never,
    VersionOf<V, K & keyof V>,
    InputOf<E[K]>
  >
}

export type AnySteps = Readonly<Record<number, (old: never) => unknown>>

/** The part of a definition about versions. `V`: of events; `U`: their steps; `W`, `X`: the same of the state. */
export type Evolution<S, E, V, U, W extends number, X> = {
  /** By event, where it is not 1. Event functions take the newest. */
  readonly versions?: V & NoInfer<{ readonly [K in keyof V]: K extends keyof E ? V[K] : never }>
  /** Of the state in snapshots. Default 1. */
  readonly stateVersion?: W
  /**
   * By event and version: brings a payload down from that version to the one before, so that commands can go on while
   * peers are upgraded one by one. Without it, a command whose event not all voters can read yet is refused (`not-yet`).
   */
  readonly downcast?: NoInfer<{ readonly [K in keyof E]?: AnySteps }>
  /** Former names of events: `{ reserved: 'taken' }`. */
  readonly renamed?: Readonly<Record<string, NoInfer<keyof E & string>>>
  /** Former names of the role. */
  readonly formerly?: readonly string[]
} & ([Older<V>] extends [never]
  ? { readonly upcast?: U }
  : { readonly upcast: U & NoInfer<CheckedUpcast<E, V, U>> }) &
  (W extends 1 ? { readonly upcastState?: X } : { readonly upcastState: X & NoInfer<CheckedSteps<X, W, S>> })
