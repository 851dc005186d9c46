import type { Address, MemberId } from '@tanist/core'
import type { BranchClaim, TermRun } from './branches.js'
import type { Applicant } from './entries.js'

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
  /** Leader to successor: everything is with you, stand now. */
  | { readonly t: 'stand' }
  /** A peer asks whoever leads to admit it. */
  | { readonly t: 'admit'; readonly member: Applicant }
  /** A member asks the leader to give up its seat for good; answered by the journal, or by `left` when it is done. */
  | { readonly t: 'leave' }
  | { readonly t: 'left' }
  /** To peers of other branches: what this one is; it gives way; and the answer, with the terms up to the fork. */
  | { readonly t: 'branch'; readonly claim: BranchClaim }
  | { readonly t: 'concede'; readonly claim: BranchClaim }
  | { readonly t: 'conceded'; readonly claim: BranchClaim; readonly runs: readonly TermRun[] }
  | ForkMessage
  | ForkedMessage
  /** Leader to members: this cluster dissolves and joins another one, which is there. */
  | { readonly t: 'dissolve'; readonly towards: Address }
)

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
}

export interface VotedMessage {
  readonly t: 'voted'
  readonly pre: boolean
  /** The term that was asked for. */
  readonly asked: number
  readonly granted: boolean
}
