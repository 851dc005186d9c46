import type { MemberId } from '@tanist/core'
import { otherOf } from './pair.js'
import { neverServes } from './rank.js'
import { isStalled } from './stall.js'
import type { HardState } from './types.js'
import type { LeaderRole, Turn } from './state.js'
import { isVoter, send, setTimer, voters } from './state.js'
import { yieldTo } from './transfer.js'

/** The successor's disk is waited for this long; the server goes on serving meanwhile. */
const PREPARE_MS = 100

/**
 * Before a leader stops for its successor, the voters write down the votes that they are about to give, and nobody
 * says anything of them: a vote is given by the message that says so, and that leaves later, in the next term. Until
 * then everybody keeps to the present one. Who restarts in between takes the vote for given, which is the safe side.
 * Of two each has a promise to keep that is tied to the moment of a vote: they do without.
 */
export function prepare(t: Turn, role: LeaderRole, to: MemberId): void {
  const { s } = t
  if (otherOf(s) !== null || !role.serving || isStalled(t)) return yieldTo(t, role)
  for (const id of voters(s)) if (id !== s.self.memberId) send(t, id, { t: 'prepare', to })
  reserve(t, { term: s.hard.term + 1, votedFor: to })
  setTimer(t, 'prepare', PREPARE_MS)
}

function reserve(t: Turn, hard: HardState): void {
  t.s.reserved = { ...hard, durable: false }
  t.out.push({ kind: 'reserve', hard })
}

export function onPrepare(t: Turn, from: MemberId, term: number, to: MemberId): void {
  const { s } = t
  const own = to === s.self.memberId
  if (term !== s.hard.term || s.leader?.memberId !== from || s.role.kind !== 'follower') return
  if (!isVoter(s, s.self.memberId) || isStalled(t) || (own && neverServes(s, to))) return
  reserve(t, { term: term + 1, votedFor: to })
}

export function onReserved(t: Turn, hard: HardState): void {
  const { s } = t
  const { reserved, leader, role } = s
  // Something else has been written since.
  if (reserved?.term !== hard.term || reserved.votedFor !== hard.votedFor) return
  reserved.durable = true
  if (role.kind === 'leader') return beReady(t, role)
  const ready = hard.votedFor === s.self.memberId && hard.term === s.hard.term + 1
  if (ready && leader !== null && leader.term === s.hard.term) send(t, leader.memberId, { t: 'prepared' })
}

export function onPrepared(t: Turn, from: MemberId, term: number): void {
  const { s } = t
  if (s.role.kind !== 'leader' || term !== s.hard.term || s.role.transfer?.to !== from) return
  s.role.transfer.prepared = true
  beReady(t, s.role)
}

function beReady(t: Turn, role: LeaderRole): void {
  if (role.transfer?.prepared === true && t.s.reserved?.durable === true) yieldTo(t, role)
}

export function onPrepareTimer(t: Turn, role: LeaderRole): void {
  yieldTo(t, role)
}
