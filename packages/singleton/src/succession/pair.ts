/** The leader's side of a set of two: what it promises, and when it goes on alone (rules 15, 16, 17, 21, 22). */
import type { MemberId } from '@tanist/core'
import { encodeRecord, EntryKind } from './entries.js'
import type { VotersChange } from './entries.js'
import { isFit } from './line.js'
import { propose } from './log.js'
import type { AppendedMessage, PairPromise } from './messages.js'
import { hasGrants, isRefused, isSpent, wantedWitness } from './witness.js'
import { leaseHolds } from './lease.js'
import {
  isAlonePending,
  isPlainPair,
  isVoter,
  lastSet,
  minCopies,
  nameOf,
  nameOfSet,
  note,
  setTimer,
} from './state.js'
import type { LeaderRole, Progress, Succession, Turn, VoterSet } from './state.js'

/** An answer of a follower: the leader's wait begins anew, and the newest tag is what it echoes. */
export function hearTag(
  t: Turn,
  from: { readonly memberId: MemberId; readonly incarnation: number },
  { tag, spent }: AppendedMessage,
  term: number,
): void {
  const { role, hard } = t.s
  const progress = role.kind === 'leader' && term === hard.term ? role.progress.get(from.memberId) : undefined
  if (!progress) return
  progress.heardMs = t.now.monotonicMs
  // Learners answer, too, and know nothing of it.
  if (role.kind === 'leader' && from.memberId === otherOf(t.s)) role.spent = spent === true
  if (!tag) return
  const { echo } = progress
  const older =
    echo !== null && (echo[0] > from.incarnation || (echo[0] === from.incarnation && echo[1] >= tag[0]))
  if (!older) progress.echo = [from.incarnation, tag[0], tag[1]]
}

/** Rule 17: what a beat to the follower of a pair promises. Undefined in every other set. */
export function promiseTo(t: Turn, to: MemberId, progress: Progress): PairPromise | undefined {
  const { s } = t
  const set = lastSet(s)
  if (!isPlainPair(set) || !set.voters.includes(to)) return undefined
  return { set: nameOfSet(set), echo: progress.echo, soloMs: s.config.timing.soloMs }
}

/** Rule 21. Called at the end of a batch of inputs, so that whatever has arrived is heard first (C5). */
export function goAloneIfDue(t: Turn, role: LeaderRole): void {
  const { s } = t
  const other = otherOf(s)
  if (other === null || minCopies(s) > 1) return
  const why = whyAlone(t, role, other)
  if (why === null || !mayGoAlone(s, role) || !hasGrants(t, witnessed(s))) return
  const name = nameOf(s, other)
  note(t, 'going-alone', `${name} ${why}: this peer goes on alone.`, { other, why })
  role.aloneAtMs = t.now.monotonicMs
  if (role.transfer) {
    role.transfer = null
    setTimer(t, 'transfer', null)
    t.out.push({ kind: 'transferred', ok: false, text: `${name} ${why}.` })
  }
  propose(t, EntryKind.voters, encodeRecord({ voters: [s.self.memberId], why: `${name} ${why}` }))
}

/** A leader that will go on alone, or is about to, does not give up its reign for want of a majority. */
export function waitsToGoAlone(t: Turn, role: LeaderRole): boolean {
  const { s } = t
  const set = lastSet(s)
  const lone = set?.voters.length === 1 && isVoter(s, s.self.memberId)
  if (lone) return true
  const open = witnessed(s).every((one) => s.witness.links.has(one.witness ?? '') && !isRefused(s, one))
  return otherOf(s) !== null && minCopies(s) <= 1 && mayGoAlone(s, role) && open
}

/** This leader will be the only voter soon; when it stops before, both are needed to go on some day. */
export function isGoingAlone(s: Succession): boolean {
  if (s.role.kind !== 'leader') return false
  return isAlonePending(s) || (otherOf(s) !== null && minCopies(s) <= 1 && mayGoAlone(s, s.role))
}

/** The other one of two, when this peer is one of them. */
export function otherOf(s: Succession): MemberId | null {
  const set = lastSet(s)
  if (set?.voters.length !== 2 || !isVoter(s, s.self.memberId)) return null
  return set.voters.find((id) => id !== s.self.memberId) ?? null
}

