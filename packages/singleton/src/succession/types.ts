import type { Address, Entry, Hello, MemberId, SnapshotId, ViewMember, ViewPosition } from '@tanist/core'
import type { Fork, TermRun } from './branches.js'
import type { Founding, Mode } from './entries.js'
import type { SnapshotLimits } from './limits.js'
import type { SuccessionMessage } from './messages.js'
import type { Evicted } from './operate.js'
import type { Ranking } from './rank.js'
import type { VoterSet } from './state.js'
import type { Timing } from './timing.js'

/** Term and vote: one durable write before anything is said in that term. */
export interface HardState {
  readonly term: number
  readonly votedFor: MemberId | null
}

/** Proof against outside systems: greater means newer. */
export interface FencingToken {
  readonly term: number
  readonly index: number
}

export interface Leader {
  readonly memberId: MemberId
  readonly incarnation: number
  readonly term: number
}

/** The journal as the machine reads it; what it appended since its last step it remembers itself. */
export interface LogView {
  readonly firstIndex: number
  readonly lastIndex: number
  termAt(index: number): number
  read(from: number, maxBytes: number): Entry[]
}

/** The snapshots as the machine reads them; what it asked for in a step it sees in the next one. */
export interface SnapshotsView {
  /** Whole and durable, by rising index. */
  readonly whole: readonly SnapshotId[]
  /** One that is being received. */
  readonly partial: { readonly id: SnapshotId; readonly received: number } | null
  read(id: SnapshotId, offset: number, length: number): Uint8Array
}

export interface SuccessionConfig {
  readonly self: Hello
  readonly app: string
  readonly mode: Mode
  /** Found only when at least this many peers, this one included, are in sight. */
  readonly expect: number
  /** False: it gave up its journal to join others, and waits for them. Default true. */
  readonly mayFound?: boolean
  /** It gave up this branch in its former life: for some time it does not go back to it. */
  readonly gaveUp?: string
  readonly timing: Timing
  /** The voter set never has fewer seats by itself, and nobody serves while it has. Default 1. */
  readonly minCopies?: number
  readonly hard: HardState
  readonly log: LogView
  /** The cluster whose journal this peer lost, and how: it founds nothing, and waits for a member of that one. */
  readonly awaits?: { readonly clusterId: string | null; readonly text: string } | null
  /** Without it no snapshots are taken and the journal grows. */
  readonly snapshots?: SnapshotsView
  /** The newest whole snapshot, which the roles have been restored from: everything up to it is committed. */
  readonly base?: SnapshotMeta | null
  /** The hash of the restored state, where that says something about others' states. */
  readonly baseDigest?: string
  readonly snapshotLimits?: SnapshotLimits
  /** Default `seniority`. */
  readonly ranking?: Ranking
  /** This start was made to come back after an eviction. */
  readonly rejoin?: boolean
}

/** What an operator wants done about a member. */
export interface Operation {
  /** `demote`: it keeps copies and loses its vote until its next start. `evict`: it is no member any more. */
  readonly op: 'demote' | 'evict'
  readonly memberId: MemberId
}

