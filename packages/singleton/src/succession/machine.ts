/**
 * Succession of one group as a step machine: Raft with pre-vote, an announced line of succession, evidence of
 * death, a lease, graceful hand-over and voters that look after themselves. Rules by number: see
 * `docs/guarantees.md`.
 *
 * `stepSuccession(state, input, now, random)` changes `state` in place (its parts are large maps and the step
 * is the hot path; nobody else may touch it) and returns an ordered list of effects. The caller
 * - carries them out in order before the next step; `append` and `truncate` are visible in `log` at once;
 * - answers each `append` and `persist` with its ticket once it is on disk, in order;
 * - answers `reserve`, which goes to the same file as `persist` and promises nothing, with `reserved`;
 * - gives the input `flush` after each batch of inputs: only then are proposals written and sent;
 * - answers each `yield` with `yielded` once everything that had to stop has stopped.
 * In return: nothing is promised in a term (a candidate asks for votes at once), and no entry acknowledged, before it
 * is on disk; `committed` hands out each entry once, in order; between `yield` and the next `serve` this peer is not the server.
 */
import { invariant } from '@tanist/core'
import type { Hello, MemberId, Now, Random } from '@tanist/core'
import {
  answerHeld,
  armElection,
  onElectionTimer,
  onLeaderDead,
  onStand,
  onVote,
  onVoted,
  ownVoteDurable,
} from './election.js'
import { noticeSuspend, takeOverPair, voidBasis } from './basis.js'
import { tendAvailability } from './available.js'
import { continueHere, onFork, onForked, tendAsking } from './continue.js'
import { onDissolve, onForeignCluster } from './dissolve.js'
import { EntryKind } from './entries.js'
import { goAloneIfDue, hearTag } from './pair.js'
import { onSnapshotted, onUncaptured } from './checkpoint.js'
import { continueByGrant, heardGrant, witnessDown, witnessUp } from './witness.js'
import { onAppend, answerDurable } from './follow.js'
import { armAdmit, askAdmission, askToLeave, finishLeaving, onAdmitTimer, sought } from './founding.js'
import { onCanvass, onCanvassed } from './homeward.js'
import { advanceCommit, appendDurable, propose, settleTail, viewRows } from './log.js'
import { meetOnLink, onBranch, onConcede, onConceded, tellOthers } from './meet.js'
import type { SuccessionMessage } from './messages.js'
import { beginOperation, onEvicted, onOperate, onOperated, onOperateTimer, turnAway } from './operate.js'
import { onInstalled, onSnapshot, onUninstalled } from './receive-snapshot.js'
import { flushLeader, onBeatTimer } from './reign.js'
import { onPrepare, onPrepared, onPrepareTimer, onReserved } from './prepare.js'
import { onAppended, onCommitTimer, restartProgress } from './replicate.js'
import { onFetch, onReceived } from './send-snapshot.js'
import { watchLease } from './serving.js'
import { watchDisk } from './stall.js'
import { beginTransfer, handingEnds, onTransferTimer } from './transfer.js'
import type { Succession, Turn } from './state.js'
import { branch, isVoter, voters } from './state.js'
import type { SuccessionEffect, SuccessionInput } from './types.js'

export function stepSuccession(
  s: Succession,
  input: SuccessionInput,
  now: Now,
  random: Random,
): SuccessionEffect[] {
  const t: Turn = { s, now, random, out: [] }
  settleTail(t)
  noticeSuspend(t)
  watchDisk(t)
  // What is decided on a lease that lapses in the middle of a batch needs a majority to be committed anyway.
  if (s.role.kind === 'leader' && input.kind !== 'propose') watchLease(t, s.role)
  take(t, input)
  if (s.role.kind === 'leader' && concernsMembers(input)) s.role.tendDue = true
  return t.out
}

/** Learners that caught up, and everything else, are seen at the next beat. */
function concernsMembers(input: SuccessionInput): boolean {
  if (input.kind === 'message') return MEMBERS_SAY.has(input.message.t)
  return input.kind === 'up' || input.kind === 'gone' || input.kind === 'operate'
}

const MEMBERS_SAY: ReadonlySet<SuccessionMessage['t']> = new Set(['admit', 'leave', 'operate'])

