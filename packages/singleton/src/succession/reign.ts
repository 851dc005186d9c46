import type { Entry, MemberId } from '@tanist/core'
import { armElection, becomeFollower, setLeader, standForElection } from './election.js'
import { encodeRecord, EntryKind } from './entries.js'
import { leaseHolds, leaseLeftMs } from './lease.js'
import { APPEND_BYTES, CAUGHT_UP_ENTRIES, IN_FLIGHT_MESSAGES } from './limits.js'
import { advanceCommit, propose, writeTail } from './log.js'
import type { AppendedMessage } from './messages.js'
import type { LeaderRole, Progress, Succession, Turn } from './state.js'
import { entriesFrom, isVoter, majority, nameOf, note, send, setTimer, termAt, voters } from './state.js'
import { tend } from './tend.js'

/** A follower that has not moved for this long gets what was sent once more. */
const STALL_MS = 300

export function becomeLeader(t: Turn): void {
  const { s, now } = t
  const { memberId, incarnation } = s.self
  const role: LeaderRole = {
    kind: 'leader',
    startIndex: s.lastIndex + 1,
    progress: new Map(),
    round: 0,
    serving: false,
    yielding: false,
    leaseSeenMs: now.monotonicMs,
    reads: [],
    transfer: null,
    beatDue: true,
    tendDue: true,
    leaseTimerSet: false,
    learnerBeatDue: true,
    beats: 0,
    pendingView: new Map(),
  }
  s.role = role
  s.electionAtMs = null
  setTimer(t, 'election', null)
  setTimer(t, 'beat', s.config.timing.beatMs)
  setLeader(t, { memberId, incarnation, term: s.hard.term })
  note(t, 'reign-begun', `Term ${s.hard.term}: this peer leads.`, {
    term: s.hard.term,
    lastIndex: s.lastIndex,
  })
  if (s.lastIndex > 0) propose(t, EntryKind.start, encodeRecord({ leader: memberId }))
  followReceivers(t, role)
}

/** Everyone who gets the journal: voters by their seat, members of the view, whatever their incarnation. */
function followReceivers(t: Turn, role: LeaderRole): void {
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
  if (progress) rewind(t, progress, progress.match + 1)
}

