import type { Encoded } from './encoded.js'
import type { CommandId, JournalledOutcome } from './messages.js'
import type { Caller, Failed } from './types.js'

/**
 * The replicated state of one group: the states of its roles and the outcomes of its sessions.
 *
 *   every replica   apply(entry)…, then flush()        committed state, a function of the entries alone
 *   the leader      beginReign(tail?)                  speculative := committed (+ what awaits commit)
 *                   decide(request, position)          on speculative state; the caller appends the payload there
 *                   apply(entry) as its entries commit
 *                   endReign()                         speculative state is thrown away
 *
 * - A command runs once per `(session, seq)`; a duplicate is answered with the first outcome.
 * - A role whose code cannot take a committed entry is marked failed and no longer served; the others go on.
 * - A command whose code fails is refused to its caller and leaves no trace but a line in the log.
 */
export interface RoleHost {
  /**
   * Takes the next committed command entry. Never throws because of what is in it. Undefined when the payload
   * cannot be read at all: nobody knows which role it was for, so every role fails.
   */
  apply(entry: CommandRecord): Applied | undefined
  /** `tail`: entries of the own journal that are not applied yet; they must be applied in this order later. */
  beginReign(tail?: readonly CommandRecord[]): void
  endReign(): void
  /** Only within a reign. `at.index` is the position at which an `append` will be made, greater at each one. */
  decide(request: CommandRequest, at: DecideAt): Decided
  /** The committed state of a role; undefined when it is unknown. */
  state(role: string): unknown
  /** Why a role is not served: a sentence with the journal position; undefined while it is well. */
  failure(role: string): string | undefined
  /** Calls `listener` in `flush` when the committed state has changed since the last one. Returns its end. */
  observe(role: string, listener: (state: unknown) => void): () => void
  /** Tells the observers. To be called after a batch of `apply`. */
  flush(): void
  /** All states and sessions as they are, for comparison. */
  snapshot(): unknown
  /** A short hash of `snapshot()`: equal on replicas that applied the same entries. */
  digest(): string
}

export interface CommandRecord {
  readonly index: number
  readonly term: number
  readonly payload: Uint8Array
}

export interface Applied extends CommandId {
  readonly role: string
  readonly command: string
  readonly outcome: JournalledOutcome
  readonly index: number
  readonly term: number
  readonly changed: boolean
}

export interface CommandRequest extends CommandId {
  readonly floor: number
  readonly role: string
  readonly command: string
  readonly input: Encoded
  readonly caller: Caller
}

export interface DecideAt {
  readonly index: number
  readonly term: number
  readonly atMs: number
  readonly branch: string
}

export type Decided =
  /** Append `payload` at the index given; answer with `outcome` once it is committed. */
  | { readonly kind: 'append'; readonly payload: Uint8Array; readonly outcome: JournalledOutcome }
  /** A duplicate: answer with `outcome` once `index` is committed. */
  | {
      readonly kind: 'known'
      readonly term: number
      readonly index: number
      readonly outcome: JournalledOutcome
    }
  | { readonly kind: 'expired' }
  /** Nothing to append. */
  | { readonly kind: 'failed'; readonly refusal: Failed }
