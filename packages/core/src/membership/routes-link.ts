import { quietMs, silenceLimitMs, type Peer, type Step } from './state.js'
import { isLarge } from './topology.js'

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
  const link = peer.link === null ? undefined : s.state.links.get(peer.link)
  if (!link || isLarge(s.state) || isSparing(s, peer)) return false
  const limit = limitMs(s, peer)
  const late = peer.hearsMs - Math.max(link.sinceMs, s.state.floorMs) > limit + s.state.config.beatMs
  return late && s.now - peer.hearsMs <= limit && !peer.hears.includes(s.state.self.memberId)
}

/** Silence of more than this is trouble with the link. */
export function limitMs(s: Step, peer: Peer): number {
  const link = peer.link === null ? undefined : s.state.links.get(peer.link)
  const { beatMs } = s.state.config
  return Math.max(silenceLimitMs(s.state), 4 * (link?.everyMs ?? beatMs))
}

/** It is in a large cluster by its own view: its beats come seldom and name few. */
function isSparing(s: Step, peer: Peer): boolean {
  const link = peer.link === null ? undefined : s.state.links.get(peer.link)
  return (link?.everyMs ?? 0) > s.state.config.beatMs
}
