import type { SnapshotId } from '@tanist/core'
import type { LeaderRole, Succession, Turn } from './state.js'

/**
 * What a durable snapshot covers goes, but for a tail and for what receivers of the journal still need: a follower
 * that is sent a snapshot gets that one to its end and finds the entries behind it, whatever is written meanwhile,
 * up to a bound; beyond that it begins again with the newest. `firstIndex`: as it is after this step.
 */
export function compact(t: Turn, firstIndex: number = t.s.config.log.firstIndex): void {
  const { s } = t
  const { snapshots } = s.config
  const newest = snapshots?.whole.at(-1)
  if (!snapshots || !newest || s.snap.diverged !== null) return
  // One that was fetched may be whole before the state is: until then the terms up to it are known by the journal alone.
  let below = Math.min(newest.index + 1, s.snap.termsTo + 1, tailStart(s, newest.index))
  const sent = new Set([newest.index])
  for (const { index } of s.snap.held) {
    sent.add(index)
    below = Math.min(below, index + 1)
  }
  if (s.role.kind === 'leader') {
    below = Math.min(below, neededFrom(s, s.role, newest))
    for (const { sending } of s.role.progress.values()) if (sending) sent.add(sending.id.index)
  }
  if (below > firstIndex) {
    t.out.push({ kind: 'drop', below })
    trimMarks(s, below)
  }
  for (const id of snapshots.whole) if (!sent.has(id.index)) t.out.push({ kind: 'forget', id })
}

/** Where the tail begins that is kept in any case. */
function tailStart(s: Succession, index: number): number {
  const { limits, total } = s.snap
  const within = s.snap.marks.find((mark) => total - mark.total <= limits.keepBytes)
  return Math.max(index + 1 - limits.keepEntries, within ? within.index + 1 : index + 1)
}

/** The first entry that a receiver still needs and gets; who asks for too much is sent the newest snapshot. */
function neededFrom(s: Succession, role: LeaderRole, newest: SnapshotId): number {
  const most = Math.max(s.snap.limits.catchUpBytes, s.snap.limits.catchUpSnapshots * newest.bytes)
  let from = Infinity
  for (const [id, progress] of role.progress) {
    if (!s.links.has(id) && !s.view.has(id)) continue
    const { sending, match } = progress
    const next = sending ? sending.id.index + 1 : match + 1
    if (!sending && match === 0) continue
    if (bytesSince(s, next) <= most) from = Math.min(from, next)
    else if (sending && sending.id.index < newest.index) progress.sending = null
  }
  return from
}

/** At least as much as was committed from this entry on; Infinity when that is not known. */
function bytesSince(s: Succession, from: number): number {
  const mark = s.snap.marks.findLast(({ index }) => index < from)
  return mark ? s.snap.total - mark.total : Infinity
}

function trimMarks(s: Succession, below: number): void {
  const at = s.snap.marks.findLastIndex(({ index }) => index < below)
  if (at > 0) s.snap.marks = s.snap.marks.slice(at)
}
