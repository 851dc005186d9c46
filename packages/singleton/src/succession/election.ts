import type { MemberId } from '@tanist/core'
import { voidBasis, voteGivesBasis } from './basis.js'
import { handedTo, handOverEnded, onCanvassVote } from './homeward.js'
import { continueByGrant } from './witness.js'
import { becomeLeader } from './reign.js'
import type { SuccessionMessage, VoteMessage, VotedMessage } from './messages.js'
import { dropUnwritten } from './log.js'
import type { Succession, Turn } from './state.js'
import type { Leader } from './types.js'
import {
  ask,
  isPlainPair,
  isVoter,
  lastSet,
  majority,
  nameOf,
  nameOfSet,
  note,
  persist,
  send,
  setTimer,
  voters,
} from './state.js'
import { giveYield } from './serving.js'
import { isStalled } from './stall.js'
import { handingEnds } from './transfer.js'
import { promiseMs } from './silence.js'

/**
 * Becomes a follower of `leader` (null: of nobody yet) in `term`. A higher term is written down first:
 * everything said in it waits for the disk.
 */
export function becomeFollower(t: Turn, term: number, leader: Succession['leader'], why: string): void {
  const { s } = t
  const was = s.role
  const newer = term > s.hard.term
  if (was.kind === 'leader') dropUnwritten(t)
  if (newer) persist(t, { term, votedFor: null })
  if (was.kind === 'leader') {
    if (was.serving) giveYield(t, why)
    for (const read of was.reads) t.out.push({ kind: 'unreadable', id: read.id, why })
    if (was.transfer && s.handing === null) {
      const ok = was.transfer.stage === 'standing' && newer
      handOverEnded(s, ok)
      t.out.push({ kind: 'transferred', ok, text: ok ? 'handed over' : `hand-over interrupted: ${why}` })
    }
    for (const key of ['beat', 'lease', 'transfer', 'prepare', 'gather', 'commit', 'crowd'])
      setTimer(t, key, null)
    note(t, 'reign-ended', `Term ${s.hard.term}: no longer the leader, ${why}.`, { term: s.hard.term, why })
  }
  s.role = { kind: 'follower' }
  setLeader(t, leader)
}

export function setLeader(t: Turn, leader: Succession['leader']): void {
  const { s } = t
  const same =
    leader?.memberId === s.leader?.memberId &&
    leader?.incarnation === s.leader?.incarnation &&
    leader?.term === s.leader?.term
  if (same) return
  s.leader = leader
  if (leader) {
    s.lastLeader = leader
    handingEnds(t, leader.memberId)
  }
  t.out.push({ kind: 'leader', leader })
}

/** (Re)arms the wait before this peer stands, counted from the leader's last word. */
export function armElection(t: Turn): void {
  const { s, now } = t
  if (s.role.kind === 'leader' || s.left) {
    s.electionAtMs = null
    setTimer(t, 'election', null)
    return
  }
  const at = mayStand(s) ? Math.max(standAtMs(t), s.mutedUntilMs, s.deferUntilMs) : doubtAtMs(s)
  s.electionAtMs = at
  setTimer(t, 'election', Math.max(0, at - now.monotonicMs))
}

/** Who cannot say what the state is does not stand: its journal counts, and others serve from theirs. */
function mayStand(s: Succession): boolean {
  return isVoter(s, s.self.memberId) && s.snap.diverged === null
}

/** A learner never stands, but stops calling a silent leader the server. */
function doubtAtMs(s: Succession): number {
  return s.heardAtMs + 2 * s.config.timing.silenceMaxMs
}

/** Proof of death ends waiting; being further back in the line prolongs it; nobody is ever refused for rank. */
function standAtMs(t: Turn): number {
  const { s, now, random } = t
  const { rankStepMs, silenceMinMs } = s.config.timing
  const proven = leaderProvenDead(s)
  const patientUntilMs = Math.max(s.heardAtMs + promiseMs(s), promisedUntilMs(s))
  const from = proven ? now.monotonicMs : patientUntilMs
  // It leads only to pass on, when nobody else could win: see `tendHome`.
  if (s.self.serve === 'never') return from + 2 * s.config.timing.silenceMaxMs * (1 + random.next())
  const rank = rankInLine(s)
  if (rank >= 0) return from + rank * rankStepMs
  const lost = proven ? s.line.length * rankStepMs : 0
  return from + lost + silenceMinMs * (0.5 + random.next())
}

