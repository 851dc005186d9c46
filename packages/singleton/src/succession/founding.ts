import type { MemberId } from '@tanist/core'
import { lineOfSuccession } from './line.js'
import { becomeLeader } from './reign.js'
import { beginTransfer } from './transfer.js'
import { clusterSettings } from './cluster-settings.js'
import { encodeRecord, EntryKind } from './entries.js'
import { propose } from './log.js'
import type { Turn } from './state.js'
import { isAdmitted, note, persist, send, setTimer, voters } from './state.js'

/** A link takes two round trips; a lost packet in it a second more. */
const SEEK_MS = 1_200
/** More than that are not waited for: a flood of hints puts off a founding by one `SEEK_MS` and no more. */
const SOUGHT_MAX = 32

/**
 * Runs while this peer has something to ask of the others: to be admitted, or to be let go. A peer without a
 * journal founds a cluster when, after the settling time, nobody in sight has one and nobody in sight comes
 * before it (two founders at once: the lower member id founds, the other waits for it).
 */
export function onAdmitTimer(t: Turn): void {
  const { s } = t
  if (s.left) return
  const { admitMs, settleMs } = s.config.timing
  const settlesInMs = s.startedAtMs + settleMs - t.now.monotonicMs
  const lateMs = t.now.monotonicMs - s.admitDueMs
  armAdmit(t, s.lastIndex === 0 && settlesInMs > 0 ? Math.min(admitMs, settlesInMs) : admitMs)
  if (s.lastIndex === 0) return found(t, lateMs)
  if (s.leaving) return askToLeave(t)
  // A member that was removed while it was frozen may still hold a view that lists it.
  const forgotten = t.now.monotonicMs - s.heardAtMs > 2 * s.config.timing.silenceMaxMs
  askAdmission(t, forgotten)
}

/** A leader hands over first; a member asks the leader; the last of all just goes. */
export function askToLeave(t: Turn): void {
  const { s } = t
  const others = [...s.view.keys()].some((id) => id !== s.self.memberId)
  const lone = voters(s).every((id) => id === s.self.memberId)
  if (s.lastIndex === 0 || (!others && lone)) return finishLeaving(t)
  if (s.role.kind !== 'leader') {
    // Whose removal is done already hears no leader any more, and may have missed the word about it.
    const asked = s.leader ? [s.leader.memberId] : s.links.keys()
    for (const id of asked) send(t, id, { t: 'leave' })
  } else if (!s.role.transfer && lineOfSuccession(t, s.role).length > 0) beginTransfer(t, null)
}

export function finishLeaving(t: Turn): void {
  const { s } = t
  if (!s.leaving || s.left) return
  s.left = true
  for (const key of ['election', 'admit', 'hold']) setTimer(t, key, null)
  note(t, 'left', 'This peer has given up its seat.')
  t.out.push({ kind: 'left' })
}

/** Asks everyone in sight: whoever leads acts on it. */
export function askAdmission(t: Turn, forgotten = false): void {
  const { s } = t
  if ((isAdmitted(s) && !forgotten) || s.leaving || s.role.kind === 'leader') return
  const { memberId, incarnation, name, address } = s.self
  const rejoin = s.config.rejoin === true ? { rejoin: true } : {}
  for (const [id, hello] of s.links) {
    if (hello.clusterId !== null)
      send(t, id, { t: 'admit', member: { memberId, incarnation, name, address }, ...rejoin })
  }
}

/** Somebody may be there and is being dialled. */
export function sought({ s, now }: Turn, memberId: MemberId): void {
  if (s.lastIndex > 0) return s.sought.clear()
  const isNew = !s.sought.has(memberId)
  if (isNew && s.sought.size < SOUGHT_MAX) s.sought.set(memberId, now.monotonicMs)
}

/** Who was heard of and has not answered yet gets the time that a link takes: once, whatever is heard of it again. */
function isSeeking({ s, now }: Turn): boolean {
  for (const [id, atMs] of s.sought) {
    if (!s.links.has(id) && now.monotonicMs - atMs < Math.min(SEEK_MS, s.config.timing.settleMs)) return true
  }
  return false
}

export function armAdmit(t: Turn, afterMs: number): void {
  t.s.admitDueMs = t.now.monotonicMs + afterMs
  setTimer(t, 'admit', afterMs)
}

/** What others have said in the meantime is still to be read: it is looked at first, unless it is so every time. */
function isBehind({ s, now }: Turn, lateMs: number): boolean {
  const { admitMs, settleMs } = s.config.timing
  return lateMs > admitMs / 2 && now.monotonicMs - s.startedAtMs < 4 * settleMs
}

function found(t: Turn, lateMs: number): void {
  const { s, now, random } = t
  const others = [...s.links.values()]
  if (s.config.awaits || others.some((hello) => hello.clusterId !== null)) return askAdmission(t)
  if (s.leaving || now.monotonicMs - s.startedAtMs < s.config.timing.settleMs) return
  if (isSeeking(t) || isBehind(t, lateMs)) return
  if (s.config.mayFound === false) return
  if (others.length + 1 < s.config.expect || (s.refused && others.length === 0)) return
  // Who never serves founds nothing.
  if (s.self.serve === 'never') return
  if (others.some((hello) => hello.memberId < s.self.memberId && hello.serve !== 'never')) return
  const { memberId, incarnation, name, address } = s.self
  const { app, mode } = s.config
  const settings = clusterSettings(s.config)
  const founder = { memberId, incarnation, name, address }
  // A joiner that crashed before its first entry was written may have seen terms already.
  persist(t, { term: s.hard.term + 1, votedFor: memberId })
  becomeLeader(t)
  const clusterId = random.id()
  propose(
    t,
    EntryKind.founding,
    encodeRecord({ clusterId, branchId: random.id(), app, mode, founder, settings }),
  )
  note(t, 'founded', `This peer founds cluster ${clusterId.slice(0, 8)}.`, { clusterId })
}
