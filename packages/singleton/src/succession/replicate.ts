import { invariant } from '@tanist/core'
import type { Entry, MemberId } from '@tanist/core'
import { isHere } from './continue.js'
import { crowdOf, crowdWaits, isCrowdsTurn, waitsInCrowd } from './crowd.js'
import { armElection, becomeFollower } from './election.js'
import { APPEND_BYTES, IN_FLIGHT_BYTES, IN_FLIGHT_MESSAGES } from './limits.js'
import { lineOfSuccession } from './line.js'
import type { AppendedMessage } from './messages.js'
import { beginSending, probeSending, sendPieces } from './send-snapshot.js'
import type { LeaderRole, Progress, Succession, Turn } from './state.js'
import { promiseTo } from './pair.js'
import {
  entriesFrom,
  isAlonePending,
  isVoter,
  lastSet,
  nameOf,
  send,
  setLine,
  setTimer,
  termAt,
  voters,
} from './state.js'

/** A follower that has not moved for this long gets what was sent once more. */
const STALL_MS = 300

/** Everyone who gets the journal: voters by their seat, members of the view, whatever their incarnation. */
export function followReceivers(t: Turn, role: LeaderRole): void {
  const { s } = t
  const wanted = new Set<MemberId>([...voters(s), ...s.view.keys(), ...s.leavers])
  wanted.delete(s.self.memberId)
  for (const id of wanted) {
    if (!role.progress.has(id))
      role.progress.set(id, freshProgress(t, Math.max(role.startIndex, s.config.log.firstIndex)))
  }
  for (const id of role.progress.keys()) if (!wanted.has(id)) role.progress.delete(id)
  role.crowd = crowdOf(t.s, wanted)
}

function freshProgress(t: Turn, next: number): Progress {
  return {
    match: 0,
    next: Math.max(1, next),
    probing: true,
    inFlight: [],
    inFlightBytes: [],
    sending: null,
    ackedRound: 0,
    ackedAtMs: -Infinity,
    ackedSent: [0, 0],
    promiseMs: 0,
    commitSent: 0,
    stalledSinceMs: t.now.monotonicMs,
    heardMs: -Infinity,
    echo: null,
    diskStalled: false,
  }
}

/** A link to a receiver is new: what was on the way on the old one is lost. */
export function restartProgress(t: Turn, memberId: MemberId): void {
  const { role } = t.s
  const progress = role.kind === 'leader' ? role.progress.get(memberId) : undefined
  if (role.kind !== 'leader' || !progress) return
  rewind(t, progress, firstToSend(t, role, progress))
  if (progress.sending) probeSending(t, progress.sending)
}

/** What is known to match goes on from there; who never answered is first asked about the end of the journal. */
function firstToSend(t: Turn, role: LeaderRole, progress: Progress): number {
  if (fetchesSnapshot(t, progress)) return progress.next
  const known = progress.match > 0 ? progress.match + 1 : role.startIndex
  return Math.max(known, t.s.config.log.firstIndex)
}

/** What it needs next is not in the journal any more. */
function fetchesSnapshot(t: Turn, { sending, next }: Progress): boolean {
  return sending !== null && next < t.s.config.log.firstIndex
}

function rewind(t: Turn, progress: Progress, next: number): void {
  progress.next = next
  progress.probing = true
  progress.inFlight = []
  progress.inFlightBytes = []
  progress.stalledSinceMs = t.now.monotonicMs
}

/** What was sent long ago and is not answered is sent once more. */
export function rewindStalled(t: Turn, role: LeaderRole): void {
  for (const progress of role.progress.values()) {
    const stalled = t.now.monotonicMs - progress.stalledSinceMs > STALL_MS
    if (progress.inFlight.length > 0 && stalled) rewind(t, progress, firstToSend(t, role, progress))
    const { sending } = progress
    if (sending && t.now.monotonicMs - sending.sinceMs > STALL_MS) probeSending(t, sending)
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
    progress.diskStalled = message.stalled === true
  }
  if (message.hint) onRejected(t, from, progress, message.hint)
  else if (message.match > progress.match && message.match <= s.lastIndex)
    onMatched(t, progress, message.match)
}

function onMatched(t: Turn, progress: Progress, match: number): void {
  progress.match = match
  progress.next = Math.max(progress.next, match + 1)
  const { inFlight, inFlightBytes } = progress
  const open = inFlight.findIndex((last) => last > match)
  const over = open < 0 ? inFlight.length : open
  inFlight.splice(0, over)
  inFlightBytes.splice(0, over)
  progress.probing = false
  progress.stalledSinceMs = t.now.monotonicMs
}

function onRejected(
  t: Turn,
  from: MemberId,
  progress: Progress,
  hint: { rejected: number; index: number; term: number },
): void {
  const { s } = t
  if (hint.rejected <= progress.match || hint.rejected >= progress.next) return
  let at = Math.min(hint.index, s.lastIndex)
  const { firstIndex } = s.config.log
  while (at > progress.match && at >= firstIndex && termAt(s, at) > hint.term) at -= 1
  rewind(t, progress, Math.max(progress.match, at) + 1)
  if (progress.next < firstIndex && progress.sending === null) beginSending(t, from, progress)
}