/** A promise once given counts to its end, also when this voter has become less patient since. */
function promisedUntilMs(s: Succession): number {
  return s.promise === null || isDead(s, s.promise.to) ? 0 : s.promise.untilMs
}

/** Place among those in the announced line that are not known dead; -1 when not in it. */
function rankInLine(s: Succession): number {
  const alive = s.line.filter((id) => id === s.self.memberId || !s.dead.has(id) || linkedAlive(s, id))
  return s.role.kind === 'candidate' ? -1 : alive.indexOf(s.self.memberId)
}

function linkedAlive(s: Succession, id: MemberId): boolean {
  const hello = s.links.get(id)
  return hello !== undefined && hello.incarnation > (s.dead.get(id) ?? -1)
}

/** The leader of the present term is dead, by this peer's own evidence. */
function leaderProvenDead(s: Succession): boolean {
  return s.lastLeader !== null && s.lastLeader.term === s.hard.term && isDead(s, s.lastLeader)
}

/** Own evidence about the leader: whoever asks learns at once that nobody serves. The first in line stands at once. */
export function onLeaderDead(t: Turn): void {
  const { s } = t
  if (s.role.kind === 'leader' || !leaderProvenDead(s)) return
  setLeader(t, null)
  if (s.role.kind !== 'follower') return
  armElection(t)
  if (s.electionAtMs !== null && s.electionAtMs <= t.now.monotonicMs) onElectionTimer(t)
}

function isDead(s: Succession, leader: Leader): boolean {
  return (s.dead.get(leader.memberId) ?? -1) >= leader.incarnation
}

/** The wait is over. A timer that fires late is this peer's own fault: it listens once more first. */
export function onElectionTimer(t: Turn): void {
  const { s, now } = t
  if (s.role.kind === 'leader' || s.electionAtMs === null || s.left) return
  const lateMs = now.monotonicMs - s.electionAtMs
  if (lateMs < 0) return armElection(t)
  if (lateMs > s.config.timing.silenceMinMs / 2 && !leaderProvenDead(s)) {
    note(
      t,
      'own-timer-late',
      `The election timer fired ${Math.round(lateMs)} ms late; listening again first.`,
      { lateMs },
    )
    s.heardAtMs = now.monotonicMs
    return armElection(t)
  }
  if (mayStand(s)) return isStalled(t) ? waitForDisk(t) : standForPreVote(t)
  s.electionAtMs = null
  setLeader(t, null)
}

/** Who cannot write cannot lead: it stands when its disk has answered. */
function waitForDisk(t: Turn): void {
  const { s, now } = t
  const { silenceMinMs } = s.config.timing
  if (!s.disk.told) note(t, 'disk-stalled', 'The disk of this peer does not answer: it does not stand.')
  s.disk.told = true
  s.role = { kind: 'follower' }
  setLeader(t, null)
  s.electionAtMs = now.monotonicMs + silenceMinMs
  setTimer(t, 'election', silenceMinMs)
}

const isLeader = (s: Succession): boolean => s.role.kind === 'leader'

function standForPreVote(t: Turn): void {
  const { s } = t
  const why = leaderProvenDead(s) ? 'it is proven dead' : 'it is silent'
  const text =
    s.lastLeader?.term === s.hard.term ? `${nameOf(s, s.lastLeader.memberId)} led; ${why}.` : 'Nobody leads.'
  note(t, 'standing', text, { term: s.hard.term + 1 })
  setLeader(t, null)
  s.role = {
    kind: 'candidate',
    pre: true,
    transfer: false,
    term: s.hard.term + 1,
    granted: new Set([s.self.memberId]),
  }
  if (tally(t)) return
  continueByGrant(t)
  if (isLeader(s)) return
  askVotes(t, true, false)
  retryLater(t)
}

/**
 * The requests leave while term and own vote are on their way to the disk: they promise nothing. Nobody leads
 * before the own vote is there, so that no two starts of this peer can lead one term. A pre-vote waits for earlier
 * writes: a peer whose disk is stuck disturbs the others once and no more. `given`: who has voted for this peer
 * already. Where that is enough nobody else is asked: they hear of the term from its leader.
 */