function take(t: Turn, input: SuccessionInput): void {
  const { s } = t
  if (s.meetings.over && input.kind !== 'yielded') return afterwards(t, input)
  switch (input.kind) {
    case 'start':
      return start(t)
    case 'message':
      return onMessage(t, input)
    case 'timer':
      return onTimer(t, input.key)
    case 'appended': {
      const pending = appendDurable(t, input.ticket)
      if (pending) answerDurable(t, pending)
      return
    }
    case 'persisted':
      return onPersisted(t, input.ticket)
    case 'reserved':
      return onReserved(t, input.hard)
    case 'up': {
      if (input.hello.witness) return witnessUp(s, input.hello)
      const known = s.links.get(input.hello.memberId)
      s.links.set(input.hello.memberId, input.hello)
      if (known?.incarnation !== input.hello.incarnation) s.leavers.delete(input.hello.memberId)
      forgetAccusation(s, input.hello)
      if (input.relinked) restartProgress(t, input.hello.memberId)
      meetOnLink(t, input.hello.memberId)
      return s.lastIndex === 0 && input.hello.clusterId === null ? undefined : askAdmission(t)
    }
    case 'down':
      witnessDown(s, input.memberId)
      s.links.delete(input.memberId)
      return successorLost(t, input.memberId)
    case 'dead':
      return onDead(t, input.memberId, input.incarnation)
    case 'gone': {
      const { memberId, incarnation, leaving, why } = input
      if (memberId === s.self.memberId) return
      // A goodbye is followed by the proof that it is: what it said counts.
      const before = s.gone.get(memberId)
      const said = before?.incarnation === incarnation ? before : null
      s.gone.set(memberId, { incarnation, leaving: leaving || said?.leaving === true, why: said?.why ?? why })
      return
    }
    case 'propose':
      // The lease may have lapsed since the command was decided; committing it needs a majority anyway.
      invariant(s.role.kind === 'leader', 'only the leader proposes commands')
      propose(t, EntryKind.command, input.payload)
      return
    case 'transfer':
      return beginTransfer(t, input.to, { stay: input.stay === true })
    case 'operate':
      return beginOperation(t, input.id, input.operation)
    case 'latency':
      s.latency = new Map(input.medians)
      return
    case 'leave':
      s.leaving = true
      // C12: the leader may go on alone from now on.
      voidBasis(s)
      return askToLeave(t)
    case 'yielded':
      s.openYields -= 1
      return
    case 'read':
      return read(t, input.id)
    case 'sought':
      return sought(t, input.memberId)
    case 'refused':
      s.refused = true
      return
    case 'snapshotted':
      return onSnapshotted(t, input.id, input.digest)
    case 'uncaptured':
      return onUncaptured(t, input.index, input.why)
    case 'installed':
      return onInstalled(t, input)
    case 'uninstalled':
      return onUninstalled(t, input.id, input.why)
    case 'foreign':
      return onForeignCluster(t, input.hello)
    case 'continue':
      return continueHere(t, input.why)
    case 'flush':
      if (s.role.kind === 'leader') flushLeader(t, s.role)
      return
  }
}

/** What this machine held is being set aside: nothing is done any more, and who asks is told. */
function afterwards(t: Turn, input: SuccessionInput): void {
  if (input.kind === 'read')
    t.out.push({ kind: 'unreadable', id: input.id, why: 'this peer joins another branch' })
  if (input.kind === 'transfer') beginTransfer(t, input.to)
  if (input.kind === 'continue') continueHere(t, input.why)
}

/** Whoever answers is not gone, whatever was proposed about it while it was silent. */
function forgetAccusation(s: Succession, hello: Hello): void {
  const gone = s.gone.get(hello.memberId)
  if (
    gone &&
    hello.incarnation >= gone.incarnation &&
    (s.dead.get(hello.memberId) ?? -1) < hello.incarnation
  ) {
    s.gone.delete(hello.memberId)
  }
}

function start(t: Turn): void {
  const { s, now } = t
  const { silenceMaxMs, listenMs, admitMs } = s.config.timing
  s.startedAtMs = now.monotonicMs
  s.heardAtMs = now.monotonicMs
  const lone = voters(s).length === 1 && isVoter(s, s.self.memberId)
  // Rules 8 and 23: a restarted voter has forgotten its promises; a lone one listens before it serves.
  if (s.lastIndex > 0) s.mutedUntilMs = now.monotonicMs + (lone ? listenMs : silenceMaxMs)
  if (s.config.base) {
    const { founding, term, index } = s.config.base
    const { clusterId, mode } = founding
    t.out.push({ kind: 'cluster', clusterId, mode })
    t.out.push({ kind: 'view', members: viewRows(t), at: [term, index] })
  }
  armAdmit(t, Math.min(admitMs, s.config.timing.settleMs))
  armElection(t)
}

