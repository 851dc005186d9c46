import { accuse } from './accuse.js'
import { checkCutOff } from './cut-off.js'
import {
  addAccuser,
  endDoubt,
  ensureDoubt,
  limitMs,
  removeAccuser,
  type Accuser,
  type Doubt,
} from './doubts.js'
import { recover, wasWrong } from './health.js'
import { limits } from './limits.js'
import { askAgain } from './proof.js'
import { noteFate } from './records.js'
import { emit, quietMs, type LinkRow, type Peer, type Step } from './state.js'
import { judgeDoubts, judgeSoon } from './tally.js'
import { redial } from './targets.js'
import { isLarge, watched, watchers } from './topology.js'
import type { Accusation, EvidenceClass, MemberId, MemberRecord, MembershipMessage } from './types.js'

/**
 * Who is doubted in a large cluster. Each member watches those that follow it on the ring; of whom it does not hear
 * in time it says so at every beat, to the hubs and to those that watch the same member, as long as that lasts: an
 * accusation that is not renewed is withdrawn. Hubs count (`tally.ts`). What comes directly from the accused ends
 * every doubt about it at once, wherever it arrives.
 */

/** Claims of an end make a peer look for itself this often at most. */
const LOOK_AGAIN_MS = 10_000

/** Each beat, after the guards: whether this peer is well, then whom it watches, then the doubts of others. */
export function judgeWatched(s: Step): void {
  const { state } = s
  recover(s)
  checkCutOff(s)
  if (!isLarge(state)) {
    forgetDoubts(s)
    return askAgain(s)
  }
  // Who just found that it was late itself has nothing to tell.
  if (state.judgementSkipped) return
  watch(s)
  for (const id of state.suspicion.watching.keys()) judgeSubject(s, id)
  judgeDoubts(s)
  accuse(s)
}

/** A smaller cluster judges by what its members hear. */
function forgetDoubts(s: Step): void {
  const { suspicion } = s.state
  if (suspicion.doubts.size > 0) for (const doubt of suspicion.doubts.values()) endDoubt(s, doubt)
  suspicion.watching.clear()
  suspicion.batchMs = null
}

function watch(s: Step): void {
  const { suspicion } = s.state
  const before = suspicion.watching
  suspicion.watching = new Map(watched(s.state).map((id) => [id, before.get(id) ?? s.now]))
  const self = s.state.self.memberId
  for (const id of suspicion.accusing.get(self) ?? []) {
    const doubt = suspicion.doubts.get(id)
    if (doubt && !suspicion.watching.has(id) && !isProven(s.state.peers.get(id)))
      removeAccuser(s, doubt, self)
  }
}

function isProven(peer: Peer | undefined): boolean {
  return peer !== undefined && peer.dead >= Math.max(0, peer.incarnation)
}

function judgeSubject(s: Step, id: MemberId): void {
  const { state } = s
  const { suspicion } = state
  const self = state.self.memberId
  const peer = state.peers.get(id)
  const row = state.index.byId.get(id)
  if (!row) return
  const incarnation = Math.max(row.incarnation, peer?.incarnation ?? 0)
  const known = suspicion.doubts.get(id)
  if (known?.by.has(self) && state.records.rows.get(id)?.incarnation === incarnation) {
    // It has spoken since it was accused: only a whole new silence counts.
    if ((state.records.rows.get(id)?.seq ?? 0) > known.seq) {
      suspicion.watching.set(id, s.now)
      wasWrong(s)
    }
  }
  const found = observed(s, id, peer)
  if (found === null) {
    if (known?.by.has(self)) removeAccuser(s, known, self)
    return
  }
  const doubt = ensureDoubt(s, id, incarnation)
  if (!doubt.by.has(self)) begin(s, doubt, peer, found)
  addAccuser(s, doubt, self, { class: found, saidMs: s.now })
}

function begin(s: Step, doubt: Doubt, peer: Peer | undefined, found: EvidenceClass): void {
  const { state } = s
  const { memberId, incarnation } = doubt
  doubt.seq = state.records.rows.get(memberId)?.seq ?? 0
  state.suspicion.tellMs = s.now
  if (peer && found === 'C' && !peer.silent) {
    peer.silent = true
    const text = `nothing was heard from it for ${Math.round(quietMs(s, peer.heardMs))} ms`
    emit(s, { kind: 'evidence', class: 'C', memberId, incarnation, text })
  }
  // A second opinion, at once.
  if (found !== 'A') redial(s, peer?.address ?? state.index.byId.get(memberId)?.address ?? '')
}

