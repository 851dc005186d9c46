import { hearsDirectly } from './doubts.js'
import { emit, type Peer, type Step } from './state.js'
import { judgeAt, removeProven } from './tally.js'
import { isHub, isLarge, watchers } from './topology.js'
import type { LinkRow } from './state.js'
import type { MemberId, MembershipMessage } from './types.js'

/**
 * A closed link and a refused dial can be forged by what stands between two members, and by a host that took over an
 * address. To end a wait they are enough (no vote is bought by them); a removal asks others first, where others are
 * linked that heard the member: it takes one round trip, as those have lost their links in the same moment. Whoever
 * still hears it prevents the removal; whoever does not answer for a beat does not.
 */

const WITNESSES = 3
const RETRY_MS = 10
const TRIES = 4

/** The end of a member of the view is proven by what could be forged. */
export function secondLook(s: Step, peer: Peer, text: string): void {
  const { state } = s
  const { proofs } = state.suspicion
  const incarnation = peer.dead
  if (isLarge(state) && !isHub(state)) return
  if (proofs.get(peer.memberId)?.incarnation === incarnation) return
  const proof = {
    memberId: peer.memberId,
    incarnation,
    text,
    sinceMs: s.now,
    asked: new Set<MemberId>(),
    contradicted: false,
    dueMs: s.now,
    tries: 0,
  }
  proofs.set(peer.memberId, proof)
  ask(s, peer.memberId)
}

/** Proofs that wait: asked again, or without an answer for a beat. */
export function askAgain(s: Step): void {
  for (const [id, proof] of s.state.suspicion.proofs) {
    const peer = s.state.peers.get(id)
    const row = s.state.index.byId.get(id)
    if (!peer || peer.dead !== proof.incarnation || row?.incarnation !== peer.dead) {
      s.state.suspicion.proofs.delete(id)
      continue
    }
    if (s.now >= proof.dueMs) {
      if (proof.contradicted) ask(s, id)
      else confirm(s, id)
    } else judgeAt(s, proof.dueMs)
  }
}

function ask(s: Step, memberId: MemberId): void {
  const { state } = s
  const proof = state.suspicion.proofs.get(memberId)
  if (!proof) return
  const witnesses = witnessesOf(s, memberId)
  if (witnesses.length === 0) return confirm(s, memberId)
  proof.contradicted = false
  proof.asked.clear()
  for (const peer of witnesses) {
    proof.asked.add(peer.memberId)
    if (peer.link !== null)
      s.effects.push({ kind: 'send', link: peer.link, message: { t: 'reach', memberId } })
  }
  proof.tries += 1
  proof.dueMs = s.now + state.config.beatMs
  judgeAt(s, proof.dueMs)
}

/** The oldest of those that said lately that they hear it; in a large cluster those that watch it. */
function witnessesOf(s: Step, memberId: MemberId): Peer[] {
  const { state } = s
  const ids = isLarge(state) ? watchers(state, memberId) : state.view.map((row) => row.memberId)
  const found: Peer[] = []
  for (const id of ids) {
    const peer = state.peers.get(id)
    if (!peer || id === memberId || !hearsDirectly(s, id)) continue
    if (isLarge(state) || peer.hears.includes(memberId)) found.push(peer)
    if (found.length === WITNESSES) break
  }
  return found
}

export function witnessTold(
  s: Step,
  link: LinkRow,
  { memberId, heard }: Extract<MembershipMessage, { t: 'reached' }>,
): void {
  const proof = s.state.suspicion.proofs.get(memberId)
  const by = link.stage === 'usable' ? link.hello?.memberId : undefined
  if (!proof || by === undefined || !proof.asked.delete(by)) return
  if (heard) {
    proof.contradicted = true
    // The close of its own link may be on its way to it. Later its beats tell.
    proof.dueMs = s.now + (proof.tries < TRIES ? RETRY_MS * 2 ** proof.tries : s.state.config.beatMs)
    judgeAt(s, proof.dueMs)
  } else if (proof.asked.size === 0 && !proof.contradicted) confirm(s, memberId)
}

function confirm(s: Step, memberId: MemberId): void {
  const { state } = s
  const proof = state.suspicion.proofs.get(memberId)
  const peer = state.peers.get(memberId)
  state.suspicion.proofs.delete(memberId)
  if (!proof || !peer || peer.dead !== proof.incarnation) return
  if (isLarge(state)) return removeProven(s, memberId, proof.text)
  if (peer.row === null || peer.gone || peer.row.incarnation !== peer.dead) return
  peer.gone = true
  emit(s, { kind: 'gone', memberId, incarnation: peer.row.incarnation, text: proof.text })
}
