import type { MemberId } from '@tanist/core'
import type { LeaderRole, Turn } from './state.js'
import { majority, votersInForce } from './state.js'

/**
 * The lease: until when a majority has promised to vote for nobody else. It runs from the moment the
 * answered round was SENT and is counted by both clocks, so that neither a frozen process nor a machine that
 * slept (its monotonic clock may stand still) believes in an old one. Infinity for a lone voter.
 */
export function leaseHolds(t: Turn, role: LeaderRole): boolean {
  const set = votersInForce(t.s)
  let needed = majority(t.s, set)
  for (const id of set) {
    if (id === t.s.self.memberId || promiseLeftMs(t, role, id) > 0) needed -= 1
  }
  return needed <= 0
}

/** How long it still holds when nobody answers any more. */
export function leaseLeftMs(t: Turn, role: LeaderRole): number {
  const set = votersInForce(t.s)
  const needed = majority(t.s, set) - (set.includes(t.s.self.memberId) ? 1 : 0)
  if (needed <= 0) return Infinity
  const left = set.map((id) => promiseLeftMs(t, role, id)).toSorted((a, b) => b - a)
  return left[needed - 1] ?? 0
}

function promiseLeftMs(t: Turn, role: LeaderRole, voter: MemberId): number {
  const progress = role.progress.get(voter)
  if (!progress || progress.ackedRound === 0) return 0
  const { driftRatio, leaseMarginMs } = t.s.config.timing
  const [monotonicMs, wallMs] = progress.ackedSent
  const elapsed = Math.max(t.now.monotonicMs - monotonicMs, t.now.wallMs - wallMs)
  return progress.promiseMs * (1 - driftRatio) - leaseMarginMs - elapsed
}
