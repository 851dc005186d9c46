import type { Hello, MemberId } from '@tanist/core'
import { encodeRecord, EntryKind } from './entries.js'
import type { Applicant, ViewChange, VotersChange } from './entries.js'
import { seatsFor } from './limits.js'
import { propose } from './log.js'
import { isFit } from './line.js'
import { dismissedVoter, isDismissed, tendDismissals } from './operate.js'
import type { LeaderRole, Succession, Turn } from './state.js'
import { nextOfTwo, withWitness } from './pair.js'
import { isAdmitted, isVoter, lastSet, majority, minCopies, nameOf, note, send, voters } from './state.js'

/** The leader keeps the member list and the voters in order, one committed step at a time. */
export function tend(t: Turn, role: LeaderRole): void {
  const { s } = t
  if (s.commitIndex < role.startIndex || role.transfer) return
  role.tendDue = false
  for (const [id, index] of role.pendingView) if (index <= s.commitIndex) role.pendingView.delete(id)
  tendView(t, role)
  tendDismissals(t, role)
  tendVoters(t, role)
}

function tendView(t: Turn, role: LeaderRole): void {
  const { s } = t
  if (!isAdmitted(s)) admit(t, role, s.self)
  for (const id of s.applicants) {
    const hello = s.links.get(id)
    if (!hello || s.view.get(id)?.incarnation === hello.incarnation) s.applicants.delete(id)
    else admit(t, role, hello)
  }
  for (const row of s.view.values()) {
    const hello = row.memberId === s.self.memberId ? s.self : s.links.get(row.memberId)
    if (hello?.incarnation === row.incarnation && hello.address !== row.address) move(t, role, hello)
  }
  for (const [id, { incarnation, leaving, why }] of s.gone) {
    const row = s.view.get(id)
    if (row && row.incarnation <= incarnation) {
      remove(t, role, id, row.incarnation, leaving ? 'given-up' : 'kept', why)
    } else if (!leaving || !isVoter(s, id)) s.gone.delete(id)
  }
  for (const id of s.leavers) {
    const row = s.view.get(id)
    if (isVoter(s, id)) continue
    if (row) remove(t, role, id, row.incarnation, 'given-up', 'it leaves for good')
    else {
      s.leavers.delete(id)
      send(t, id, { t: 'left' })
    }
  }
}

function admit(t: Turn, role: LeaderRole, hello: Hello): void {
  const { memberId, incarnation, name, address } = hello
  if (role.pendingView.has(memberId)) return
  const member: Applicant = { memberId, incarnation, name, address }
  note(t, 'admitting', `${name} at ${address} is admitted.`, { memberId, incarnation })
  changeView(t, role, memberId, { op: 'admit', member })
}

/** Nothing but where it is dialled changes: not its age, not its seat. */
function move(t: Turn, role: LeaderRole, { memberId, incarnation, name, address }: Hello): void {
  if (role.pendingView.has(memberId)) return
  note(t, 'moved', `${name} is at ${address} now.`, { memberId, incarnation })
  changeView(t, role, memberId, {
    op: 'admit',
    member: { memberId, incarnation, name, address },
    moved: true,
  })
}

function remove(
  t: Turn,
  role: LeaderRole,
  memberId: MemberId,
  incarnation: number,
  seat: 'kept' | 'given-up',
  why: string,
): void {
  changeView(t, role, memberId, { op: 'remove', memberId, incarnation, seat, why })
}

function changeView(t: Turn, role: LeaderRole, memberId: MemberId, change: ViewChange): void {
  if (role.pendingView.has(memberId)) return
  if (change.op === 'remove') {
    note(t, 'removing', `${nameOf(t.s, memberId)} is removed: ${change.why}.`, {
      memberId,
      seat: change.seat,
    })
  }
  const entry = propose(t, EntryKind.view, encodeRecord(change))
  role.pendingView.set(memberId, entry.index)
}

/**
 * Rule 4: the last voter set and an entry of the own term must be committed before the next is appended.
 * Rule 25: remove the lost voter first, then promote.
 */
function tendVoters(t: Turn, role: LeaderRole): void {
  const { s } = t
  if ((s.voterSets.at(-1)?.index ?? 0) > s.commitIndex) return
  const wanted = nextVoters(t, role)
  if (!wanted) return
  const change = withWitness(t, wanted)
  note(
    t,
    'changing-voters',
    `Voters: ${change.voters.map((id) => nameOf(s, id)).join(', ')} (${change.why}).`,
    {
      voters: change.voters,
    },
  )
  propose(t, EntryKind.voters, encodeRecord(change))
}

