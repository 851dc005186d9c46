import type { AnyRef, Behavior } from '../../actor/index.js'
import type { LogLevel } from '../../host/index.js'

/** One thing that a handler did, as data. Refs are shown by what they are: compare them with the refs of the test. */
export type Effect =
  | { readonly do: 'tell'; readonly to: AnyRef; readonly handler: string; readonly message: unknown }
  | { readonly do: 'ask'; readonly to: AnyRef; readonly handler: string; readonly message: unknown }
  | {
      readonly do: 'spawn'
      readonly name: string
      readonly behavior: Behavior<unknown>
      readonly ref: AnyRef
    }
  | { readonly do: 'stop'; readonly ref: AnyRef }
  | { readonly do: 'watch'; readonly ref: AnyRef; readonly to: string }
  | { readonly do: 'unwatch'; readonly ref: AnyRef }
  | {
      readonly do: 'once' | 'every'
      readonly timer: string
      readonly ms: number
      readonly to: string
      readonly message: unknown
    }
  | { readonly do: 'cancel'; readonly timer: string }
  | {
      readonly do: 'receive-timeout'
      readonly ms: number | null
      readonly to: string
      readonly message: unknown
    }
  | { readonly do: 'stash' | 'unstash' }
  | {
      readonly do: 'pipe'
      readonly promise: PromiseLike<unknown>
      readonly done: string
      readonly failed: string
    }
  | { readonly do: 'become'; readonly behavior: Behavior<unknown> }
  | { readonly do: 'log'; readonly level: LogLevel; readonly event: string; readonly text: string }

/** What one message led to. */
export interface Effects<R> {
  /** The next state; the one before when the handler failed or became something else. */
  readonly state: unknown
  readonly replied: boolean
  readonly reply: R | undefined
  /** In the order in which they happened. */
  readonly effects: readonly Effect[]
  /** What the handler threw, if it did. */
  readonly failure: { readonly error: unknown } | null
}
