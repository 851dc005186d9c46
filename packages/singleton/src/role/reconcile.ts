import type { Decision } from '@tanist/core'
import type { Call, CallOptions } from './types.js'

/** A command of a branch that lost, or one that a repaired peer knew committed: its effects are in no state any more. */
export interface LostCommand {
  /**
   * Made of branch and position: whoever does the command again under this id does it exactly once, however many
   * peers hold the same loss.
   */
  readonly id: string
  readonly command: string
  /** `SESSION:SEQ` under which it was called. */
  readonly callerId: string
  /**
   * Whether its caller has asked again and it was done in the branch that goes on: `no`; `unknown` when its session has
   * expired there, so that nobody can tell. (What was done again for certain is not in the list.)
   */
  readonly repeated: 'no' | 'unknown'
  /** Milliseconds since 1970, by the server of that branch. */
  readonly at: number
  readonly events: readonly { readonly type: string; readonly payload: unknown }[]
  /** What its caller was, or would have been, told. */
  readonly outcome:
    | { readonly status: 'ok'; readonly value: unknown }
    | { readonly status: 'refused'; readonly refusal: unknown }
  /** This peer knew it to be committed: then its caller may have been told. */
  readonly committed: boolean
  readonly branch: string
  readonly index: number
  readonly term: number
}

export interface Reconciliation<S> {
  /** Why it was lost: a sentence. */
  readonly text: string
  /** The committed state of the branch that goes on. */
  readonly state: () => S
  /**
   * Does one of the role's commands, to bring back what should not be lost: give it the lost command's `id`. As
   * `peer.role(x).command(input, { id })`, but without its types. Throws a `TypeError` for a name that is no command.
   */
  readonly call: (command: string, input?: unknown, options?: CallOptions) => Call<Decision>
  /** Aborted when this peer stops. */
  readonly signal: AbortSignal
}