export function replicate(t: Turn, role: LeaderRole): void {
  const { s } = t
  const crowdsTurn = isCrowdsTurn(t, role)
  const readsWait = role.reads.length > 0 && role.reads.some((read) => read.round > role.round)
  const asks = role.beatDue || readsWait
  const end = sendable(s)
  if (asks || isAnythingNew(role, end, crowdsTurn)) role.round += 1
  const line = lineOfSuccession(t, role)
  setLine(t, line)
  const waits = { commit: false, crowd: false }
  for (const [to, progress] of role.progress) {
    if (!isHere(s, to)) continue
    if (!crowdsTurn && waitsInCrowd(role, to, progress)) {
      waits.crowd ||= role.crowdBeatDue || progress.next <= end || isBehindCommit(s, progress)
      continue
    }
    if (progress.sending) sendPieces(t, to, progress, progress.sending)
    const sent = sendEntries(t, role, to, progress, line)
    const isCrowd = role.crowd.has(to)
    const behind = !sent && isBehindCommit(s, progress)
    if (!sent && (isAsked(t, role, to, asks) || (isCrowd && behind)))
      sendAppend(t, to, progress, [], line, role.round)
    else if (behind) waits.commit = true
    if (isCrowd && (sent || behind)) role.crowdAtMs = t.now.monotonicMs
  }
  role.beatDue = false
  role.learnerBeatDue = false
  if (crowdsTurn) role.crowdBeatDue = false
  if (waits.crowd) crowdWaits(t, role)
  if (waits.commit) setTimer(t, 'commit', s.config.timing.commitNoticeMs)
}

/** Somebody has not been sent everything up to `end`, and is spoken to now. */
function isAnythingNew(role: LeaderRole, end: number, crowdsTurn: boolean): boolean {
  for (const [to, progress] of role.progress)
    if (progress.next <= end && (crowdsTurn || !waitsInCrowd(role, to, progress))) return true
  return false
}

/** A beat is due there. */
function isAsked({ s }: Turn, role: LeaderRole, to: MemberId, asks: boolean): boolean {
  if (isVoter(s, to)) return asks
  return role.crowd.has(to) ? role.crowdBeatDue : role.learnerBeatDue
}

function isBehindCommit(s: Succession, progress: Progress): boolean {
  return commitFor(s, progress) > progress.commitSent
}

function commitFor(s: Succession, progress: Progress): number {
  return Math.min(s.commitIndex, progress.match)
}

/** Tells followers of commits that no other message has carried. */
export function onCommitTimer(t: Turn, role: LeaderRole): void {
  const line = lineOfSuccession(t, role)
  for (const [to, progress] of role.progress) {
    if (waitsInCrowd(role, to, progress) || !isBehindCommit(t.s, progress)) continue
    if (isHere(t.s, to)) sendAppend(t, to, progress, [], line, 0)
  }
}

/** C23: that this peer is alone is told to nobody before it is on disk here. */
function sendable(s: Succession): number {
  return isAlonePending(s) ? (lastSet(s)?.index ?? 1) - 1 : s.lastIndex
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
  if (fetchesSnapshot(t, progress)) return false
  // Compaction went past it: it is asked where it stands, and gets a snapshot if it is too far behind.
  if (progress.next < s.config.log.firstIndex) rewind(t, progress, s.config.log.firstIndex)
  let bytes = 0
  for (const size of progress.inFlightBytes) bytes += size
  const end = sendable(s)
  while (progress.next <= end) {
    if (progress.inFlight.length >= (progress.probing ? 1 : IN_FLIGHT_MESSAGES)) break
    if (bytes >= IN_FLIGHT_BYTES) break
    let entries = entriesFrom(s, progress.next, APPEND_BYTES)
    if (end < s.lastIndex) entries = entries.filter(({ index }) => index <= end)
    if (entries.length === 0) invariant(false, `entry ${progress.next} of ${s.lastIndex} is missing`)
    sendAppend(t, to, progress, entries, line, role.round)
    bytes += progress.inFlightBytes.at(-1) ?? 0
    sent = true
  }
  return sent
}

/** Who is behind the beginning of the journal can be asked about nothing but its own existence. */
function matchInJournal(s: Succession, { match }: Progress): number {
  return match >= s.config.log.firstIndex - 1 ? match : 0
}

function sizeOf(entries: readonly Entry[]): number {
  let bytes = 0
  for (const { payload } of entries) bytes += payload.length
  return bytes
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
  const prevIndex = entries.length > 0 ? progress.next - 1 : matchInJournal(s, progress)
  const last = entries.at(-1)
  if (last) {
    if (progress.inFlight.length === 0) progress.stalledSinceMs = now.monotonicMs
    progress.inFlight.push(last.index)
    progress.inFlightBytes.push(sizeOf(entries))
    progress.next = last.index + 1
  }
  progress.commitSent = Math.max(progress.commitSent, Math.min(s.commitIndex, last?.index ?? prevIndex))
  const sent: [number, number] = [now.monotonicMs, now.wallMs]
  const pair = promiseTo(t, to, progress)
  const body = {
    t: 'append' as const,
    prevIndex,
    prevTerm: termAt(s, prevIndex),
    commit: s.commitIndex,
    round,
    sent,
    line: last ? null : line,
    ...(pair && { pair }),
  }
  send(t, to, body, entries)
}
