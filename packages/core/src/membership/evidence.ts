import type { Address } from '../host/index.js'
import { limits } from './limits.js'
import { secondLook } from './proof.js'
import { noteFate } from './records.js'
import { emit, peersAt, type Peer, type Step, type Target } from './state.js'
import { accuseProven } from './suspicion.js'
import { removeProven } from './tally.js'
import { dialFailed, redial } from './targets.js'
import { isHub, isLarge } from './topology.js'

/**
 * What counts as proof (rule 11 of the succession rules). Class A: a `bye`; or the last usable link closed by
 * the other side and a dial, begun after that incarnation's hello, refused, both within two seconds, with
 * nothing heard after the refusal; or a newer incarnation answering a dial to the same address.
 * A false proof can make a pair diverge, so every doubt is decided towards "not proven". Strict evidence takes a
 * `bye` only: refusals and resets can be forged by what stands between, and a copied disk answers like a newer start.
 */
export function prove(
  s: Step,
  peer: Peer,
  incarnation: number,
  text: string,
  how: 'closed' | 'answered' | 'bye' | 'left',
): void {
  if (s.state.config.evidence === 'strict' && peer.bye !== incarnation) {
    if (peer.broken) return
    peer.broken = true
    const doubt = `${text}, which strict evidence takes for no proof`
    return emit(s, { kind: 'evidence', class: 'B', memberId: peer.memberId, incarnation, text: doubt })
  }
  if (incarnation > peer.accused) {
    peer.accused = incarnation
    emit(s, { kind: 'evidence', class: 'A', memberId: peer.memberId, incarnation, text })
  }
  if (incarnation <= peer.dead) return
  peer.dead = incarnation
  if (s.state.index.byId.has(peer.memberId))
    noteFate(s, peer.memberId, incarnation, how === 'left' ? 'left' : 'dead')
  // What the member itself has said or done is certain; a close and a refusal may be forged.
  proposeDead(s, peer, how !== 'closed')
  accuseProven(s, peer)
}

/** A row of the view whose incarnation is proven dead is gone: at once, or when a second member has lost it, too. */
export function proposeDead(s: Step, peer: Peer, certain: boolean = isCertain(peer)): void {
  const row = s.state.index.byId.get(peer.memberId)
  if (row === undefined || row.incarnation !== peer.dead) return
  if (peer.gone) return
  const text = 'its end is proven'
  if (!certain) return secondLook(s, peer, text)
  if (!isLarge(s.state)) return proposeRemoval(s, peer, text)
  if (isHub(s.state)) removeProven(s, peer.memberId, text)
}

function isCertain(peer: Peer): boolean {
  return peer.bye === peer.dead || peer.incarnation > peer.dead
}

/**
 * How long ago a link was closed is unknown to who was not awake: an address may have changed hands since. A close
 * found right after such a time proves nothing.
 */
function sleptThrough(s: Step): boolean {
  const { beatDueMs, floorMs, config, health } = s.state
  if (s.now - beatDueMs > limits.proofWindowMs) return true
  return health.lateMs > limits.proofWindowMs && s.now - floorMs < config.beatMs
}

export function proposeRemoval(s: Step, peer: Peer, text: string): void {
  if (peer.row === null || peer.gone) return
  peer.gone = true
  emit(s, { kind: 'gone', memberId: peer.memberId, incarnation: peer.row.incarnation, text })
}

/** The other side closed the last usable link: look whether anybody still listens there. */
export function closedByPeer(s: Step, peer: Peer): void {
  peer.closedMs = sleptThrough(s) ? null : s.now
  peer.resets = 0
  redial(s, peer.address)
  weigh(s, peer)
}

export function dialRefused(s: Step, address: Address, dialledMs: number): void {
  for (const peer of peersAt(s.state, address)) {
    // A dial that began before its hello may have asked before it listened.
    if (peer.bornMs === null || dialledMs < peer.bornMs) continue
    peer.refusedMs = s.now
    weigh(s, peer)
  }
}

function weigh(s: Step, peer: Peer): void {
  const { closedMs, refusedMs } = peer
  if (peer.link !== null || closedMs === null || refusedMs === null || refusedMs < peer.heardMs) return
  if (Math.abs(closedMs - refusedMs) > limits.proofWindowMs) return
  prove(s, peer, peer.incarnation, `it closed its link, and ${peer.address} refuses connections`, 'closed')
}

/** A dial ended before its hello, by a reset. Just after a death the host resets before it refuses. */
export function dialReset(s: Step, t: Target): void {
  const doubted = peersAt(s.state, t.address).find(
    (p) => p.link === null && p.closedMs !== null && s.now - p.closedMs <= limits.proofWindowMs,
  )
  if (!doubted || doubted.resets >= limits.resetTries) return dialFailed(s, t)
  // What resets is a listener that is being closed: the next dial is refused.
  t.nextMs = doubted.resets === 0 ? s.now : s.now + limits.resetStepMs * 2 ** (doubted.resets - 1)
  doubted.resets += 1
  t.forced = true
}

/** No answer, or no way to that host: says that the link is bad, nothing about the life of the peer. */
export function noAnswer(s: Step, address: Address, text: string): void {
  for (const peer of peersAt(s.state, address)) {
    if (peer.broken || peer.dead === peer.incarnation || (peer.link !== null && !peer.silent)) continue
    peer.broken = true
    emit(s, {
      kind: 'evidence',
      class: 'B',
      memberId: peer.memberId,
      incarnation: peer.incarnation,
      text: `${address} does not answer: ${text}`,
    })
  }
}
