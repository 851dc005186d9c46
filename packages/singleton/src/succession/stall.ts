import { becomeFollower } from './election.js'
import { isFit, lineOfSuccession } from './line.js'
import type { LeaderRole, Succession, Turn } from './state.js'
import { majority, nameOf, note, voters } from './state.js'
import { beginTransfer } from './transfer.js'

/**
 * A leader whose disk hangs while its beats go on is a zombie: it looks well and decides nothing. It counts only
 * time in which it was awake itself, so that a sleep is never taken for a stalled disk.
 */
export interface DiskWatch {
  /** The oldest write that is not on disk (0: none), and since when, as far as this peer was awake. */
  oldest: number
  sinceMs: number
  seenMs: number
  /** Said once for each stall. */
  told: boolean
}

/** Appends count up from 1, writes of the vote down from -1. */
function oldestWrite(s: Succession): number {
  const [append] = s.pendingAppends
  if (append) return append.ticket
  return s.persistedTicket < s.persistTicket ? -1 - s.persistedTicket : 0
}

/** Called with every input: cheap while nothing is awaited. */
export function watchDisk(t: Turn): void {
  const { s, now } = t
  const { disk } = s
  const oldest = oldestWrite(s)
  const nowMs = now.monotonicMs
  const sleptMs = nowMs - disk.seenMs - s.config.timing.silenceMinMs
  if (oldest !== disk.oldest) Object.assign(disk, { oldest, sinceMs: nowMs, told: false })
  else if (sleptMs > 0) disk.sinceMs += sleptMs
  disk.seenMs = nowMs
}

/** For how long the disk has owed an answer; 0 when it owes none. */
export function diskOwesMs(s: Succession, nowMs: number): number {
  return s.disk.oldest === 0 ? 0 : nowMs - s.disk.sinceMs
}

export function isStalled(t: Turn): boolean {
  return diskOwesMs(t.s, t.now.monotonicMs) > t.s.config.timing.stallMs
}

/** Each beat: a leader that cannot write hands over, or at least makes room, when others can decide without it. */
export function yieldWhenStalled(t: Turn, role: LeaderRole): void {
  const { s } = t
  if (!isStalled(t)) return
  const owesMs = Math.round(diskOwesMs(s, t.now.monotonicMs))
  if (!s.disk.told) {
    s.disk.told = true
    note(t, 'disk-stalled', `The disk of this server has not answered for ${owesMs} ms.`, { owesMs })
  }
  if (role.transfer) return
  const able = voters(s).filter((id) => id !== s.self.memberId && isFit(t, role, id))
  const [next] = lineOfSuccession(t, role)
  if (able.length < majority(s) || next === undefined) return
  beginTransfer(t, next, { why: `its own disk has not answered for ${owesMs} ms` })
}

/** A hand-over that fails while the disk hangs ends the reign all the same. */
export function stepDownStalled(t: Turn, to: string): boolean {
  if (!isStalled(t)) return false
  becomeFollower(
    t,
    t.s.hard.term,
    null,
    `its disk does not answer, and ${nameOf(t.s, to)} did not take over in time`,
  )
  t.s.heardAtMs = t.now.monotonicMs
  return true
}