function onMessage(t: Turn, input: Extract<SuccessionInput, { kind: 'message' }>): void {
  const { s } = t
  const { from, incarnation, message, entries } = input
  if (s.left || !belongs(s, message)) return
  switch (message.t) {
    case 'append':
      // Until the entry that begins its branch is here, the journal names only the branches before it.
      if (branch(s) === null) s.meetings.adopted = message.branch
      return onAppend(t, { memberId: from, incarnation }, message.term, message, entries)
    case 'appended':
      hearTag(t, { memberId: from, incarnation }, message, message.term)
      return onAppended(t, from, message.term, message)
    case 'vote':
      return onVote(t, from, message.term, message)
    case 'voted':
      return onVoted(t, from, message.term, message)
    case 'snapshot':
      return onSnapshot(t, { memberId: from, incarnation }, message.term, message, entries)
    case 'received':
      return onReceived(t, from, message.term, message)
    case 'fetch':
      if (s.role.kind === 'leader' && message.term === s.hard.term)
        onFetch(t, s.role, from, message.from, message.diverged)
      return
    case 'prepare':
      return onPrepare(t, from, message.term, message.to)
    case 'prepared':
      return onPrepared(t, from, message.term)
    case 'stand':
      return onStand(t, from, message)
    case 'admit':
      if (s.role.kind !== 'leader' || s.links.get(from)?.incarnation !== message.member.incarnation) return
      if (!turnAway(t, from, incarnation, message.rejoin === true)) s.applicants.add(from)
      return
    case 'leave':
      if (s.role.kind === 'leader') s.leavers.add(from)
      return
    case 'left':
      return finishLeaving(t)
    case 'canvass':
      return onCanvass(t, from, message.term)
    case 'canvassed':
      return onCanvassed(t, from, message.term)
    case 'operate':
      return onOperate(t, from, message)
    case 'operated':
      return onOperated(t, message)
    case 'evicted':
      return onEvicted(t, message.incarnation, message.why)
    case 'branch':
      return onBranch(t, from, message.claim)
    case 'concede':
      return onConcede(t, from, message.claim)
    case 'conceded':
      return onConceded(t, from, message)
    case 'fork':
      return onFork(t, from, message)
    case 'dissolve':
      return onDissolve(t, from, message.towards)
    case 'forked':
      return onForked(t, from, message.refused)
    case 'grant':
      return
    case 'granted':
      heardGrant(s, from, message)
      if (s.role.kind === 'leader') goAloneIfDue(t, s.role)
      else continueByGrant(t)
      return
  }
}

/**
 * No message crosses branches. A peer without a journal has none yet: it may ask to come in, be sent the journal,
 * and answer that it holds nothing of it.
 */
function belongs(s: Succession, message: SuccessionMessage): boolean {
  const own = branch(s)
  if (message.t === 'branch' || message.t === 'concede' || message.t === 'conceded') return own !== null
  if (message.branch === own) return own !== null
  if (own === null) return ['append', 'snapshot', 'evicted'].includes(message.t) && s.forks.length === 0
  if (message.branch !== null) return false
  if (message.t === 'appended' || message.t === 'received') return message.match <= 0
  return message.t === 'admit'
}

function onTimer(t: Turn, key: string): void {
  const { s } = t
  if (key === 'admit') {
    onAdmitTimer(t)
    if (s.meetings.over) return
    tellOthers(t)
    tendAsking(t)
    return tendAvailability(t)
  }
  if (key === 'election') return onElectionTimer(t)
  if (key === 'hold') return answerHeld(t, true)
  if (key === 'replay') return replay(t)
  if (key === 'operate') return onOperateTimer(t)
  if (key === 'transfer' && s.handing !== null) return handingEnds(t, null)
  if (s.role.kind !== 'leader') return
  if (key === 'beat') onBeatTimer(t, s.role)
  else if (key === 'commit') onCommitTimer(t, s.role)
  else if (key === 'lease') s.role.leaseTimerSet = false
  else if (key === 'prepare') onPrepareTimer(t, s.role)
  else if (key === 'transfer') onTransferTimer(t, s.role)
}

function replay(t: Turn): void {
  const { s } = t
  if (s.commitTo > s.commitIndex) advanceCommit(t, Math.min(s.commitTo, s.lastIndex))
}

function onPersisted(t: Turn, ticket: number): void {
  const { s } = t
  s.persistedTicket = ticket
  if (ticket === s.persistTicket)
    s.persistMs = Math.max(t.now.monotonicMs - s.persistSinceMs, s.persistMs / 2)
  const ready = s.afterPersist.filter((waiting) => waiting.ticket <= ticket)
  s.afterPersist = s.afterPersist.filter((waiting) => waiting.ticket > ticket)
  for (const { term, effect } of ready) if (term === s.hard.term) t.out.push(effect)
  if (ticket === s.persistTicket) ownVoteDurable(t)
}

function onDead(t: Turn, memberId: MemberId, incarnation: number): void {
  const { s } = t
  s.dead.set(memberId, Math.max(incarnation, s.dead.get(memberId) ?? -1))
  takeOverPair(t)
  if (s.role.kind === 'leader') goAloneIfDue(t, s.role)
  onLeaderDead(t)
  answerHeld(t, false)
  successorLost(t, memberId)
}

/** No hand-over waits for somebody who is gone. */
function successorLost(t: Turn, memberId: MemberId): void {
  const { role } = t.s
  if (role.kind === 'leader' && role.transfer?.to === memberId) onTransferTimer(t, role)
}

/** Only the server confirms reads: it has applied everything that was committed when it was asked. */
function read(t: Turn, id: number): void {
  const { s } = t
  if (s.role.kind !== 'leader' || !s.role.serving) {
    t.out.push({ kind: 'unreadable', id, why: 'not the server' })
    return
  }
  s.role.reads.push({ id, round: s.role.round + 1, index: s.commitIndex })
}
