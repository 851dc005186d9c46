import { invariant } from '@tanist/core'
import type { Entry, MemberId } from '@tanist/core'
import { isHere } from './continue.js'
import { armElection, becomeFollower } from './election.js'
import { APPEND_BYTES, IN_FLIGHT_MESSAGES } from './limits.js'
import { lineOfSuccession } from './line.js'
import type { AppendedMessage } from './messages.js'
import type { LeaderRole, Progress, Succession, Turn } from './state.js'
import { entriesFrom, isVoter, nameOf, send, setLine, setTimer, termAt, voters } from './state.js'

/** A follower that has not moved for this long gets what was sent once more. */
const STALL_MS = 300

/** Everyone who gets the journal: voters by their seat, members of the view, whatever their incarnation. */
export function followReceivers(t: Turn, role: LeaderRole): void {
  const { s } = t
  const wanted = new Set<MemberId>([...voters(s), ...s.view.keys(), ...s.leavers])
  wanted.delete(s.self.memberId)
  for (const id of wanted) {
    if (!role.progress.has(id)) role.progress.set(id, freshProgress(t, role.startIndex))
  }
  for (const id of role.progress.keys()) if (!wanted.has(id)) role.progress.delete(id)
}

function freshProgress(t: Turn, next: number): Progress {
  return {
    match: 0,
    next: Math.max(1, next),
    probing: true,
    inFlight: [],
    ackedRound: 0,
    ackedAtMs: -Infinity,
    ackedSent: [0, 0],
    promiseMs: 0,
    commitSent: 0,
    stalledSinceMs: t.now.monotonicMs,
  }
}

/** A link to a receiver is new: what was on the way on the old one is lost. */
export function restartProgress(t: Turn, memberId: MemberId): void {
  const { role } = t.s
  const progress = role.kind === 'leader' ? role.progress.get(memberId) : undefined
  if (role.kind === 'leader' && progress) rewind(t, progress, firstToSend(role, progress))
}

/** What is known to match goes on from there; who never answered is first asked about the end of the journal. */
function firstToSend(role: LeaderRole, progress: Progress): number {
  return progress.match > 0 ? progress.match + 1 : Math.max(1, role.startIndex)
}

function rewind(t: Turn, progress: Progress, next: number): void {
  progress.next = next
  progress.probing = true
  progress.inFlight = []
  progress.stalledSinceMs = t.now.monotonicMs
}

/** What was sent long ago and is not answered is sent once more. */
export function rewindStalled(t: Turn, role: LeaderRole): void {
  for (const progress of role.progress.values()) {
    const stalled = t.now.monotonicMs - progress.stalledSinceMs > STALL_MS
    if (progress.inFlight.length > 0 && stalled) rewind(t, progress, firstToSend(role, progress))
  }
}

export function onAppended(t: Turn, from: MemberId, term: number, message: AppendedMessage): void {
  const { s } = t
  if (term > s.hard.term) {
    becomeFollower(t, term, null, `${nameOf(s, from)} is in term ${term}`)
    return armElection(t)
  }
  const progress = s.role.kind === 'leader' && term === s.hard.term ? s.role.progress.get(from) : undefined
  if (!progress) return
  if (message.round > progress.ackedRound) {
    progress.ackedRound = message.round
    progress.ackedAtMs = t.now.monotonicMs
    progress.ackedSent = message.sent
    progress.promiseMs = message.promiseMs
  }
  if (message.hint) onRejected(t, progress, message.hint)
  else if (message.match > progress.match && message.match <= s.lastIndex)
    onMatched(t, progress, message.match)
}

function onMatched(t: Turn, progress: Progress, match: number): void {
  progress.match = match
  progress.next = Math.max(progress.next, match + 1)
  progress.inFlight = progress.inFlight.filter((last) => last > match)
  progress.probing = false
  progress.stalledSinceMs = t.now.monotonicMs
}

function onRejected(
  t: Turn,
  progress: Progress,
  hint: { rejected: number; index: number; term: number },
): void {
  const { s } = t
  if (hint.rejected <= progress.match || hint.rejected >= progress.next) return
  let at = Math.min(hint.index, s.lastIndex)
  while (at > progress.match && termAt(s, at) > hint.term) at -= 1
  rewind(t, progress, Math.max(progress.match, at) + 1)
}

export function replicate(t: Turn, role: LeaderRole): void {
  const { s } = t
  const readsWait = role.reads.some((read) => read.round > role.round)
  const asks = role.beatDue || readsWait
  const anyNew = [...role.progress.values()].some((p) => p.next <= s.lastIndex)
  if (asks || anyNew) role.round += 1
  const line = lineOfSuccession(t, role)
  setLine(t, line)
  let commitWaits = false
  for (const [to, progress] of role.progress) {
    if (!isHere(s, to)) continue
    const sent = sendEntries(t, role, to, progress, line)
    const ask = isVoter(s, to) ? asks : role.learnerBeatDue
    if (!sent && ask) sendAppend(t, to, progress, [], line, role.round)
    else if (!sent && commitFor(s, progress) > progress.commitSent) commitWaits = true
  }
  role.beatDue = false
  role.learnerBeatDue = false
  if (commitWaits) setTimer(t, 'commit', s.config.timing.commitNoticeMs)
}

function commitFor(s: Succession, progress: Progress): number {
  return Math.min(s.commitIndex, progress.match)
}

/** Tells followers of commits that no other message has carried. */
export function onCommitTimer(t: Turn, role: LeaderRole): void {
  const line = lineOfSuccession(t, role)
  for (const [to, progress] of role.progress) {
    const behind = commitFor(t.s, progress) > progress.commitSent
    if (behind && isHere(t.s, to)) sendAppend(t, to, progress, [], line, 0)
  }
}

function sendEntries(
  t: Turn,
  role: LeaderRole,
  to: MemberId,
  progress: Progress,
  line: readonly MemberId[],
): boolean {
  const { s } = t
  let sent = false
  while (progress.next <= s.lastIndex) {
    if (progress.inFlight.length >= (progress.probing ? 1 : IN_FLIGHT_MESSAGES)) break
    const entries = entriesFrom(s, progress.next, APPEND_BYTES)
    invariant(entries.length > 0, `entry ${progress.next} of ${s.lastIndex} is missing`)
    sendAppend(t, to, progress, entries, line, role.round)
    sent = true
  }
  return sent
}

function sendAppend(
  t: Turn,
  to: MemberId,
  progress: Progress,
  entries: readonly Entry[],
  line: readonly MemberId[],
  round: number,
): void {
  const { s, now } = t
  // A beat builds on what is known to match, so that it is never refused while entries are on their way.
  const prevIndex = entries.length > 0 ? progress.next - 1 : progress.match
  const last = entries.at(-1)
  if (last) {
    if (progress.inFlight.length === 0) progress.stalledSinceMs = now.monotonicMs
    progress.inFlight.push(last.index)
    progress.next = last.index + 1
  }
  progress.commitSent = Math.max(progress.commitSent, Math.min(s.commitIndex, last?.index ?? prevIndex))
  const sent: [number, number] = [now.monotonicMs, now.wallMs]
  const body = {
    t: 'append' as const,
    prevIndex,
    prevTerm: termAt(s, prevIndex),
    commit: s.commitIndex,
    round,
    sent,
    line: last ? null : line,
  }
  send(t, to, body, entries)
}