export function standForElection(t: Turn, transfer: boolean, given: MemberId | null = null): void {
  const { s } = t
  const term = s.hard.term + 1
  // C11: asking for a vote costs the basis; a pre-vote does not.
  voidBasis(s)
  s.role = { kind: 'candidate', pre: false, transfer, term, granted: new Set(given === null ? [] : [given]) }
  persist(t, { term, votedFor: s.self.memberId })
  if (s.persistedTicket === s.persistTicket) ownVoteDurable(t)
  if (isLeader(s)) return
  askVotes(t, false, transfer)
  retryLater(t)
}

/**
 * What the disks need in an election: the candidate's vote, the voters' votes, and as much again for disks slower
 * than this one's. Whoever stands sooner only undoes what the others are about to decide.
 */
function electionMs(s: Succession): number {
  return 4 * s.persistMs
}

function retryLater(t: Turn): void {
  const { silenceMinMs } = t.s.config.timing
  const afterMs = silenceMinMs * (1 + t.random.next()) + electionMs(t.s)
  t.s.electionAtMs = t.now.monotonicMs + afterMs
  setTimer(t, 'election', afterMs)
}

function askVotes(t: Turn, pre: boolean, transfer: boolean): void {
  const { s } = t
  const say = pre ? send : ask
  const promised = s.promise?.to
  const dead =
    promised && isDead(s, promised)
      ? { memberId: promised.memberId, incarnation: promised.incarnation }
      : null
  const { lastIndex, lastTerm } = s
  const set = lastSet(s)
  const pair = isPlainPair(set) && { set: nameOfSet(set), incarnation: s.self.incarnation }
  for (const voter of voters(s)) {
    if (voter === s.self.memberId) continue
    if (s.role.kind === 'candidate' && s.role.granted.has(voter)) continue
    say(t, voter, { t: 'vote', pre, lastIndex, lastTerm, transfer, dead, ...(pair && { pair }) })
  }
}

/** The own vote is on disk. */
export function ownVoteDurable(t: Turn): void {
  const { s } = t
  if (s.role.kind !== 'candidate' || s.role.pre || s.hard.votedFor !== s.self.memberId) return
  s.role.granted.add(s.self.memberId)
  tally(t)
}

/** True when the candidacy was won (and the next stage begun). */
function tally(t: Turn): boolean {
  const { s } = t
  if (s.role.kind !== 'candidate') return false
  if (!s.role.granted.has(s.self.memberId)) return false
  const granted = voters(s).filter((id) => s.role.kind === 'candidate' && s.role.granted.has(id)).length
  if (granted < majority(s)) return false
  if (s.role.pre) standForElection(t, false)
  else becomeLeader(t)
  return true
}

export function onVoted(t: Turn, from: MemberId, term: number, message: VotedMessage): void {
  const { s } = t
  if (term > s.hard.term) {
    becomeFollower(t, term, null, `${nameOf(s, from)} is in term ${term}`)
    return armElection(t)
  }
  if (s.role.kind === 'follower' && message.pre && message.granted) onCanvassVote(t, from, message.asked)
  if (s.role.kind !== 'candidate' || s.role.pre !== message.pre || s.role.term !== message.asked) return
  if (!message.granted) return
  s.role.granted.add(from)
  tally(t)
}

/** Everyone answers, learners too; only the candidate's own voter set decides who counts (rule 3). */
export function onVote(t: Turn, from: MemberId, term: number, message: VoteMessage): void {
  const { s, now } = t
  const asked = message.pre ? term + 1 : term
  const sticky = isSticky(t, from, message)
  if (sticky && shallLook(s, message)) {
    s.held = s.held.filter((request) => request.from !== from)
    s.held.push({ from, term, message })
    if (s.promise) t.out.push({ kind: 'probe', memberId: s.promise.to.memberId })
    return setTimer(t, 'hold', s.config.timing.holdMs)
  }
  const muted = now.monotonicMs < s.mutedUntilMs && !(voters(s).length === 1 && isVoter(s, s.self.memberId))
  if (sticky || muted) return refuse(t, from, message.pre, asked)
  if (message.pre) {
    const granted = asked > s.hard.term && isUpToDate(s, message)
    if (granted) deferTo(t)
    return send(t, from, { t: 'voted', pre: true, asked, granted })
  }
  if (term > s.hard.term) becomeFollower(t, term, null, `${nameOf(s, from)} stands in term ${term}`)
  const free = s.hard.votedFor === null || s.hard.votedFor === from
  if (term < s.hard.term || s.role.kind !== 'follower' || !free || !isUpToDate(s, message)) {
    refuse(t, from, false, asked)
    if (s.role.kind === 'follower') armElection(t)
    return
  }
  // Asked again, the first vote of the term is what counts.
  if (s.hard.votedFor === null) {
    persist(t, { term, votedFor: from })
    voteGivesBasis(t, from, message.pair)
  }
  send(t, from, { t: 'voted', pre: false, asked, granted: true })
  letStand(t)
}

