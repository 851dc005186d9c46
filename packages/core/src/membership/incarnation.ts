import { prove } from './evidence.js'
import type { Address } from '../host/index.js'
import { limits } from './limits.js'
import { drop, hear, refuse, settle } from './linking.js'
import {
  ensurePeer,
  movePeer,
  quietMs,
  usableLinks,
  type LinkRow,
  type Membership,
  type Peer,
  type Step,
} from './state.js'
import { addHint, dialFailed, dialOver, redial, refreshTargets } from './targets.js'
import { tellHubs } from './topology-hubs.js'
import type { Hello } from './types.js'

/**
 * Two peers of one cluster have met: which start of the member this is, whether an older one is thereby proven
 * dead, and whether the same identity runs in two places (a copied disk).
 */
export function greet(s: Step, row: LinkRow, hello: Hello): void {
  const peer = ensurePeer(s, hello.memberId, hello.incarnation, hello.address)
  if (hello.incarnation < peer.incarnation) {
    const text = `${hello.name} at ${hello.address} is start ${hello.incarnation} of a member whose start ${peer.incarnation} is known: restart it, or stop it if its data folder was copied`
    return refuse(s, row, 'stale', text)
  }
  // Its last word is said; this hello was still on its way.
  if (hello.incarnation === peer.bye) {
    const t = dialOver(s.state, row)
    drop(s, row, 'bye', 'this incarnation has said bye')
    return t && dialFailed(s, t)
  }
  // The same start at two places: a folder that was copied with all that its process had promised.
  if (hello.incarnation === peer.incarnation && hello.address !== peer.address && isThere(s, peer))
    return refuseCopy(s, row, hello)
  if (hello.incarnation > peer.incarnation) {
    const verdict = succeed(s, row, peer, hello)
    if (verdict === 'copied') return refuseCopy(s, row, hello)
    if (verdict === 'held') {
      row.stage = 'held'
      dialOver(s.state, row)
      return redial(s, peer.address)
    }
  }
  accept(s, row, peer, hello)
}

/** Linked, or heard so lately that it may be. */
function isThere(s: Step, peer: Peer): boolean {
  const since = Math.max(peer.heardMs, peer.rowSinceMs)
  return peer.link !== null || quietMs(s, since) < s.state.config.removeMs
}

function refuseCopy(s: Step, row: LinkRow, hello: Hello): void {
  const text = `${hello.name} at ${hello.address} has the identity of a member that runs at another place: stop one of them, or give it a data folder of its own`
  refuse(s, row, 'identity', text)
}

/** A newer incarnation: the older one is proven dead only when a dial to its own address was answered. */
function succeed(s: Step, row: LinkRow, peer: Peer, hello: Hello): 'accepted' | 'held' | 'copied' {
  const old = peer.incarnation
  let doubt: Peer['former'] = null
  if (row.out && row.remote === peer.address) {
    prove(s, peer, old, `${row.remote} is answered by its start ${hello.incarnation}`, 'answered')
  } else if (peer.dead !== old) {
    if (hello.address === peer.address) {
      if (peer.link !== null && !peer.silent) return 'held'
      doubt = { incarnation: old, address: peer.address }
    } else {
      if (isThere(s, peer)) return 'copied'
    }
  }
  for (const l of usableLinks(s.state, peer.memberId))
    drop(s, l, 'stale', 'a newer start of this member is here')
  settle(s, peer)
  Object.assign(peer, {
    incarnation: hello.incarnation,
    bornMs: null,
    former: doubt,
    hears: [],
    broken: false,
  })
  if (doubt) redial(s, doubt.address)
  return 'accepted'
}

function accept(s: Step, row: LinkRow, peer: Peer, hello: Hello): void {
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
  if (isNew) peer.rtt = { samplesMs: [], told: new Map() }
  peer.bornMs ??= s.now
  if (peer.dead === hello.incarnation) peer.dead = -1
  const t = dialOver(s.state, row)
  if (t) {
    t.memberId = hello.memberId
    t.barred = false
  }
  hear(s, row)
  settle(s, peer)
  learn(s, hello)
  tellHubs(s, row)
  // Members find each other by the view; whom only this peer knows, it names to the others.
  if (isNew && peer.row === null && !s.state.topology.large) announce(s, peer)
  release(s, peer)
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

/** Links whose hello waited for this answer. */
function release(s: Step, peer: Peer): void {
  for (const l of s.state.greeting) {
    if (l.stage !== 'held' || l.hello?.memberId !== peer.memberId) continue
    if (l.hello.incarnation === peer.incarnation) accept(s, l, peer, l.hello)
    else refuseCopy(s, l, l.hello)
  }
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
