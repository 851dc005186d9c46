import { prove } from './evidence.js'
import type { Address } from '../host/index.js'
import { limits } from './limits.js'
import { drop, hear, settle } from './linking.js'
import { begin, decideHeldOf, hold, isThere, lives, refuseStale } from './moved.js'
import {
  ensurePeer,
  movePeer,
  usableLinks,
  type LinkRow,
  type Membership,
  type Peer,
  type Step,
} from './state.js'
import { newRtt } from './rtt.js'
import { addHint, dialFailed, dialOver, redial, refreshTargets } from './targets.js'
import { tellHubs } from './topology-hubs.js'
import type { Hello } from './types.js'

/**
 * Two peers of one cluster have met: which start of the member this is, whether an older one is thereby proven
 * dead, and whether the same identity runs in two places (a copied disk).
 */
export function greet(s: Step, row: LinkRow, hello: Hello): void {
  const peer = ensurePeer(s, hello.memberId, hello.incarnation, hello.address)
  if (hello.incarnation < peer.incarnation) return refuseStale(s, row, hello, peer.incarnation)
  // Its last word is said; this hello was still on its way.
  if (hello.incarnation === peer.bye) {
    const t = dialOver(s.state, row)
    drop(s, row, 'bye', 'this incarnation has said bye')
    return t && dialFailed(s, t)
  }
  const asked = row.out && row.remote === peer.address
  // The same start at two places, unless it was asked at the old one and names the new one itself.
  const elsewhere = hello.incarnation === peer.incarnation && hello.address !== peer.address && !asked
  const waits = elsewhere
    ? isThere(s, peer)
    : hello.incarnation > peer.incarnation && !succeed(s, row, peer, hello)
  if (waits) {
    // As long as it waits, its address is not dialled again; the one that is known may be the same.
    if (hello.address === peer.address) dialOver(s.state, row)
    hold(s, row, peer)
    return decideHeldOf(s, peer)
  }
  accept(s, row, peer, hello)
}

/**
 * A newer incarnation: the older one is proven dead only when a dial to its own address was answered. False while
 * the older one may live.
 */
function succeed(s: Step, row: LinkRow, peer: Peer, hello: Hello): boolean {
  const old = peer.incarnation
  let doubt: Peer['former'] = null
  if (row.out && row.remote === peer.address) {
    prove(s, peer, old, `${row.remote} is answered by its start ${hello.incarnation}`, 'answered')
  } else if (peer.dead !== old) {
    if (hello.address === peer.address) {
      if (peer.link !== null && !peer.silent) return false
      doubt = { incarnation: old, address: peer.address }
    } else {
      if (isThere(s, peer)) return false
    }
  }
  for (const l of usableLinks(s.state, peer.memberId))
    drop(s, l, 'stale', 'a newer start of this member is here')
  settle(s, peer)
  begin(peer, hello, doubt)
  if (doubt) redial(s, doubt.address)
  return true
}

export function accept(s: Step, row: LinkRow, peer: Peer, hello: Hello): void {
  row.stage = 'usable'
  row.sinceMs = s.now
  row.hello = hello
  s.state.greeting.delete(row)
  peer.usable.push(row)
  const { former } = peer
  if (former && row.out && row.remote === former.address) {
    peer.former = null
    const text = `${row.remote} is answered by its start ${hello.incarnation}`
    prove(s, peer, former.incarnation, text, 'answered')
  }
  movePeer(s.state, peer, hello.address)
  Object.assign(peer, { closedMs: null, refusedMs: null, resets: 0 })
  const isNew = peer.bornMs === null
  if (isNew) peer.rtt = newRtt()
  peer.bornMs ??= s.now
  if (peer.dead === hello.incarnation) peer.dead = -1
  const t = dialOver(s.state, row)
  if (t) {
    t.memberId = hello.memberId
    t.barred = false
    t.found = false
  }
  hear(s, row)
  settle(s, peer)
  learn(s, hello)
  tellHubs(s, row)
  // Members find each other by the view; whom only this peer knows, it names to the others.
  if (isNew && peer.row === null && !s.state.topology.large) announce(s, peer)
  if (row.out && row.remote === peer.address) lives(s, peer, row.bornMs)
  decideHeldOf(s, peer)
}

function announce(s: Step, newcomer: Peer): void {
  for (const l of s.state.links.values()) {
    const other = l.stage === 'usable' && l.hello?.memberId !== newcomer.memberId
    if (other && !l.hello?.known.includes(newcomer.address)) sayHello(s, l)
  }
}

export function learn(s: Step, hello: Hello): void {
  addHint(s, hello.address, true)
  for (const address of hello.known.slice(0, limits.knownInHello)) addHint(s, address, false)
  refreshTargets(s)
}

export function sayHello(s: Step, row: LinkRow): void {
  s.effects.push({ kind: 'send', link: row.id, message: { t: 'hello', hello: ownHello(s) } })
}

function ownHello(s: Step): Hello {
  const { state } = s
  const known = new Set(state.self.known)
  if (state.topology.large) for (const address of namedInLarge(state)) known.add(address)
  else for (const p of state.peers.values()) if (p.link !== null || p.row !== null) known.add(p.address)
  known.delete(state.self.address)
  return { ...state.self, known: [...known].slice(0, limits.knownInHello) }
}

/** Of a large cluster: the hubs first, and those who may be hubs next. */
function namedInLarge(state: Membership): Address[] {
  const { hubs, keep } = state.topology
  const voters = [...keep].flatMap((id) => state.index.byId.get(id)?.address ?? [])
  return [...hubs.map(({ address }) => address), ...voters].slice(0, limits.toldInLarge)
}
