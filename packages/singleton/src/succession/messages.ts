import type { MemberId } from '@tanist/core'
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