function nextVoters(t: Turn, role: LeaderRole): VotersChange | null {
  const { s } = t
  const now = voters(s)
  const without = (id: MemberId, why: string): VotersChange =>
    sized({ voters: now.filter((v) => v !== id), why }, target > 2 ? ready : [])
  const others = now.filter((id) => id !== s.self.memberId)

  const ready = readyLearners(t, role)
  const [oldestReady] = ready
  const target = wantedVoters(s)
  const set = lastSet(s)
  const dismissed = dismissedVoter(s)
  if (dismissed !== null) {
    // The mark of a pair goes first: its follower could still replace this leader (C12 without a word of its own).
    if (set?.pair) return { voters: set.voters, why: dismissed.why }
    // Never fewer copies than were asked for: whoever takes the seat comes first.
    if (now.length <= minCopies(s) && oldestReady !== undefined)
      return { voters: [...now, oldestReady], why: `${nameOf(s, oldestReady)} takes a seat` }
    return without(dismissed.id, dismissed.why)
  }
  // Of two, one that is lost or leaves is the matter of rule 21.
  if (set?.voters.length === 2) return nextOfTwo(t, role, set, target > 2 ? oldestReady : undefined)
  // Three that become two are a pair, unless a third is at hand.
  const spare = now.length - 1 >= minCopies(s)
  const leaver = others.find((id) => s.leavers.has(id) || s.gone.get(id)?.leaving)
  if (leaver !== undefined && spare) return without(leaver, `${nameOf(s, leaver)} gave up its seat`)

  const lost = others.filter((id) => !s.view.has(id))
  const [firstLost] = lost
  if (firstLost !== undefined && spare) {
    if (oldestReady !== undefined) return without(firstLost, `${nameOf(s, oldestReady)} takes its seat`)
    const alive = now.length - lost.length
    if (now.length >= 3 && alive - 1 < majority(s) && mayShrink(t, role, firstLost))
      return without(firstLost, 'one more loss would stop the service')
  }
  // Where a copy must not be missed even for a moment, the new one comes before the lost one goes.
  const short = now.length < target || (!spare && (firstLost ?? leaver) !== undefined)
  if (short && oldestReady !== undefined) {
    return sized(
      { voters: [...now, oldestReady], why: `${nameOf(s, oldestReady)} is caught up` },
      target > 2 ? ready.slice(1) : [],
    )
  }
  if (now.length > 2 && now.length > target) {
    const youngest = bySeniority(s, others).at(-1)
    if (youngest !== undefined) return without(youngest, 'an odd number of voters is kept')
  }
  return null
}

/** Rule 15: a set of two is a pair, unless the next one is at hand (rule 16). */
function sized(change: VotersChange, ready: readonly MemberId[]): VotersChange {
  return change.voters.length === 2 && ready.length === 0 ? { ...change, pair: true } : change
}

/** A pair needs both to agree to it, so both must be there; and who is linked again gets its seat back soon. */
function mayShrink(t: Turn, role: LeaderRole, lost: MemberId): boolean {
  const { s } = t
  if (voters(s).length > 3) return true
  if (s.links.has(lost)) return false
  return voters(s).every((id) => id === s.self.memberId || id === lost || isFit(t, role, id))
}

function readyLearners(t: Turn, role: LeaderRole): MemberId[] {
  const { s } = t
  const learners = [...s.view.keys()].filter((id) => !isVoter(s, id) && id !== s.self.memberId)
  const answers = (id: MemberId): boolean => (role.progress.get(id)?.ackedSent[0] ?? 0) > role.aloneAtMs
  return bySeniority(s, learners).filter(
    (id) =>
      isFit(t, role, id) &&
      answers(id) &&
      !isDismissed(s, id) &&
      !role.pendingView.has(id) &&
      !s.gone.has(id),
  )
}

function bySeniority(s: Succession, ids: readonly MemberId[]): MemberId[] {
  const age = (id: MemberId): number => s.view.get(id)?.seniority ?? Infinity
  return ids.toSorted((a, b) => age(a) - age(b))
}

function wantedVoters(s: Succession): number {
  const seats = new Set([...s.view.keys(), ...voters(s)])
  for (const id of seats) if (s.leavers.has(id) || isDismissed(s, id)) seats.delete(id)
  return Math.max(seatsFor(seats.size), Math.min(minCopies(s), seats.size))
}
