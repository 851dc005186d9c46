/**
 * A set of two with a witness: in place of promises and proof, a grant decides which of the two goes on alone. The
 * witness gives it once for each set (`grants.ts`). The leader asks when its follower is silent, the follower when
 * its leader is and its own promise to it is over; whoever is first goes on.
 */
import type { Hello, MemberId } from '@tanist/core'
import { continueAlone } from './basis.js'
import type { GrantedMessage } from './messages.js'
import { isNamed, lastSet, minCopies, nameOfSet, send } from './state.js'
import type { Succession, Turn, VoterSet } from './state.js'

/** The same question is not asked more often than this. */
const ASK_MS = 100
/** A leader says this often that its set is committed. */
const NOTICE_MS = 1_000

/** A witness is no member: it is neither led nor admitted. */
export function witnessUp(s: Succession, hello: Hello): void {
  s.witness.links.set(hello.memberId, hello)
}

export function witnessDown(s: Succession, memberId: MemberId): void {
  s.witness.links.delete(memberId)
}

const keyOf = ({ index, term }: VoterSet): string => `${index}.${term}`

/** Asked about, whatever the answer: the set is worth nothing to the other one any more. */
export function isSpent(s: Succession): boolean {
  const set = lastSet(s)
  return set?.witness !== undefined && s.witness.answers.has(keyOf(set))
}

export function isRefused(s: Succession, set: VoterSet): boolean {
  return s.witness.answers.get(keyOf(set)) === 'refused'
}

/** True when this peer is the one that goes on, by all of these sets; else it asks. */
export function hasGrants(t: Turn, sets: readonly VoterSet[]): boolean {
  const { s, now } = t
  const open = sets.filter((set) => s.witness.answers.get(keyOf(set)) !== 'mine')
  if (open.length === 0) return true
  if (now.monotonicMs - s.witness.askedAtMs < ASK_MS) return false
  for (const set of open) {
    if (set.witness === undefined || !s.witness.links.has(set.witness)) continue
    s.witness.askedAtMs = now.monotonicMs
    if (!s.witness.answers.has(keyOf(set))) s.witness.answers.set(keyOf(set), 'asked')
    const known = set.index <= s.commitIndex
    send(t, set.witness, { t: 'grant', set: nameOfSet(set), known, notice: false })
  }
  return false
}

/** The leader lets the witness know that its set is committed, so that after a restart either may ask. */
export function noticeWitness(t: Turn): void {
  const { s, now } = t
  const set = lastSet(s)
  if (set?.witness === undefined || set.index > s.commitIndex || !s.witness.links.has(set.witness)) return
  const again = s.witness.noticed !== keyOf(set) || now.monotonicMs - s.witness.noticedAtMs >= NOTICE_MS
  if (!again) return
  s.witness.noticed = keyOf(set)
  s.witness.noticedAtMs = now.monotonicMs
  send(t, set.witness, { t: 'grant', set: nameOfSet(set), known: true, notice: true })
}

export function heardGrant(s: Succession, from: MemberId, { set: name, to }: GrantedMessage): void {
  const set = s.voterSets.find((one) => isNamed(one, name))
  if (set?.witness !== from || to === null) return
  s.witness.answers.set(keyOf(set), to === s.self.memberId ? 'mine' : 'refused')
}

/** No leader is heard, and what this peer promised to the last one is over: it goes on, if it is the one. */
export function continueByGrant(t: Turn): void {
  const { s, now } = t
  const set = lastSet(s)
  if (set?.witness === undefined || s.role.kind === 'leader' || s.leader !== null) return
  if (s.left || s.leaving || minCopies(s) > 1 || now.monotonicMs < s.mutedUntilMs) return
  const { promise } = s
  const dead = promise !== null && (s.dead.get(promise.to.memberId) ?? -1) >= promise.to.incarnation
  if (promise !== null && !dead && now.monotonicMs < promise.untilMs) return
  if (!set.voters.includes(s.self.memberId) || !hasGrants(t, [set])) return
  continueAlone(t, 'the witness granted it')
}

/** The witness that the next pair shall name: the present one while it is linked, or was a moment ago. */
export function wantedWitness(t: Turn): MemberId | undefined {
  const { s, now } = t
  const { links, lostAtMs } = s.witness
  const present = lastSet(s)?.witness
  if (present !== undefined) {
    if (links.has(present)) {
      lostAtMs.delete(present)
      return present
    }
    const sinceMs = lostAtMs.get(present) ?? now.monotonicMs
    lostAtMs.set(present, sinceMs)
    if (now.monotonicMs - sinceMs < 3 * s.config.timing.silenceMaxMs) return present
  }
  return [...links.keys()].toSorted()[0]
}
