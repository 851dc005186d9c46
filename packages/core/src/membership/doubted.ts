import { emit, type Peer, type Step } from './state.js'
import { isLarge } from './topology.js'

/**
 * What this peer itself thinks of a member that it ought to hear, for those who watch: told to nobody else, since in a
 * full mesh everybody sees for itself. In a large cluster the hubs tell all (see `tally.ts`).
 */
export function doubted(s: Step, peer: Peer): void {
  const { memberId, incarnation, row } = peer
  if (peer.doubted || isLarge(s.state) || row === null || peer.dead === incarnation) return
  peer.doubted = true
  emit(s, { kind: 'fate', memberId, incarnation, fate: 'suspect', own: true })
}

export function notDoubted(s: Step, peer: Peer): void {
  const { memberId, incarnation, row } = peer
  peer.doubted = false
  if (row !== null) emit(s, { kind: 'fate', memberId, incarnation, fate: 'up', own: true })
}
