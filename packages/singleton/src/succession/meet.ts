import type { MemberId } from '@tanist/core'
import { commonPrefix, compareBranches, tipOf } from './branches.js'
import type { BranchClaim, TermRun } from './branches.js'
import { isForeign, votersHere } from './continue.js'
import { armElection, becomeFollower } from './election.js'
import { runsUpTo } from './checkpoint.js'
import { askAdmission } from './founding.js'
import { setAside } from './set-aside.js'
import type { LeaderRole, Turn } from './state.js'
import { nameOf, note, send, voters } from './state.js'

/** Peers of different branches tell each other of theirs this often; an unanswered concession is over after four. */
const TELL_MS = 500
const CONCESSION_MS = 2_000
/** Longer than a concession: who was told to come over has come, or has forgotten it, before this side would go. */
const WON_MS = 3_000
/** So many branches that gave way are remembered, and told. */
const WON_MAX = 16
/**
 * Who gave up a branch does not go back to it for so long: it may have another leader now, who is about to give way as
 * well, and it is longer than the common part that this peer came with.
 */
const FAITH_MS = 10_000

/**
 * Branches that meet (rules 5 and 27). Peers of two branches tell each other their claims. A leader, or a peer that
 * knows none, compares; when the other side leads and wins it concedes: it asks that leader to confirm, so that the
 * two can never both give way. Only then it stops serving and goes over with everything that both have in common;
 * what is behind that is set aside. A follower waits for its leader to decide.
 */
export function tellOthers(t: Turn): void {
  const { s, now } = t
  if (s.left || now.monotonicMs - s.meetings.toldAtMs < TELL_MS) return
  const foreign = [...s.links.values()].filter((hello) => isForeign(s, hello))
  if (foreign.length === 0) return
  s.meetings.toldAtMs = now.monotonicMs
  for (const { memberId } of foreign) send(t, memberId, { t: 'branch', claim: claimOf(t) })
}

/** A link is up, or its hello changed. */
export function meetOnLink(t: Turn, id: MemberId): void {
  const hello = t.s.links.get(id)
  if (hello && isForeign(t.s, hello) && !t.s.left) send(t, id, { t: 'branch', claim: claimOf(t) })
}

export function claimOf(t: Turn): BranchClaim {
  const { s } = t
  const { founding, role, lastIndex, commitIndex } = s
  const leads = role.kind === 'leader'
  const of = voters(s).length
  const first = founding ? [{ id: founding.branchId, index: 1, held: 1, of: 1 }] : []
  const chain = s.forks.map(({ index, record: { branchId, held, of: all } }) => ({
    id: branchId,
    index,
    held,
    of: all,
  }))
  return {
    chain: [...first, ...chain],
    lastIndex,
    commitIndex,
    held: leads ? votersWith(t, role) : votersHere(s).length,
    of,
    leads,
    ...(s.meetings.won.size > 0 && { beaten: [...s.meetings.won.keys()] }),
  }
}

/** A leader knows whom it has: who answered lately. While it serves, a majority is with it and none can be elsewhere. */
function votersWith({ s, now }: Turn, role: LeaderRole): number {
  if (role.serving) return voters(s).length
  const { checkQuorumMs } = s.config.timing
  const heard = (id: MemberId): boolean =>
    now.monotonicMs - (role.progress.get(id)?.ackedAtMs ?? -Infinity) <= checkQuorumMs
  return voters(s).filter((id) => id === s.self.memberId || heard(id)).length
}

export function onBranch(t: Turn, from: MemberId, claim: BranchClaim): void {
  const { s, now } = t
  const { meetings } = s
  // It has heard of this branch, but perhaps not yet from its leader.
  if (s.role.kind === 'leader' && !claim.leads) send(t, from, { t: 'branch', claim: claimOf(t) })
  // Who follows leaves it to its leader; and only to a leader anybody gives way.
  if (!claim.leads || s.leaving || s.founding === null || (s.role.kind !== 'leader' && s.leader !== null))
    return
  if (isUnfaithful(t, claim)) return
  const tip = tipOf(claim)
  const wonAtMs = meetings.won.get(tip) ?? -Infinity
  if (meetings.adopted === tip || now.monotonicMs - wonAtMs < WON_MS) return
  if (meetings.conceding && now.monotonicMs - meetings.conceding.sinceMs < CONCESSION_MS) return
  const compared = compareBranches(claimOf(t), claim)
  if (compared?.winner !== 'other') return
  note(t, 'conceding', `The branch of ${nameOf(s, from)} goes on, for ${compared.why}.`, { branch: tip })
  meetings.conceding = { to: from, tip, sinceMs: now.monotonicMs }
  send(t, from, { t: 'concede', claim: claimOf(t) })
}

function isUnfaithful({ s, now }: Turn, { chain }: BranchClaim): boolean {
  const { gaveUp } = s.config
  if (gaveUp === undefined || now.monotonicMs - s.startedAtMs > FAITH_MS) return false
  return s.role.kind !== 'leader' && chain.some(({ id }) => id === gaveUp)
}

/** Another branch gives way to this one; when both do, the lower branch id stays. */
export function onConcede(t: Turn, from: MemberId, claim: BranchClaim): void {
  const { s } = t
  const { meetings } = s
  const own = claimOf(t)
  const compared = compareBranches(own, claim)
  if (s.role.kind !== 'leader' || compared === null) return
  const tip = tipOf(claim)
  if (meetings.conceding?.tip === tip) {
    if (tip < tipOf(own)) return
    meetings.conceding = null
  }
  if (claim.leads) remember(meetings.won, tip, t.now.monotonicMs)
  const runs = runsUpTo(s, Math.min(compared.fork, s.lastIndex))
  send(t, from, { t: 'conceded', claim: own, runs })
}

function remember(won: Map<string, number>, tip: string, nowMs: number): void {
  won.delete(tip)
  won.set(tip, nowMs)
  const [oldest] = won.keys()
  if (won.size > WON_MAX && oldest !== undefined) won.delete(oldest)
}

export function onConceded(
  t: Turn,
  from: MemberId,
  { claim, runs }: { readonly claim: BranchClaim; readonly runs: readonly TermRun[] },
): void {
  const { s } = t
  const { conceding } = s.meetings
  const tip = tipOf(claim)
  if (conceding?.to !== from || conceding.tip !== tip) return
  s.meetings.conceding = null
  if (t.now.monotonicMs - conceding.sinceMs > CONCESSION_MS) return
  const compared = compareBranches(claimOf(t), claim)
  if (compared === null) return
  const to = Math.min(compared.fork, s.lastIndex)
  const own = runsUpTo(s, to)
  const termOf = (index: number): number => own.findLast(([first]) => first <= index)?.[1] ?? 0
  const common = commonPrefix(to, termOf, runs, Math.min(compared.fork, claim.lastIndex))
  const text = `The branch of ${nameOf(s, from)} goes on`
  if (common === s.lastIndex) return adopt(t, tip, text)
  setAside(t, { from: common + 1, because: 'branch', text: `${text}.` })
}

/** Everything here is in the other branch, too: this peer just follows it. */
function adopt(t: Turn, tip: string, text: string): void {
  const { s } = t
  if (s.role.kind !== 'follower') becomeFollower(t, s.hard.term, null, text)
  s.meetings.adopted = tip
  s.line = []
  note(t, 'branch-joined', `${text}; everything here is in it.`, { branch: tip })
  armElection(t)
  askAdmission(t, true)
}
