import { proposeDead, prove } from './evidence.js'
import { limits } from './limits.js'
import { drop, settle } from './linking.js'
import { emit, ensurePeer, usableLinks, type LinkRow, type Step } from './state.js'
import { refreshTargets } from './targets.js'
import type { MembershipMessage } from './types.js'

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
  const rows = new Map(state.view.map((r) => [r.memberId, r]))
  for (const peer of state.peers.values()) if (!rows.has(peer.memberId)) peer.row = null
  for (const row of rows.values()) {
    if (row.memberId === state.self.memberId) continue
    const peer = ensurePeer(s, row.memberId, row.incarnation, row.address)
    if (peer.row?.seniority !== row.seniority) {
      peer.rowSinceMs = s.now
      peer.gone = false
    }
    peer.row = row
    // Hearsay: believed about peers that are not linked.
    if (row.incarnation > peer.incarnation && peer.link === null) {
      Object.assign(peer, { incarnation: row.incarnation, address: row.address, bornMs: null, former: null })
      Object.assign(peer, { closedMs: null, refusedMs: null, hears: [] })
    }
    proposeDead(s, peer)
  }
  refreshTargets(s)
}