/** What this peer itself has against a member that it watches. */
function observed(s: Step, id: MemberId, peer: Peer | undefined): EvidenceClass | null {
  const { state } = s
  if (isProven(peer)) return 'A'
  if (state.suspicion.cutOff) return null
  const link = peer?.link == null ? undefined : state.links.get(peer.link)
  const sinceMs = state.suspicion.watching.get(id) ?? s.now
  if (quietMs(s, Math.max(peer?.heardMs ?? sinceMs, sinceMs)) <= limitMs(s, link)) return null
  if (link) return 'C'
  // Not linked: it counts only that it was tried, and that nothing there spoke.
  const target = state.targets.get(peer?.address ?? state.index.byId.get(id)?.address ?? '')
  return target && target.failures > 0 && !target.barred ? 'B' : null
}

/** A proof is told in the same step. */
export function accuseProven(s: Step, peer: Peer): void {
  if (!isLarge(s.state) || !s.state.index.byId.has(peer.memberId)) return
  const doubt = ensureDoubt(s, peer.memberId, peer.dead)
  addAccuser(s, doubt, s.state.self.memberId, { class: 'A', saidMs: s.now })
  s.state.suspicion.tellMs = s.now
  accuse(s)
}

/** Something came directly from this incarnation: whatever was said of it is over here. */
export function heardAgain(s: Step, memberId: MemberId, incarnation: number): void {
  const { suspicion, self } = s.state
  if (suspicion.cutOff) {
    suspicion.cutOff = false
    emit(s, { kind: 'cut-off', cutOff: false, text: `${memberId.slice(0, 8)} is heard again` })
  }
  if ((suspicion.gone.get(memberId) ?? incarnation + 1) <= incarnation) suspicion.gone.delete(memberId)
  if ((suspicion.noted.get(memberId) ?? incarnation + 1) <= incarnation) {
    suspicion.noted.delete(memberId)
    noteFate(s, memberId, incarnation, 'up')
  }
  const doubt = suspicion.doubts.get(memberId)
  if (!doubt || incarnation < doubt.incarnation) return
  const own = doubt.by.has(self.memberId)
  endDoubt(s, doubt)
  if (own) wasWrong(s)
}

export function accusationsArrived(
  s: Step,
  link: LinkRow,
  { accusations }: Extract<MembershipMessage, { t: 'accuse' }>,
): void {
  const { state } = s
  const by = link.stage === 'usable' ? link.hello : null
  if (!by || state.index.byId.get(by.memberId)?.incarnation !== by.incarnation) return
  const named = new Set<MemberId>()
  for (const accusation of accusations.slice(0, limits.recordsInMessage)) {
    if (!mayAccuse(s, by.memberId, accusation)) continue
    const current = newer(s, accusation)
    if (current) {
      s.effects.push({ kind: 'send', link: link.id, message: { t: 'news', records: [current] } })
      continue
    }
    named.add(accusation.memberId)
    take(s, by.memberId, accusation)
  }
  for (const id of state.suspicion.accusing.get(by.memberId) ?? []) {
    const doubt = state.suspicion.doubts.get(id)
    if (doubt && !named.has(id)) removeAccuser(s, doubt, by.memberId)
  }
  if (named.size > 0) judgeSoon(s)
}

/** Silence counts from those that watch it, proof from every member. */
function mayAccuse(s: Step, by: MemberId, { memberId, class: found }: Accusation): boolean {
  const { state } = s
  if (memberId === state.self.memberId || memberId === by || !state.index.byId.has(memberId)) return false
  if (found === 'A') return true
  return isLarge(state) && found !== 'D' && watchers(state, memberId).includes(by)
}

/** What its accuser does not know yet, and what makes the accusation stale. */
function newer(s: Step, { memberId, incarnation, seq }: Accusation): MemberRecord | null {
  const { state } = s
  const record = state.records.rows.get(memberId)
  if (record && (record.incarnation - incarnation || record.seq - seq) > 0) return record
  const known = Math.max(
    state.index.byId.get(memberId)?.incarnation ?? 0,
    state.peers.get(memberId)?.incarnation ?? 0,
  )
  return known > incarnation ? { memberId, incarnation: known, seq: 0, fate: 'up', about: null } : null
}

function take(s: Step, by: MemberId, { memberId, incarnation, class: found }: Accusation): void {
  const { state } = s
  const accuser: Accuser = { class: found, saidMs: s.now }
  const known = state.suspicion.doubts.get(memberId)?.by.get(by)
  if (found === 'A' && known?.class !== 'A') look(s, memberId, incarnation)
  if (isLarge(state)) addAccuser(s, ensureDoubt(s, memberId, incarnation), by, accuser)
}

/** Hearsay makes this peer look at once, and is never more than that. Where it goes on, not again and again. */
function look(s: Step, memberId: MemberId, incarnation: number): void {
  const peer = s.state.peers.get(memberId)
  const { looked } = s.state.suspicion
  if (!peer || peer.dead >= incarnation) return
  if (s.now - (looked.get(memberId) ?? Number.NEGATIVE_INFINITY) < LOOK_AGAIN_MS) return
  looked.set(memberId, s.now)
  const text = 'another member says that it is dead'
  emit(s, { kind: 'evidence', class: 'D', memberId, incarnation, text })
  redial(s, peer.address)
}
