import { invariant } from '@tanist/core'
import type { Entry, MemberId } from '@tanist/core'
import type { ClusterSettings } from './cluster-settings.js'

/** What an entry's `kind` byte means in a group's journal. */
export const EntryKind = {
  founding: 1,
  start: 2,
  voters: 3,
  view: 4,
  command: 5,
  /** Every replica captures its state right after this entry, for a snapshot that ends with it. */
  checkpoint: 6,
  /** The hash of the state at a checkpoint: whose own differs has diverged and fetches again. */
  digest: 7,
  /** A new branch, by an operator or by mode `available`: also a voter set. */
  continuation: 8,
} as const

export type Mode = 'consistent' | 'available'

/** A peer as it asks to be admitted. */
export interface Applicant {
  readonly memberId: MemberId
  readonly incarnation: number
  readonly name: string
  readonly address: string
}

/** Entry 1 of every journal: it makes the cluster, its first branch, its first member and its first voter. */
export interface Founding {
  readonly clusterId: string
  readonly branchId: string
  readonly app: string
  readonly mode: Mode
  readonly founder: Applicant
  /** What all peers of the cluster must agree on (rule 24); absent in journals of 0.1: the defaults. */
  readonly settings?: ClusterSettings
}

/**
 * A forced continuation (rule 27): from here on this is another branch, whose only voter is the peer that made it.
 * `held` of `of` voters of the last set were in its sight.
 */
export interface Continuation extends VotersChange {
  readonly branchId: string
  /** The last entry of the branch that it leaves, as its maker held it. */
  readonly from: { readonly branchId: string; readonly index: number; readonly term: number }
  readonly held: number
  readonly of: number
  readonly by: 'operator' | 'available'
  readonly atMs: number
}

export interface VotersChange {
  readonly voters: readonly MemberId[]
  readonly why: string
  /** Two voters with the exceptions of rules 17 to 22. */
  readonly pair?: true
  /** Of a pair: who decides which of the two goes on alone, in place of rules 17 to 21. */
  readonly witness?: MemberId
}

/** `seat`: a removed member keeps its vote (it crashed, it will be back) or has given it up for good. */
export type ViewChange =
  /** `moved`: this start has been a member at another address, and stays as old as it is. Older builds admit it anew. */
  | { readonly op: 'admit'; readonly member: Applicant; readonly moved?: true }
  | {
      readonly op: 'remove'
      readonly memberId: MemberId
      readonly incarnation: number
      readonly seat: 'kept' | 'given-up'
      readonly why: string
      /** By an operator: this member is not admitted again unless it asks to rejoin. */
      readonly evicted?: true
    }
  /** By an operator: no vote for as long as this incarnation is a member. */
  | {
      readonly op: 'demote'
      readonly memberId: MemberId
      readonly incarnation: number
      readonly why: string
    }

/** The hash of the state right after the checkpoint at `index`, as its leader has it. */
export interface StateDigest {
  readonly index: number
  readonly digest: string
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export function encodeRecord(
  value: Founding | VotersChange | Continuation | ViewChange | StateDigest | { readonly leader: MemberId },
): Uint8Array {
  return encoder.encode(JSON.stringify(value))
}

export function foundingOf(entry: Entry): Founding {
  invariant(entry.kind === EntryKind.founding, `entry ${entry.index} is not a founding`)
  return JSON.parse(decoder.decode(entry.payload)) as Founding
}

export function continuationOf(entry: Entry): Continuation {
  invariant(entry.kind === EntryKind.continuation, `entry ${entry.index} is not a continuation`)
  return JSON.parse(decoder.decode(entry.payload)) as Continuation
}

export function votersOf(entry: Entry): VotersChange {
  if (entry.kind === EntryKind.founding)
    return { voters: [foundingOf(entry).founder.memberId], why: 'founding' }
  const isSet = entry.kind === EntryKind.voters || entry.kind === EntryKind.continuation
  invariant(isSet, `entry ${entry.index} is not a voter set`)
  return JSON.parse(decoder.decode(entry.payload)) as VotersChange
}

export function viewChangeOf(entry: Entry): ViewChange {
  if (entry.kind === EntryKind.founding) return { op: 'admit', member: foundingOf(entry).founder }
  invariant(entry.kind === EntryKind.view, `entry ${entry.index} is not a view change`)
  return JSON.parse(decoder.decode(entry.payload)) as ViewChange
}

export function stateDigestOf(entry: Entry): StateDigest {
  invariant(entry.kind === EntryKind.digest, `entry ${entry.index} is not a digest`)
  return JSON.parse(decoder.decode(entry.payload)) as StateDigest
}
