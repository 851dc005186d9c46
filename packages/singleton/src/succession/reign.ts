import type { MemberId } from '@tanist/core'
import { isCrowdBeat } from './crowd.js'
import { armElection, becomeFollower, setLeader } from './election.js'
import { encodeRecord, EntryKind } from './entries.js'
import { considerCheckpoint } from './checkpoint.js'
import { advanceCommit, propose, writeTail } from './log.js'
import { tendHome } from './homeward.js'
import { rankAnew } from './rank.js'
import { yieldWhenStalled } from './stall.js'
import { followReceivers, replicate, rewindStalled } from './replicate.js'
import type { LeaderRole, Succession, Turn } from './state.js'
import { noticeWitness } from './witness.js'
import { goAloneIfDue, waitsToGoAlone } from './pair.js'
import { majority, note, setTimer, termAt, votersInForce } from './state.js'
import { watchLease } from './serving.js'
import { tend } from './tend.js'
import { driveTransfer } from './transfer.js'

/**
 * After a hand-over the callers' next calls are on their way here: they share the disks' first sync of the reign when they
 * come within this time.
 */
const GATHER_MS = 2

/** `first`: what begins the reign in place of the start entry, when that is more than a start. */
export function becomeLeader(t: Turn, first?: { readonly kind: number; readonly payload: Uint8Array }): void {
  const { s, now } = t
  const { memberId, incarnation } = s.self
  const handedOver = s.role.kind === 'candidate' && s.role.transfer
  const role: LeaderRole = {
    kind: 'leader',
    startIndex: s.lastIndex + 1,
    progress: new Map(),
    round: 0,
    serving: false,
    leaseSeenMs: now.monotonicMs,
    reads: [],
    transfer: null,
    gathersUntilMs: handedOver ? now.monotonicMs + GATHER_MS : -Infinity,
    beatDue: true,
    tendDue: true,
    leaseTimerSet: false,
    learnerBeatDue: true,
    crowd: new Set(),
    crowdAtMs: -Infinity,
    crowdBeatDue: true,
    beats: 0,
    begunMs: now.monotonicMs,
    beatAtMs: now.monotonicMs + s.config.timing.beatMs,
    patientUntilMs: 0,
    spent: false,
    aloneAtMs: -Infinity,
    pendingView: new Map(),
    dismissals: new Map(),
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
  if (first) propose(t, first.kind, first.payload)
  else if (s.lastIndex > 0) propose(t, EntryKind.start, encodeRecord({ leader: memberId }))
  if (handedOver) setTimer(t, 'gather', GATHER_MS)
  followReceivers(t, role)
}

/** The end of a batch at the leader. Order matters: commit first, so that decisions see what is decided. */
export function flushLeader(t: Turn, role: LeaderRole): void {
  const { s, now } = t
  commitWhatIsSafe(t, role)
  if (t.s.role !== role) return
  watchLease(t, role)
  answerReads(t, role)
  if (t.s.role !== role) return
  goAloneIfDue(t, role)
  // Whatever changes who receives makes it due: a new voter set, a committed view, a word of a leaver.
  if (role.tendDue || role.beatDue) {
    tend(t, role)
    followReceivers(t, role)
  }
  considerCheckpoint(t, role)
  if (s.lastIndex === role.startIndex && now.monotonicMs < role.gathersUntilMs) return
  writeTail(t)
  driveTransfer(t, role)
  if (t.s.role === role) replicate(t, role)
}

/** Raft: a majority holds it on disk, the leader counts itself after its own sync, and it is of its own term. */
function commitWhatIsSafe(t: Turn, role: LeaderRole): void {
  const { s } = t
  const index = heldByMajority(s, role)
  if (index > s.commitIndex && termAt(s, index) === s.hard.term) advanceCommit(t, index)
}

/** The newest entry that a majority of the voters in force has on disk. */
function heldByMajority(s: Succession, role: LeaderRole): number {
  const set = votersInForce(s)
  const needed = majority(s, set)
  let newest = 0
  // Voters are few, and this is done with every batch of inputs: counting is cheaper than sorting a list.
  for (const one of set) {
    const index = heldBy(s, role, one)
    if (index <= newest) continue
    let holders = 0
    for (const other of set) if (heldBy(s, role, other) >= index) holders += 1
    if (holders >= needed) newest = index
  }
  return newest
}

function heldBy(s: Succession, role: LeaderRole, voter: MemberId): number {
  return voter === s.self.memberId ? s.durableIndex : (role.progress.get(voter)?.match ?? 0)
}

/** A leader that hears no majority stops calling itself one, so that callers learn that nobody serves. */
export function onBeatTimer(t: Turn, role: LeaderRole): void {
  const { s, now } = t
  const { beatMs, learnerBeatMs, checkQuorumMs, silenceMinMs } = s.config.timing
  // Late by its own fault: what others said meanwhile may still be on its way in.
  if (now.monotonicMs - role.beatAtMs > silenceMinMs / 2) role.patientUntilMs = now.monotonicMs + silenceMinMs
  role.beatAtMs = now.monotonicMs + beatMs
  setTimer(t, 'beat', beatMs)
  role.beatDue = true
  role.beats += 1
  const ratio = Math.max(1, Math.round(learnerBeatMs / beatMs))
  if (role.beats % ratio === 0) {
    role.learnerBeatDue = true
    role.crowdBeatDue ||= isCrowdBeat(role.beats / ratio)
  }
  rewindStalled(t, role)
  rankAnew(t)
  yieldWhenStalled(t, role)
  tendHome(t, role)
  noticeWitness(t)
  if (now.monotonicMs - role.leaseSeenMs <= checkQuorumMs || waitsToGoAlone(t, role)) return
  becomeFollower(t, s.hard.term, null, 'no majority of voters answered')
  s.heardAtMs = now.monotonicMs
  armElection(t)
}

function answerReads(t: Turn, role: LeaderRole): void {
  const { s } = t
  if (role.reads.length === 0) return
  const set = votersInForce(s)
  const rounds = set
    .map((id) => (id === s.self.memberId ? Infinity : (role.progress.get(id)?.ackedRound ?? 0)))
    .toSorted((a, b) => b - a)
  const confirmed = rounds[majority(s, set) - 1] ?? 0
  for (const read of role.reads) {
    if (read.round <= confirmed) t.out.push({ kind: 'readable', id: read.id, index: read.index })
  }
  role.reads = role.reads.filter((read) => read.round > confirmed)
}
