import type { Address, MemberId, SnapshotId } from '@tanist/core'
import type { BranchClaim, TermRun } from './branches.js'
import type { Applicant } from './entries.js'
import type { Operation } from './types.js'

/**
 * What members say to each other about one group. Each carries the branch and the sender's term; the link
 * names the sender and its incarnation. Entries travel beside an `append` as raw journal records.
 */
export type SuccessionMessage = {
  readonly branch: string | null
  readonly term: number
} & (
  | AppendMessage
  | AppendedMessage
  | VoteMessage
  | VotedMessage
  | SnapshotMessage
  | ReceivedMessage
  /** A member whose state has diverged asks its leader for a snapshot that ends at `from` or later. */
  | { readonly t: 'fetch'; readonly from: number; readonly diverged: number }
  /**
   * Leader to voters: `to` will stand in the next term. Each writes its vote for it down, and keeps to the present
   * term; the successor says when it has.
   */
  | { readonly t: 'prepare'; readonly to: MemberId }
  | { readonly t: 'prepared' }
  /** Leader to successor: everything is with you, stand now. */
  | {
      readonly t: 'stand'
      /** An operator wants it: do not hand the role home in this reign. */
      readonly stay?: true
      /** The leader's vote in the next term comes with it: it was written down before. */
      readonly vote?: true
    }
  /** A peer asks whoever leads to admit it. */
  | { readonly t: 'admit'; readonly member: Applicant; readonly rejoin?: boolean }
  /** A member asks the leader to give up its seat for good; answered by the journal, or by `left` when it is done. */
  | { readonly t: 'leave' }
  | { readonly t: 'left' }
  /** Leader to the voter that ranks before it: would a majority vote for you? Answered when one would. */
  | { readonly t: 'canvass' }
  | { readonly t: 'canvassed' }
  | OperateMessage
  | OperatedMessage
  /** The leader to somebody who was evicted: go. */
  | { readonly t: 'evicted'; readonly incarnation: number; readonly why: string }
  /** To peers of other branches: what this one is; it gives way; and the answer, with the terms up to the fork. */
  | { readonly t: 'branch'; readonly claim: BranchClaim }
  | { readonly t: 'concede'; readonly claim: BranchClaim }
  | { readonly t: 'conceded'; readonly claim: BranchClaim; readonly runs: readonly TermRun[] }
  | ForkMessage
  | ForkedMessage
  /** Leader to members: this cluster dissolves and joins another one, which is there. */
  | { readonly t: 'dissolve'; readonly towards: Address }
  | GrantMessage
  | GrantedMessage
)

/** A moment by the sender's monotonic and wall clock. */
export type Clocks = readonly [monotonicMs: number, wallMs: number]

/** A voter set is named by the position and the term of its entry. */
export type SetName = readonly [index: number, term: number]

/**
 * In a beat to the follower of a pair (rule 17): the sender's last voter set, and the tag of the newest answer from
 * that start of the follower; the sender goes on alone no sooner than `soloMs` after it received that answer.
 */
export interface PairPromise {
  readonly set: SetName
  readonly echo: readonly [incarnation: number, monotonicMs: number, wallMs: number] | null
  readonly soloMs: number
}

/** In a request for a vote of a pair: the candidate's last voter set, and its start. */
export interface PairVote {
  readonly set: SetName
  readonly incarnation: number
}

/** A member passes on what an operator wants; `id` is its own. Repeated until it is answered. */
export interface OperateMessage {
  readonly t: 'operate'
  readonly id: number
  readonly operation: Operation
}

export interface OperatedMessage {
  readonly t: 'operated'
  readonly id: number
  readonly status: 'done' | 'refused'
  readonly text: string
}

/** To peers of the same branch: may I go on without a majority? */
export interface ForkMessage {
  readonly t: 'fork'
  readonly by: 'operator' | 'available'
  readonly lastIndex: number
  readonly lastTerm: number
}

export interface ForkedMessage {
  readonly t: 'forked'
  /** Null: go on, I come along. */
  readonly refused: 'leader' | 'newer' | 'asks' | null
}

/** To the witness that this voter set of two names: may I go on alone? */
export interface GrantMessage {
  readonly t: 'grant'
  readonly set: SetName
  /** The asker knows that the set is committed. */
  readonly committed: boolean
  /** The asker leads, and asks about every set that may be in force. */
  readonly leads: boolean
  /** Asks for nothing: the witness shall know that the set is committed. */
  readonly notice: boolean
}

/** Of the two, `to` goes on, and never the other; null: nothing is decided. */
export interface GrantedMessage {
  readonly t: 'granted'
  readonly set: SetName
  readonly to: MemberId | null
  /** The set is known to have been committed. */
  readonly committed: boolean
}

export interface AppendMessage {
  readonly t: 'append'
  readonly prevIndex: number
  readonly prevTerm: number
  readonly commit: number
  /** Rounds count up; 0 asks for no answer. An answered round proves that the sender led when it sent it. */
  readonly round: number
  /** When the leader sent it, by its monotonic and its wall clock; comes back with the answer. */
  readonly sent: readonly [monotonicMs: number, wallMs: number]
  /** Line of succession: reachable, caught-up voters, next leader first. Only beats carry it. */
  readonly line: readonly MemberId[] | null
  readonly pair?: PairPromise
}

export interface AppendedMessage {
  readonly t: 'appended'
  readonly round: number
  readonly sent: readonly [monotonicMs: number, wallMs: number]
  /** Everything up to here is on the sender's disk and equal to the leader's journal; -1 with `hint`. */
  readonly match: number
  /** The entry before the appended ones is missing or differs: try from here. */
  readonly hint?: { readonly rejected: number; readonly index: number; readonly term: number }
  /** From the receipt of the answered round on, the sender votes for nobody else for this long. */
  readonly promiseMs: number
  /** In a pair: when this answer was sent, by the clocks of its sender; comes back as an echo. */
  readonly tag?: Clocks
  /** Its disk has not answered for long: it is no successor. */
  readonly stalled?: true
  /** In a pair with a witness: it was asked about the present set. */
  readonly spent?: true
}

export interface VoteMessage {
  readonly t: 'vote'
  /** A pre-vote asks whether a vote in `term` would be granted; it changes nothing. */
  readonly pre: boolean
  readonly lastIndex: number
  readonly lastTerm: number
  /** The leader itself told the candidate to stand. */
  readonly transfer: boolean
  /** The leader incarnation that the candidate has proof is dead: a reason to look, never to grant. */
  readonly dead: { readonly memberId: MemberId; readonly incarnation: number } | null
  readonly pair?: PairVote
}

export interface VotedMessage {
  readonly t: 'voted'
  readonly pre: boolean
  /** The term that was asked for. */
  readonly asked: number
  readonly granted: boolean
}

/** A piece of a snapshot, as the payload of the one entry beside it; without one it asks how much is there. */
export interface SnapshotMessage {
  readonly t: 'snapshot'
  readonly of: SnapshotId
  readonly offset: number
}

export interface ReceivedMessage {
  readonly t: 'received'
  readonly of: SnapshotId
  /** The byte wanted next. */
  readonly offset: number
  /** Once everything up to the snapshot's end is in force here: where the journal stands; else -1. */
  readonly match: number
}
