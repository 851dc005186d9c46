import type { Encoded } from '@tanist/core'
import type { CommandId, JournalledOutcome } from './messages.js'
import type { Caller, Failed } from './types.js'

/**
 * The replicated state of one group: the states of its roles and the outcomes of its sessions.
 *
 *   every replica   apply(entry)…, then flush()        committed state, a function of the entries alone
 *   the leader      beginReign(tail?)                  speculative := committed (+ what awaits commit)
 *                   decide(request, position)          on speculative state; the caller appends the payload there
 *                   settle(settlements, position)      the same about reactions
 *                   apply(entry) as its entries commit
 *                   endReign()                         speculative state is thrown away
 *
 * - A command runs once per `(session, seq)`; a duplicate is answered with the first outcome.
 * - A role whose code cannot take a committed entry is marked failed and no longer served; the others go on.
 * - A command whose code fails is refused to its caller and leaves no trace but a line in the log.
 * - An event that has a reaction in the leader's build stays in the outbox of its role from its commit until a
 *   journalled settlement takes it out. Calls that it makes come with the session `~ROLE:KEY` and seq 1, 2, …: each runs
 *   once, whatever is repeated, and never once the reaction is settled.
 * - A due command comes with the session `!ROLE:KEY` and seq 1, of an item that `due` gave. It runs once in each
 *   appearance of that item in what the role's `due` derives.
 */
export interface RoleHost {
  /**
   * Takes the next committed command entry. Never throws because of what is in it. Undefined when the payload
   * cannot be read at all: nobody knows which role it was for, so every role fails; and when sessions expired by it.
   */
  apply(entry: CommandRecord): Applied | Settled | undefined
  /** `tail`: entries of the own journal that are not applied yet; they must be applied in this order later. */
  beginReign(tail?: readonly CommandRecord[]): void
  endReign(): void
  /**
   * To be asked before `decide`, within a reign: what must be appended at `at.index` first so that sessions which are
   * long unused, or too many, expire; mostly null. Cheap.
   */
  expire(at: DecideAt): Uint8Array | null
  /** Only within a reign. `at.index` is the position at which an `append` will be made, greater at each one. */
  decide(request: CommandRequest, at: DecideAt): Decided
  /**
   * Only within a reign, and speculative as `decide`: what must be appended at `at.index`; null when nothing of it
   * applies (any more). Takes `SETTLE_MAX` at once: ask again, with the next position, until it is null.
   */
  settle(settlements: readonly Settlement[], at: DecideAt): Uint8Array | null
  /** The events of a role whose reactions have no journalled end, in their order; also of a role that is unknown here. */
  pending(role: string): readonly PendingReaction[]
  /** Names of the roles with such events, sorted. */
  pendingRoles(): readonly string[]
  /**
   * What the role's `due` derives from its committed state and what has not run yet, by time, each once. Remembered
   * while the state is the same. Nothing while `dueFailure` says why.
   */
  due(role: string): readonly DueItem[]
  /** Why the last `due(role)` came to nothing: a sentence; undefined when it did not. */
  dueFailure(role: string): string | undefined
  /** The committed state of a role; undefined when it is unknown. */
  state(role: string): unknown
  /** Why a role is not served: a sentence with the journal position; undefined while it is well. */
  failure(role: string): string | undefined
  /** Calls `listener` in `flush` when the committed state has changed since the last one. Returns its end. */
  observe(role: string, listener: (state: unknown) => void): () => void
  /** Whether the committed state has the outcome of this command; `expired`: it may have had it. */
  knows(session: string, seq: number): 'yes' | 'no' | 'expired'
  /** Tells the observers. To be called after a batch of `apply`. */
  flush(): void
  /**
   * The committed states and sessions as they are now, to be encoded later in slices while `apply` goes on. Costs
   * little, whatever the size of the state. One at a time: a new one ends an older one.
   */
  capture(): StateCapture
  /**
   * Takes what `capture` wrote on another replica (or in an earlier life) and replaces everything at `finish`. A role
   * that this build does not know fails; its state is kept and written again. What its writer could not take of a
   * role is tried again by this build.
   */
  restore(): StateRestore
  /** All states and sessions as they are, for comparison. */
  snapshot(): unknown
  /** A short hash of `snapshot()`: equal on replicas that applied the same entries. */
  digest(): string
}

/** One state of a host, on its way to bytes. The same state gives the same bytes on every replica. */
export interface StateCapture {
  /**
   * The next piece: about 64 KiB and about a millisecond of work at most; null when all was given, or another capture
   * has begun. Throws `CodecError` when a state holds what cannot be kept, a function say.
   */
  next(): Uint8Array | null
  /** After the end: a hash that does not depend on the order in which objects got their keys. */
  readonly digest: string | null
  /**
   * False when the digest says nothing to others: entries were passed over of a role or an event that this build does not
   * know.
   * They are kept, and no state is lost, but others that know it have another state of the role.
   */
  readonly comparable: boolean
  release(): void
}

export interface StateRestore {
  /** Takes bytes in order, cut anywhere; work in proportion to them. Throws `TypeError` when they are not ours. */
  write(bytes: Uint8Array): void
  /**
   * Everything was written: from now on this is the committed state. Ends a reign. Returns its digest; null when whoever wrote it
   * had passed entries over, so that others have another state of the same position.
   */
  finish(): string | null
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
  /** Newly pending. */
  readonly reactions?: readonly PendingReaction[]
}

/** A settlement was committed. */
export interface Settled {
  readonly settled: readonly {
    readonly role: string
    readonly key: string
    readonly end: Settlement['end']
  }[]
  readonly index: number
  readonly term: number
  /** Those that are pending again. */
  readonly reactions?: readonly PendingReaction[]
}

/** An event whose reaction has no journalled end. */
export interface PendingReaction {
  readonly role: string
  /** `INDEX.N`: where the event stands. */
  readonly key: string
  readonly index: number
  /** Position in the events of its entry. */
  readonly n: number
  readonly term: number
  /** When its command was decided. */
  readonly atMs: number
  /** As this build knows the event; as it was journalled when it is `unreadable`. */
  readonly type: string
  readonly payload: unknown
  /** Why this build cannot react to it: it does not know the role or the event. */
  readonly unreadable?: string
  /** Until an operator says otherwise. */
  readonly parked: Parked | null
}

export interface Parked {
  readonly attempts: number
  readonly text: string
  readonly atMs: number
}

/** What became of a reaction. */
export interface Settlement {
  readonly role: string
  readonly key: string
  /** `retry`: a parked one is pending again; `dropped`: a parked one is forgotten. */
  readonly end: 'done' | 'parked' | 'retry' | 'dropped'
  /** Of `parked`. */
  readonly attempts?: number
  /** Of `parked`; only its beginning is kept. */
  readonly text?: string
}

/** A command that a role's `due` derives. Its fields are made when they are read: not to be spread. */
export interface DueItem {
  readonly role: string
  /** Made of time, command and input. */
  readonly key: string
  readonly command: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly input: Encoded
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

/**
 * Of a call of a reaction, `expired` says that the reaction is settled; of a due command, that its item is derived no
 * longer or has run.
 */
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
  /**
   * It is below the floor of its session. With `renewAt` nobody knows its session any more: it was not executed now,
   * and a session that is given that position in its name is new.
   */
  | { readonly kind: 'expired'; readonly renewAt?: number }
  /** Nothing to append. */
  | { readonly kind: 'failed'; readonly refusal: Failed }
