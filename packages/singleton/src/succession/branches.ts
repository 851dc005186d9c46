import type { Address, MemberId, Now } from '@tanist/core'
import type { Asking } from './continue.js'
import type { Continuation } from './entries.js'

/** A forced continuation, and where it stands in the journal. */
export interface Fork {
  readonly index: number
  readonly record: Continuation
}

/** One branch on the way to the present one: the founding's first. */
export interface ForkPoint {
  readonly id: string
  /** Position of its first entry. */
  readonly index: number
  /** Voters of the set before it that went this way, of so many. */
  readonly held: number
  readonly of: number
}

/** What a peer says of its branch to a peer of another one. */
export interface BranchClaim {
  readonly chain: readonly ForkPoint[]
  readonly lastIndex: number
  readonly commitIndex: number
  /** Voters of its last set that it sees on its branch, itself included; all of them while it serves. */
  readonly held: number
  readonly of: number
  readonly leads: boolean
  /** Branches, by their last part, of which a leader gave way to this one. */
  readonly beaten?: readonly string[]
}

/** What one group knows of its other branches. Changed by `meet.ts`, `available.ts` and `set-aside.ts`. */
export interface Meetings {
  /** The branch that this peer follows although its journal does not show it yet: everything in it is common. */
  adopted: string | null
  /** Asked the leader of a branch that wins to confirm that it does. */
  conceding: { readonly to: MemberId; readonly tip: string; readonly sinceMs: number } | null
  /** Leaders of these branches were told, then, that they may give way to this one: it will not give way to them now. */
  readonly won: Map<string, number>
  /** When peers of other branches were last told of this one. */
  toldAtMs: number
  /** The journal is about to be set aside: this machine does nothing any more. */
  over: boolean
  /** Since when nobody leads, for mode `available`. */
  aloneSinceMs: number | null
  /** This peer asks for no continuation of its own before (monotonic). */
  notBeforeMs: number
  ask: Asking | null
  /** Other clusters of this application that were met: where. */
  readonly clusters: Map<string, Address>
}

export function noMeetings(now: Now): Meetings {
  return {
    adopted: null,
    conceding: null,
    won: new Map(),
    toldAtMs: -Infinity,
    over: false,
    aloneSinceMs: now.monotonicMs,
    notBeforeMs: 0,
    ask: null,
    clusters: new Map(),
  }
}

/** How two branches stand to each other. */
export interface Comparison {
  /** The last position that they can have in common. */
  readonly fork: number
  readonly winner: 'own' | 'other'
  readonly why: string
}

interface Side {
  readonly id: string
  readonly held: number
  readonly of: number
  readonly length: number
}

export const tipOf = ({ chain }: BranchClaim): string => chain.at(-1)?.id ?? ''

/**
 * Rule 27. Who held a majority of the last common voter set wins; else who held more of its voters; else the
 * longer one since the fork; else the lower branch id. Never the term: a lonely peer raises it. Both sides come to
 * the same result from the same two claims. What was decided once stays: a branch whose leader gave way may get a new
 * leader, and be the longer one by the entries that this takes. Null for one and the same branch, or when nothing is common.
 */
export function compareBranches(own: BranchClaim, other: BranchClaim): Comparison | null {
  let common = 0
  while (own.chain[common] && own.chain[common]?.id === other.chain[common]?.id) common += 1
  const [a, b] = [own.chain[common], other.chain[common]]
  if (common === 0 || (!a && !b)) return null
  const fork = Math.min(a?.index ?? Infinity, b?.index ?? Infinity) - 1
  const lost = other.beaten?.includes(tipOf(own)) === true
  if (lost !== (own.beaten?.includes(tipOf(other)) === true))
    return { fork, winner: lost ? 'other' : 'own', why: 'the other gave way to it before' }
  const mine = sideOf(own, common, fork)
  const theirs = sideOf(other, common, fork)
  const decided = decide(mine, theirs)
  return { fork, winner: decided.winner, why: decided.why }
}

const pick = (first: boolean): 'own' | 'other' => (first ? 'own' : 'other')

function decide(a: Side, b: Side): { readonly winner: 'own' | 'other'; readonly why: string } {
  const [mostA, mostB] = [a.held * 2 > a.of, b.held * 2 > b.of]
  if (mostA !== mostB) return { winner: pick(mostA), why: 'it held a majority of the last common voters' }
  if (a.held !== b.held)
    return { winner: pick(a.held > b.held), why: 'it held more of the last common voters' }
  if (a.length !== b.length) return { winner: pick(a.length > b.length), why: 'it is longer since the fork' }
  return { winner: pick(a.id < b.id), why: 'its branch id is the lower one' }
}

/** A branch that was not left by a continuation says itself how many voters it has; commits since are proof of all. */
function sideOf(claim: BranchClaim, at: number, fork: number): Side {
  const next = claim.chain[at]
  const length = Math.max(0, claim.lastIndex - fork)
  if (next) return { id: next.id, held: next.held, of: next.of, length }
  const held = claim.commitIndex > fork ? claim.of : claim.held
  return { id: tipOf(claim), held, of: claim.of, length }
}

/** The terms of a journal as runs `[first index, term]`, up to a position. */
export type TermRun = readonly [from: number, term: number]

export const RUNS_MAX = 64

/** The last runs up to `to`, in order. Terms never decrease, so that each run is found by halving. */
export function termRuns(first: number, to: number, termAt: (index: number) => number): TermRun[] {
  const runs: TermRun[] = []
  for (let at = to; at >= first && runs.length < RUNS_MAX; ) {
    const term = termAt(at)
    let low = first
    let high = at
    while (low < high) {
      const middle = (low + high) >> 1
      if (termAt(middle) === term) high = middle
      else low = middle + 1
    }
    runs.push([low, term])
    at = low - 1
  }
  return runs.toReversed()
}

/**
 * The last position up to which two journals are equal. Up to the fork they belong to one branch, where index and
 * term name an entry. 0 when the runs do not reach back far enough.
 */
export function commonPrefix(
  to: number,
  termAt: (index: number) => number,
  runs: readonly TermRun[],
  runsTo: number,
): number {
  const [oldest] = runs
  if (!oldest) return 0
  let at = Math.min(to, runsTo)
  while (at >= oldest[0]) {
    const own = termAt(at)
    const run = runs.findLast(([from]) => from <= at) as TermRun
    if (own === run[1]) return at
    at = own > run[1] ? at - 1 : run[0] - 1
  }
  return 0
}