export type SuccessionInput =
  | { readonly kind: 'start' }
  | {
      readonly kind: 'message'
      readonly from: MemberId
      readonly incarnation: number
      readonly message: SuccessionMessage
      readonly entries: readonly Entry[]
    }
  | { readonly kind: 'timer'; readonly key: string }
  /** The append (or persist) with this ticket is on disk. */
  | { readonly kind: 'appended'; readonly ticket: number }
  | { readonly kind: 'persisted'; readonly ticket: number }
  /** So is what `reserve` asked for. */
  | { readonly kind: 'reserved'; readonly hard: HardState }
  /** A usable link to a peer exists, or its hello changed. */
  | { readonly kind: 'up'; readonly hello: Hello; readonly relinked: boolean }
  | { readonly kind: 'down'; readonly memberId: MemberId }
  /** Class A about that incarnation, observed by this peer itself. */
  | { readonly kind: 'dead'; readonly memberId: MemberId; readonly incarnation: number }
  /** Membership proposes to remove an incarnation; `leaving`: it gave up its seat. */
  | {
      readonly kind: 'gone'
      readonly memberId: MemberId
      readonly incarnation: number
      readonly leaving: boolean
      readonly why: string
    }
  /** Only while serving: journal a command. Its index is the machine's `lastIndex` before the call, plus 1. */
  | { readonly kind: 'propose'; readonly payload: Uint8Array }
  /** Hand the role over; null picks the first in line. */
  | {
      readonly kind: 'transfer'
      readonly to: MemberId | null
      /** An operator chose: the role does not go home in the next reign. */
      readonly stay?: boolean
    }
  /** An operator's wish, whoever leads; answered by `operated` with this id. */
  | { readonly kind: 'operate'; readonly id: number; readonly operation: Operation }
  /** Median round trips to members, as others measured them; replaces what was told before. */
  | { readonly kind: 'latency'; readonly medians: readonly (readonly [MemberId, number])[] }
  /** Give up the seat for good. Ends with the effect `left`. */
  | { readonly kind: 'leave' }
  /** Everything that had to stop with the reign has stopped (answers the effect `yield`). */
  | { readonly kind: 'yielded' }
  /** Only while serving: confirm that this peer still leads; answered by `readable` or `unreadable`. */
  | { readonly kind: 'read'; readonly id: number }
  /** Somebody may be there and is being dialled: no cluster is founded just now. */
  | { readonly kind: 'sought'; readonly memberId: MemberId }
  /** Somebody does not want this peer: it founds nothing as long as it sees nobody else. */
  | { readonly kind: 'refused' }
  /** The capture asked for is whole and durable. `digest` is null when it says nothing about others' states. */
  | { readonly kind: 'snapshotted'; readonly id: SnapshotId; readonly digest: string | null }
  /** It could not be written: a state holds what cannot be kept. */
  | { readonly kind: 'uncaptured'; readonly index: number; readonly why: string }
  /** The snapshot of the effect `install` is whole, and in this very turn the roles took its state. */
  | {
      readonly kind: 'installed'
      readonly id: SnapshotId
      readonly meta: SnapshotMeta
      readonly digest: string | null
    }
  /** It was not to be: its bytes are damaged, or not wanted any more. */
  | { readonly kind: 'uninstalled'; readonly id: SnapshotId; readonly why: string }
  /** A peer of another cluster was met, and refused. */
  | { readonly kind: 'foreign'; readonly hello: Hello }
  /** An operator's word: go on with what is here, as a new branch. Answered by the effect `continued`. */
  | { readonly kind: 'continue'; readonly why: string }
  /** The end of a batch of inputs: append and send what they asked for. */
  | { readonly kind: 'flush' }