function whyAlone(t: Turn, role: LeaderRole, other: MemberId): string | null {
  const { s, now } = t
  const newest = newestStart(s, role, other)
  const gone = s.gone.get(other)
  if (s.leavers.has(other) || (gone?.leaving === true && gone.incarnation >= newest))
    return 'gave up its seat'
  if ((s.dead.get(other) ?? -1) >= newest) return 'is proven dead'
  // By the monotonic clock alone: of the two it is the one that never says too much has passed.
  const silentMs = now.monotonicMs - Math.max(role.begunMs, role.progress.get(other)?.heardMs ?? -Infinity)
  const { soloMs } = s.config.timing
  if (possibleSets(s).every(({ witness }) => witness !== undefined)) {
    // Nobody promised anything: what is missing is the lease, and a grant.
    const { beatMs, learnerBeatMs } = s.config.timing
    const silent = silentMs >= beatMs + learnerBeatMs && !leaseHolds(t, role)
    return silent && now.monotonicMs >= role.patientUntilMs ? 'does not answer' : null
  }
  if (silentMs < soloMs || now.monotonicMs < role.patientUntilMs) return null
  return `has not answered for ${soloMs} ms`
}

function newestStart(s: Succession, role: LeaderRole, id: MemberId): number {
  const heard = role.progress.get(id)?.echo?.[0] ?? 0
  return Math.max(heard, s.links.get(id)?.incarnation ?? 0, s.view.get(id)?.incarnation ?? 0)
}

/** From the last one that is known to be committed on: any of them may be in force. */
function possibleSets(s: Succession): readonly VoterSet[] {
  const known = s.voterSets.findLastIndex(({ index }) => index <= s.commitIndex)
  return s.voterSets.slice(Math.max(0, known))
}

const witnessed = (s: Succession): VoterSet[] =>
  possibleSets(s).filter(({ witness }) => witness !== undefined)

/**
 * Nobody else can be elected without this peer: every voter set that may be in force lies within the two and
 * contains it (C17, C18). Outside a pair an entry of the own term must be committed besides (C19).
 */
function mayGoAlone(s: Succession, role: LeaderRole): boolean {
  const set = lastSet(s)
  if (!set) return false
  const within = possibleSets(s).every(
    ({ voters }) => voters.includes(s.self.memberId) && voters.every((id) => set.voters.includes(id)),
  )
  return within && (set.pair === true || s.commitIndex >= role.startIndex)
}

/**
 * A set of two changes in three ways: it grows (rule 16: only after the mark of a pair is taken off), it is marked
 * as a pair again when nothing came of that, or its leader goes on alone, which is not decided here.
 */
export function nextOfTwo(
  t: Turn,
  role: LeaderRole,
  set: VoterSet,
  next: MemberId | undefined,
): VotersChange | null {
  const { s } = t
  const other = set.voters.find((id) => id !== s.self.memberId)
  // Both must agree to it: the other one has to be there, and not only to have been a moment ago.
  if (other === undefined || !isFit(t, role, other) || !leaseHolds(t, role)) return null
  if (next === undefined) return pairAgain(t, role, set, other)
  const name = nameOf(s, next)
  if (set.pair) return { voters: set.voters, why: `${name} comes as a third` }
  return { voters: [...set.voters, next], why: `${name} is caught up` }
}

/** Two are a pair, with a witness when there is one; a set about which the witness was asked is renewed. */
function pairAgain(t: Turn, role: LeaderRole, set: VoterSet, other: MemberId): VotersChange | null {
  const { s } = t
  const witness = wantedWitness(t)
  // Asked by this peer: once the other one has answered again.
  const isBack = (role.progress.get(other)?.ackedSent[0] ?? 0) > s.witness.askedAtMs
  const spent = set.witness !== undefined && (role.spent || (isSpent(s) && isBack))
  if (set.pair && set.witness === witness && !spent) return null
  const why = spent ? 'the witness was asked about the last set' : 'two are a pair'
  return { voters: set.voters, why, pair: true }
}

export function withWitness(t: Turn, change: VotersChange): VotersChange {
  const witness = change.pair ? wantedWitness(t) : undefined
  return witness === undefined ? change : { ...change, witness }
}