function rewind(t: Turn, progress: Progress, next: number): void {
  progress.next = next
  progress.probing = true
  progress.inFlight = []
  progress.stalledSinceMs = t.now.monotonicMs
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

/** The end of a batch at the leader. Order matters: commit first, so that decisions see what is decided. */
export function flushLeader(t: Turn, role: LeaderRole): void {
  commitWhatIsSafe(t, role)
  watchLease(t, role)
  answerReads(t, role)
  if (t.s.role !== role) return
  if (role.tendDue || role.beatDue) tend(t, role)
  followReceivers(t, role)
  writeTail(t)
  driveTransfer(t, role)
  replicate(t, role)
}

/** Raft: a majority holds it on disk, the leader counts itself after its own sync, and it is of its own term. */
function commitWhatIsSafe(t: Turn, role: LeaderRole): void {
  const { s } = t
  const matches = voters(s)
    .map((id) => (id === s.self.memberId ? s.durableIndex : (role.progress.get(id)?.match ?? 0)))
    .toSorted((a, b) => b - a)
  const index = matches[majority(s) - 1] ?? 0
  if (index > s.commitIndex && termAt(s, index) === s.hard.term) advanceCommit(t, index)
}

/** Serves exactly while the lease is proven. Called with every input, before anything else is done. */
export function watchLease(t: Turn, role: LeaderRole): void {
  const { s, now } = t
  const holds = leaseHolds(t, role)
  if (holds) role.leaseSeenMs = now.monotonicMs
  if (role.serving && !holds)
    stopServing(t, role, 'its lease is over: no majority of voters answered in time')
  const may = holds && s.commitIndex >= role.startIndex && role.transfer === null && !role.yielding
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

export function stopServing(t: Turn, role: LeaderRole, why: string): void {
  if (!role.serving) return
  role.serving = false
  role.yielding = true
  t.out.push({ kind: 'yield', why })
}

/** A leader that hears no majority stops calling itself one, so that callers learn that nobody serves. */
export function onBeatTimer(t: Turn, role: LeaderRole): void {
  const { s, now } = t
  const { beatMs, learnerBeatMs, checkQuorumMs } = s.config.timing
  setTimer(t, 'beat', beatMs)
  role.beatDue = true
  role.beats += 1
  if (role.beats % Math.max(1, Math.round(learnerBeatMs / beatMs)) === 0) role.learnerBeatDue = true
  for (const progress of role.progress.values()) {
    const stalled = now.monotonicMs - progress.stalledSinceMs > STALL_MS
    if (progress.inFlight.length > 0 && stalled) rewind(t, progress, progress.match + 1)
  }
  if (now.monotonicMs - role.leaseSeenMs <= checkQuorumMs) return
  becomeFollower(t, s.hard.term, null, 'no majority of voters answered')
  s.heardAtMs = now.monotonicMs
  armElection(t)
}

function answerReads(t: Turn, role: LeaderRole): void {
  const { s } = t
  if (role.reads.length === 0) return
  const rounds = voters(s)
    .map((id) => (id === s.self.memberId ? Infinity : (role.progress.get(id)?.ackedRound ?? 0)))
    .toSorted((a, b) => b - a)
  const confirmed = rounds[majority(s) - 1] ?? 0
  for (const read of role.reads) {
    if (read.round <= confirmed) t.out.push({ kind: 'readable', id: read.id, index: read.index })
  }
  role.reads = role.reads.filter((read) => read.round > confirmed)
}

function replicate(t: Turn, role: LeaderRole): void {
  const { s } = t
  const readsWait = role.reads.some((read) => read.round > role.round)
  const asks = role.beatDue || readsWait
  const anyNew = [...role.progress.values()].some((p) => p.next <= s.lastIndex)
  if (asks || anyNew) role.round += 1
  const line = lineOfSuccession(t, role)
  let commitWaits = false
  for (const [to, progress] of role.progress) {
    if (!s.links.has(to)) continue
    const sent = sendEntries(t, role, to, progress, line)
    const ask = isVoter(s, to) ? asks : role.learnerBeatDue
    if (!sent && ask) sendAppend(t, role, to, progress, [], line, role.round)
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
export function onCommitTimer(t: Turn, role: LeaderRole, only?: MemberId): void {
  const line = lineOfSuccession(t, role)
  for (const [to, progress] of role.progress) {
    if (only !== undefined && to !== only) continue
    const behind = commitFor(t.s, progress) > progress.commitSent
    if (behind && t.s.links.has(to)) sendAppend(t, role, to, progress, [], line, 0)
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
    sendAppend(t, role, to, progress, entries, line, role.round)
    sent = true
  }
  return sent
}

function sendAppend(
  t: Turn,
  role: LeaderRole,
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

/** Reachable, caught-up voters, the oldest first: who shall lead next. */
export function lineOfSuccession(t: Turn, role: LeaderRole): MemberId[] {
  const { s } = t
  return voters(s)
    .filter(
      (id) => id !== s.self.memberId && s.view.has(id) && (isUntried(t, role, id) || isFit(t, role, id)),
    )
    .toSorted((a, b) => (s.view.get(a)?.seniority ?? 0) - (s.view.get(b)?.seniority ?? 0))
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
  return progress.match + CAUGHT_UP_ENTRIES >= t.s.commitIndex && progress.match > 0
}

export function beginTransfer(t: Turn, to: MemberId | null): void {
  const { s, now } = t
  const { role } = s
  const fail = (text: string): void => void t.out.push({ kind: 'transferred', ok: false, text })
  if (role.kind !== 'leader') return fail('This peer does not lead.')
  if (role.transfer) return fail('A hand-over is under way.')
  const target = to ?? lineOfSuccession(t, role)[0]
  if (target === undefined) return fail('There is no reachable, caught-up voter to hand over to.')
  if (target === s.self.memberId || !isVoter(s, target) || !s.links.has(target)) {
    return fail(`${nameOf(s, target)} is not another reachable voter.`)
  }
  const { transferMs } = s.config.timing
  role.transfer = { to: target, deadlineMs: now.monotonicMs + transferMs, stage: 'yielding' }
  setTimer(t, 'transfer', transferMs)
  note(t, 'handing-over', `Handing over to ${nameOf(s, target)}.`, { to: target })
  stopServing(t, role, `handing over to ${nameOf(s, target)}`)
}

function driveTransfer(t: Turn, role: LeaderRole): void {
  const { transfer } = role
  if (!transfer) return
  if (transfer.stage === 'yielding' && !role.yielding) transfer.stage = 'flushing'
  if (transfer.stage !== 'flushing' || role.progress.get(transfer.to)?.match !== t.s.lastIndex) return
  transfer.stage = 'standing'
  send(t, transfer.to, { t: 'stand' })
}

/**
 * The hand-over took too long. Before `stand` was sent the reign simply goes on; afterwards the successor may
 * stand at any moment, so this leader wins a new term first and never serves on the old lease.
 */
export function onTransferTimer(t: Turn, role: LeaderRole): void {
  if (!role.transfer) return
  const { stage, to } = role.transfer
  if (stage === 'standing') {
    becomeFollower(t, t.s.hard.term, null, `${nameOf(t.s, to)} did not take over in time`)
    return standForElection(t, true)
  }
  role.transfer = null
  t.out.push({ kind: 'transferred', ok: false, text: `${nameOf(t.s, to)} was not ready in time.` })
}
