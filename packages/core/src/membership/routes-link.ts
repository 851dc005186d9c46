import { linkOf, quietMs, silenceLimitOf, type Peer, type Step } from './state.js'

/** How the own link to one peer does: what `routes` decides by. */

/** Something comes by it, and the other side says nothing else of this one. */
export function isUsable(s: Step, peer: Peer): boolean {
  if (peer.link === null || peer.silent || isDeaf(s, peer)) return false
  return quietMs(s, peer.heardMs) <= limitMs(s, peer)
}

/**
 * It is heard and says that it does not hear this peer: the other direction is dead. Only where beats name everybody
 * whom their sender hears.
 */
export function isDeaf(s: Step, peer: Peer): boolean {
  const link = linkOf(s.state, peer)
  // In a large cluster by its view or by this one: its beats come seldom and name few.
  if (!link || s.state.topology.large || link.everyMs !== null) return false
  const limit = limitMs(s, peer)
  const late = peer.hearsMs - Math.max(link.sinceMs, s.state.floorMs) > limit + s.state.config.beatMs
  return late && s.now - peer.hearsMs <= limit && !peer.hears.includes(s.state.self.memberId)
}

/** Silence of more than this is trouble with the link. */
export function limitMs(s: Step, peer: Peer): number {
  return silenceLimitOf(s.state, linkOf(s.state, peer))
}