/**
 * The vote of a leader that hands over, which leaves before it is asked for. All that it has is committed, and with
 * its successor; with the term it gives up the reign. `said`: the word to stand brought it.
 */
export function voteAhead(t: Turn, to: MemberId, said: boolean): void {
  const asked = t.s.hard.term + 1
  becomeFollower(t, asked, null, `${nameOf(t.s, to)} takes over`)
  persist(t, { term: asked, votedFor: to })
  if (!said) send(t, to, { t: 'voted', pre: false, asked, granted: true })
  letStand(t)
}

function letStand(t: Turn): void {
  const { s, now } = t
  s.heardAtMs = now.monotonicMs
  s.deferUntilMs = now.monotonicMs + s.config.timing.silenceMinMs + electionMs(s)
  armElection(t)
}

/** Two that stand at once split the votes: whoever agrees that another may stand lets it try first. */
function deferTo(t: Turn): void {
  const { s, now } = t
  if (s.role.kind !== 'follower') return
  s.deferUntilMs = now.monotonicMs + s.config.timing.silenceMinMs / 2 + electionMs(s)
  armElection(t)
}

function refuse(t: Turn, to: MemberId, pre: boolean, asked: number): void {
  send(t, to, { t: 'voted', pre, asked, granted: false })
}

function isUpToDate(s: Succession, message: VoteMessage): boolean {
  if (message.lastTerm !== s.lastTerm) return message.lastTerm > s.lastTerm
  return message.lastIndex >= s.lastIndex
}

/**
 * A voter that promised its leader a silence, or leads itself, votes for nobody else, unless it has its own
 * proof of the leader's death, or the leader itself sent the candidate.
 */
function isSticky(t: Turn, from: MemberId, message: VoteMessage): boolean {
  const { s, now } = t
  if (message.transfer) return false
  if (s.role.kind === 'leader') return true
  if (s.promise === null || s.promise.to.memberId === from || isDead(s, s.promise.to)) return false
  return now.monotonicMs < s.promise.untilMs
}

function shallLook(s: Succession, { dead }: VoteMessage): boolean {
  if (dead === null || s.role.kind === 'leader' || !s.promise) return false
  return s.promise.to.memberId === dead.memberId && s.promise.to.incarnation <= dead.incarnation
}

/** Own evidence arrived, or the wait is over: what was held is answered. */
export function answerHeld(t: Turn, giveUp: boolean): void {
  const { s } = t
  const proven = s.promise !== null && isDead(s, s.promise.to)
  if (s.held.length === 0 || (!giveUp && !proven)) return
  const held = s.held
  s.held = []
  setTimer(t, 'hold', null)
  for (const { from, term, message } of held) {
    onVote(t, from, term, giveUp ? { ...message, dead: null } : message)
  }
}

/** The leader says: stand, everything is with you. Ignored when it belongs to a former term. */
export function onStand(t: Turn, from: MemberId, message: Extract<SuccessionMessage, { t: 'stand' }>): void {
  const { s } = t
  if (message.term !== s.hard.term || s.leader?.memberId !== from || s.role.kind !== 'follower') return
  if (!mayStand(s) || s.self.serve === 'never' || isStalled(t)) return
  handedTo(t, message.stay === true)
  note(t, 'standing', `${nameOf(s, from)} hands over to this peer.`, { term: s.hard.term + 1 })
  standForElection(t, true, message.vote === true ? from : null)
}
