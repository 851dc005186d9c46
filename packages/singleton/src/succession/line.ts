import type { MemberId } from '@tanist/core'
import { CAUGHT_UP_ENTRIES } from './limits.js'
import { compareRank, neverServes } from './rank.js'
import type { LeaderRole, Succession, Turn } from './state.js'
import { voters } from './state.js'

/** Reachable, caught-up voters that may serve, in the chosen ranking: who shall lead next. */
export function lineOfSuccession(t: Turn, role: LeaderRole): MemberId[] {
  const { s } = t
  const line: MemberId[] = []
  for (const id of voters(s)) if (id !== s.self.memberId && mayFollow(t, role, id)) line.push(id)
  return isInOrder(s, line) ? line : line.toSorted((a, b) => compareRank(s, a, b))
}

/** Most often: the line is looked at with every batch of inputs. */
function isInOrder(s: Succession, line: readonly MemberId[]): boolean {
  for (let at = 1; at < line.length; at++)
    if (compareRank(s, line[at - 1] as MemberId, line[at] as MemberId) > 0) return false
  return true
}

export function mayFollow(t: Turn, role: LeaderRole, id: MemberId): boolean {
  const { s } = t
  if (!s.view.has(id) || neverServes(s, id) || role.dismissals.has(id)) return false
  // In this order: most often it is fit.
  return isFit(t, role, id) || isUntried(t, role, id)
}

/** In the first moments of a reign nobody has answered yet; who is linked is taken to be fit. */
function isUntried(t: Turn, role: LeaderRole, id: MemberId): boolean {
  return t.s.links.has(id) && !t.s.leavers.has(id) && role.progress.get(id)?.ackedRound === 0
}

export function isFit(t: Turn, role: LeaderRole, id: MemberId): boolean {
  const progress = role.progress.get(id)
  const { silenceMaxMs } = t.s.config.timing
  if (!progress || !t.s.links.has(id) || t.s.leavers.has(id)) return false
  if (t.now.monotonicMs - progress.ackedAtMs > silenceMaxMs) return false
  if (progress.sending || progress.diskStalled) return false
  return progress.match + CAUGHT_UP_ENTRIES >= t.s.commitIndex && progress.match > 0
}
