import type { MemberId } from '@tanist/core'
import type { LeaderRole, Progress, Succession, Turn } from './state.js'
import { isVoter, setTimer, voters } from './state.js'

/** Voters and the learners that come next: so many members hear of everything at once. */
const AT_ONCE = 9
/** The crowd gets entries and commits at most this often, all of it at one time. */
const CROWD_MS = 10
/** The crowd hears a beat when the nearest learners hear so many. Well within the time after which a learner doubts its leader. */
const CROWD_BEATS = 4

/**
 * Those whom the leader tells at intervals instead of at every commit, so that its work for a command does not grow
 * with the members that neither vote nor come next: everybody beyond the nine oldest. The first entry after a quiet
 * moment goes to them at once. Nobody's acknowledgement that counts for a commit waits for this.
 */
export function crowdOf(s: Succession, receivers: Iterable<MemberId>): ReadonlySet<MemberId> {
  const age = (id: MemberId): number => s.view.get(id)?.seniority ?? -Infinity
  const learners = [...receivers].filter((id) => !isVoter(s, id) && !s.leavers.has(id))
  const near = Math.max(0, AT_ONCE - voters(s).length)
  if (learners.length <= near) return none
  return new Set(learners.toSorted((a, b) => age(a) - age(b)).slice(near))
}

const none: ReadonlySet<MemberId> = new Set()

export function isCrowdBeat(beatsOfLearners: number): boolean {
  return beatsOfLearners % CROWD_BEATS === 0
}

/** The crowd may be spoken to now. */
export function isCrowdsTurn(t: Turn, role: LeaderRole): boolean {
  return t.now.monotonicMs - role.crowdAtMs >= CROWD_MS
}

/** It is one of the crowd, and what is new waits for the crowd's turn. Who is asked where it stands, or fetches a snapshot, waits for nothing. */
export function waitsInCrowd(role: LeaderRole, to: MemberId, progress: Progress): boolean {
  return !progress.probing && progress.sending === null && role.crowd.has(to)
}

export function crowdWaits(t: Turn, role: LeaderRole): void {
  setTimer(t, 'crowd', Math.max(0, role.crowdAtMs + CROWD_MS - t.now.monotonicMs))
}
