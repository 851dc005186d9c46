import { proposeDead, prove } from './evidence.js'
import { limits } from './limits.js'
import { drop, settle } from './linking.js'
import { emit, ensurePeer, movePeer, usableLinks, type LinkRow, type Peer, type Step } from './state.js'
import { forgetMesh, refreshTargets } from './targets.js'
import { isLarge, refreshTopology } from './topology.js'
import type { MembershipMessage, ViewMember } from './types.js'

/** The last word of a peer. */
export function byeArrived(s: Step, row: LinkRow, bye: Extract<MembershipMessage, { t: 'bye' }>): void {
  const { incarnation, leaving, last } = bye
  const peer = row.hello && s.state.peers.get(row.hello.memberId)
  if (row.stage !== 'usable' || !peer || incarnation !== row.hello?.incarnation) return
  peer.bye = incarnation
  emit(s, { kind: 'bye', memberId: peer.memberId, incarnation, leaving, ...(last && { last }) })
  const text = leaving ? 'it left for good' : 'it said that it stops'
  prove(s, peer, incarnation, text, leaving ? 'left' : 'bye')
  for (const l of usableLinks(s.state, peer.memberId)) drop(s, l, 'bye', 'this incarnation has said bye')
  settle(s, peer)
  const t = s.state.targets.get(peer.address)
  if (!t) return
  t.hint = false
  t.nextMs = s.now + limits.retryMaxMs
  refreshTargets(s)
}

/** The view changed: rows are who may be `gone`, and where members are dialled. */
export function viewArrived(s: Step): void {
  const { state } = s
  const { byId } = state.index
  const was = state.topology.large
  const large = isLarge(state)
  for (const peer of state.peers.values()) {
    const row = peer.memberId === state.self.memberId ? undefined : byId.get(peer.memberId)
    if (row) takeRow(s, peer, row)
    else peer.row = null
  }
  if (!large) {
    for (const row of byId.values()) {
      if (row.memberId === state.self.memberId) continue
      const known = state.peers.has(row.memberId)
      const peer = ensurePeer(s, row.memberId, row.incarnation, row.address)
      // Nobody watched it in the large cluster, or it is new.
      if (was || !known) peer.rowSinceMs = s.now
      if (!known) proposeDead(s, peer)
    }
  }
  if (large && !was) forgetMesh(s)
  refreshTopology(s)
  refreshTargets(s)
}

function takeRow(s: Step, peer: Peer, row: ViewMember): void {
  if (peer.row?.seniority !== row.seniority) {
    peer.rowSinceMs = s.now
    peer.gone = false
  }
  peer.row = row
  // Hearsay: believed about peers that are not linked.
  if (row.incarnation > peer.incarnation && peer.link === null) {
    movePeer(s.state, peer, row.address)
    Object.assign(peer, { incarnation: row.incarnation, bornMs: null, former: null })
    Object.assign(peer, { closedMs: null, refusedMs: null, hears: [] })
  }
  proposeDead(s, peer)
}