export type SuccessionEffect =
  | {
      readonly kind: 'send'
      readonly to: MemberId
      readonly message: SuccessionMessage
      readonly entries?: readonly Entry[]
    }
  | { readonly kind: 'timer'; readonly key: string; readonly afterMs: number | null }
  | { readonly kind: 'persist'; readonly hard: HardState; readonly ticket: number }
  /** As `persist`, of what may be said soon and is not said yet; answered by `reserved`. */
  | { readonly kind: 'reserve'; readonly hard: HardState }
  | { readonly kind: 'append'; readonly entries: readonly Entry[]; readonly ticket: number }
  | { readonly kind: 'truncate'; readonly from: number }
  /** The journal goes on behind an installed snapshot. */
  | { readonly kind: 'reset'; readonly index: number; readonly term: number }
  /** Entries below are covered by a durable snapshot and needed by nobody. */
  | { readonly kind: 'drop'; readonly below: number }
  /** The whole snapshot with this index is needed by nobody. */
  | { readonly kind: 'forget'; readonly id: SnapshotId }
  /** Capture the state as it is now, after all that was handed out; answered by `snapshotted`. */
  | { readonly kind: 'capture'; readonly meta: SnapshotMeta }
  /** The next bytes of a snapshot from elsewhere. */
  | {
      readonly kind: 'receive'
      readonly id: SnapshotId
      readonly offset: number
      readonly bytes: Uint8Array
    }
  /** It is complete: answered by `installed` or `uninstalled`, sooner or later. */
  | { readonly kind: 'install'; readonly id: SnapshotId }
  /** The own state is not what the journal says: serve nothing of it; `install` follows. */
  | { readonly kind: 'diverged'; readonly index: number; readonly text: string }
  /** These entries are committed: apply them, in order. */
  | { readonly kind: 'committed'; readonly entries: readonly Entry[] }
  /** This peer is the server from now on; everything committed so far has been handed out. */
  | { readonly kind: 'serve'; readonly token: FencingToken }
  | { readonly kind: 'yield'; readonly why: string }
  | { readonly kind: 'leader'; readonly leader: Leader | null }
  /** The announced line of succession changed. */
  | { readonly kind: 'line' }
  /**
   * The committed member list, or who votes, changed. `at`: the entry that changed it, or the last one of the snapshot
   * that it came from. Of two views of one branch the one with the greater `at` is newer; with the same, they are the
   * same.
   */
  | { readonly kind: 'view'; readonly members: readonly ViewMember[]; readonly at: ViewPosition }
  /** Founded or joined: this is the cluster from now on. */
  | { readonly kind: 'cluster'; readonly clusterId: string; readonly mode: Mode }
  | { readonly kind: 'readable'; readonly id: number; readonly index: number }
  | { readonly kind: 'unreadable'; readonly id: number; readonly why: string }
  /** Look whether this member lives: redial it at once. */
  | { readonly kind: 'probe'; readonly memberId: MemberId }
  /** Everything is with this member, which is asked to stand in the term named. */
  | { readonly kind: 'next'; readonly leader: Leader }
  | { readonly kind: 'transferred'; readonly ok: boolean; readonly text: string }
  | {
      readonly kind: 'operated'
      readonly id: number
      readonly status: 'done' | 'refused' | 'unknown'
      readonly text: string
    }
  /** The own seat is given up. */
  | { readonly kind: 'left' }
  | {
      readonly kind: 'note'
      readonly event: string
      readonly text: string
      readonly data: Record<string, unknown>
    }
  /** The peer must stop; nothing on disk was harmed. */
  | { readonly kind: 'fatal'; readonly code: 'diverged' | 'mode' | 'evicted'; readonly text: string }
  | { readonly kind: 'continued'; readonly ok: boolean; readonly text: string }
  /**
   * Entries from `from` on cannot be kept: put them aside, drop them, and begin a new life under a new identity.
   * The last effect of this machine. `branch`: where they belong; `commitIndex`: what was known committed of it.
   */
  | {
      readonly kind: 'set-aside'
      readonly from: number
      readonly because: 'branch' | 'committed' | 'cluster'
      readonly branch: string
      readonly commitIndex: number
      readonly text: string
      /** Where those are whom it shall join, when that is not in the journal. */
      readonly towards?: Address
    }

/** What a snapshot of a group's journal says about the group itself: as of its last entry. */
export interface SnapshotMeta {
  readonly index: number
  readonly term: number
  readonly founding: Founding
  /** The branch in force at `index`: of the founding, or of the last forced continuation. */
  readonly branchId: string
  /** Every forced continuation up to `index`. */
  readonly forks?: readonly Fork[]
  /** The last runs of terms up to `index`: where this journal parted from another branch is known for good. */
  readonly terms?: readonly TermRun[]
  /** The last committed voter set, and the index of its entry. */
  readonly voterSet: VoterSet
  readonly view: readonly ViewMember[]
  /** Everyone who was ever admitted: member id and name. */
  readonly names: readonly (readonly [MemberId, string])[]
  /** Who was evicted by then. */
  readonly evicted?: readonly (readonly [MemberId, Evicted])[]
}
