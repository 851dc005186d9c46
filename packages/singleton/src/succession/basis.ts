/**
 * The follower's side of a pair (rules 18 to 20): what entitles it to replace its leader.
 *
 * In a pair the leader promises with every beat that it goes on alone no sooner than `solo` after the answer that
 * the beat confirms. The follower remembers when it sent that answer. Proof of the leader's death that it holds
 * within `solo - margin` of that moment shows that the leader died without having gone on alone: everything that was
 * ever acknowledged is then in the follower's journal.
 *
 * A basis lives in memory only, so that a restart ends it (C9); every doubt ends it, too.
 */
import type { MemberId } from '@tanist/core'
import { encodeRecord, EntryKind } from './entries.js'
import { propose } from './log.js'
import type { AppendMessage, Clocks, PairVote } from './messages.js'
import { becomeLeader } from './reign.js'
import { isNamed, isPlainPair, lastSet, minCopies, nameOf, note, persist } from './state.js'
import type { Succession, Turn } from './state.js'

/** Called first in every step: a machine that has slept cannot tell how long by its monotonic clock. */
export function noticeSuspend(t: Turn): void {
  const { pair, config } = t.s
  const offsetMs = t.now.wallMs - t.now.monotonicMs
  const before = pair.offsetMs ?? offsetMs
  pair.offsetMs = offsetMs
  if (Math.abs(offsetMs - before) <= config.timing.marginMs) return
  pair.tagsFromMs = t.now.monotonicMs
  voidBasis(t.s)
}

export function voidBasis(s: Succession): void {
  s.pair.basis = null
}

/** What an answer carries in a pair: the leader echoes it. */
export function tagNow(t: Turn): Clocks | undefined {
  const { s, now } = t
  return isPlainPair(lastSet(s)) ? [now.monotonicMs, now.wallMs] : undefined
}

/** The leader of `term` spoke, and what came with it is in the journal. */
export function hearPromise(
  t: Turn,
  from: { readonly memberId: MemberId; readonly incarnation: number },
  term: number,
  { pair: promise }: AppendMessage,
): void {
  const { s } = t
  const was = s.pair.basis
  const same = was?.leader === from.memberId && was.incarnation === from.incarnation && was.term === term
  // C10: another term or start of the leader.
  if (!same) voidBasis(s)
  if (!promise?.echo || s.leaving) return
  const [incarnation, monotonicMs, wallMs] = promise.echo
  if (incarnation !== s.self.incarnation || monotonicMs <= s.pair.tagsFromMs) return
  // C6: the leader's last voter set must be the last one here, too.
  if (!isPlainPair(lastSet(s)) || !isNamed(lastSet(s), promise.set)) return
  const kept = same && isNamed(lastSet(s), was.set) ? was : null
  if (kept && kept.since[0] >= monotonicMs) return
  const since: Clocks = [monotonicMs, wallMs]
  const { memberId: leader, incarnation: start } = from
  const { set, soloMs } = promise
  s.pair.basis = { leader, incarnation: start, term, set, since, soloMs, proven: kept?.proven ?? false }
  weigh(t)
}

/** This peer votes for another, for the first time in this term (C8). */
export function voteGivesBasis(t: Turn, to: MemberId, asked: PairVote | undefined): void {
  const { s, now } = t
  voidBasis(s)
  const set = lastSet(s)
  if (!asked || s.leaving || !isPlainPair(set) || !isNamed(set, asked.set)) return
  s.pair.basis = {
    leader: to,
    incarnation: asked.incarnation,
    term: s.hard.term,
    set: asked.set,
    since: [now.monotonicMs, now.wallMs],
    soloMs: s.config.timing.soloMs,
    proven: false,
  }
}

/** Rule 19: evidence counts while the promise lasts, by the clock read after it was found (C14, C15). */
function weigh(t: Turn): void {
  const { s, now } = t
  const { basis } = s.pair
  if (!basis || basis.proven || (s.dead.get(basis.leader) ?? -1) < basis.incarnation) return
  const [monotonicMs, wallMs] = basis.since
  const elapsedMs = Math.max(now.monotonicMs - monotonicMs, now.wallMs - wallMs)
  if (elapsedMs < basis.soloMs - s.config.timing.marginMs) s.pair.basis = { ...basis, proven: true }
}

/** Rule 20: the leader is proven dead in time. Term, own vote and `{self}` go to disk before this peer serves. */
export function takeOverPair(t: Turn): void {
  const { s } = t
  weigh(t)
  const { basis } = s.pair
  if (!basis?.proven || basis.term !== s.hard.term || s.role.kind === 'leader') return
  if (s.left || s.leaving || minCopies(s) > 1) return
  const set = lastSet(s)
  // C16: a set that is not known committed may be lost with the leader's disk.
  if (!isPlainPair(set) || !isNamed(set, basis.set) || set.index > s.commitIndex) return
  continueAlone(t, `${nameOf(s, basis.leader)}, the other of the pair, is proven dead`)
}

/** Term, own vote and `{self}` go to disk before anything is said or served. */
export function continueAlone(t: Turn, why: string): void {
  const { s } = t
  note(t, 'taking-over', `This peer goes on alone: ${why}.`, { voters: lastSet(s)?.voters })
  voidBasis(s)
  persist(t, { term: s.hard.term + 1, votedFor: s.self.memberId })
  becomeLeader(t)
  propose(t, EntryKind.voters, encodeRecord({ voters: [s.self.memberId], why }))
}
