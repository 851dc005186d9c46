import type { MemberId } from '@tanist/core'
import { askOthers, isHere, votersHere } from './continue.js'
import type { Succession, Turn } from './state.js'
import { isVoter, majority } from './state.js'

/** The k-th of those in sight asks k of these later. */
const STEP_MS = 400

/**
 * Mode `available`: when nobody leads for `availableAfterMs` and no majority is in sight, one peer of those that see
 * each other makes a forced continuation by policy. It asks the others first: who knows a leader, holds a newer
 * journal, or comes before it and asks as well, says no. Two that fork all the same meet as branches do.
 */
export function tendAvailability(t: Turn): void {
  const { s, now } = t
  const { meetings } = s
  if (s.founding?.mode !== 'available' || s.leaving || s.left) return
  if (s.leader !== null || s.role.kind === 'leader') {
    meetings.aloneSinceMs = null
    return
  }
  meetings.aloneSinceMs ??= now.monotonicMs
  if (meetings.ask || meetings.adopted !== null || now.monotonicMs < meetings.notBeforeMs) return
  const { availableAfterMs } = s.config.timing
  const rank = rankHere(s)
  if (rank < 0 || now.monotonicMs - meetings.aloneSinceMs < availableAfterMs + rank * STEP_MS) return
  if (votersHere(s).length >= majority(s)) return
  askOthers(t, 'available', `no majority was in sight for ${availableAfterMs} ms`)
}

/** Place among the members in sight on this branch: the line of succession, other voters, then the rest by age. */
function rankHere(s: Succession): number {
  const here = [...s.view.values()]
    .filter(({ memberId }) => memberId === s.self.memberId || isHere(s, memberId))
    .toSorted((a, b) => order(s, a.memberId) - order(s, b.memberId) || a.seniority - b.seniority)
  return here.findIndex(({ memberId }) => memberId === s.self.memberId)
}

function order(s: Succession, id: MemberId): number {
  const at = s.line.indexOf(id)
  if (at >= 0) return at
  return isVoter(s, id) ? s.line.length : s.line.length + 1
}
