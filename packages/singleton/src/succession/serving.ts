import { leaseHolds, leaseLeftMs } from './lease.js'
import type { LeaderRole, Succession, Turn } from './state.js'
import { minCopies, setTimer, votersInForce } from './state.js'

/** Serves exactly while the lease is proven. Called with every input, before anything else is done. */
export function watchLease(t: Turn, role: LeaderRole): void {
  const { s, now } = t
  const holds = leaseHolds(t, role)
  if (holds) role.leaseSeenMs = now.monotonicMs
  if (role.serving && !holds)
    stopServing(t, role, 'its lease is over: no majority of voters answered in time')
  const copies = votersInForce(s).length >= minCopies(s)
  const ready = s.commitIndex >= role.startIndex && role.transfer === null && s.openYields === 0
  const may = holds && copies && ready && s.self.serve !== 'never'
  if (may && !role.serving) {
    role.serving = true
    t.out.push({ kind: 'serve', token: { term: s.hard.term, index: s.commitIndex } })
  }
  if (!role.serving || role.leaseTimerSet) return
  const leftMs = leaseLeftMs(t, role)
  if (leftMs === Infinity) return
  role.leaseTimerSet = true
  setTimer(t, 'lease', Math.max(1, leftMs))
}

/**
 * Whether a leader whose reign has just begun may decide commands, before it may serve (rule 12): all of its journal
 * is known, and what it decides is committed, and answered, behind the entry that begins its reign.
 */
export function mayDecide(s: Succession, role: LeaderRole): boolean {
  if (s.commitIndex >= role.startIndex || role.transfer !== null || s.openYields > 0) return false
  return (
    s.self.serve !== 'never' &&
    s.snap.diverged === null &&
    votersInForce(s).length >= minCopies(s) &&
    role.startIndex > 1
  )
}

/** The handlers of a reign are told to stop; nobody serves here again before they have. */
export function giveYield(t: Turn, why: string): void {
  t.s.openYields += 1
  t.out.push({ kind: 'yield', why })
}

export function stopServing(t: Turn, role: LeaderRole, why: string): void {
  if (!role.serving) return
  role.serving = false
  giveYield(t, why)
}
