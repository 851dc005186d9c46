import type { Address } from '../host/index.js'
import { limits } from './limits.js'
import { drop, refuse, settle } from './linking.js'
import { accept, sayHello } from './incarnation.js'
import { quietMs, silenceLimitMs, usableLinks, type LinkRow, type Peer, type Step } from './state.js'
import { redial } from './targets.js'
import type { Hello, MemberId, MembershipInput, MembershipMessage } from './types.js'

/**
 * A member that shows up at another address than it had: it has moved there, or its data folder was copied and both
 * run. The hello is held, and the place where it was is asked.
 *
 * - Copied: the start that is known there answers something that was asked after the hello came: a dial to its
 *   address, or a beat on its link. What it had sent before proves nothing.
 * - Moved: its end is proven; or the journal says so; or nothing came from it for `removeMs`. The very same start
 *   (a process whose machine has a new address) has moved when its link is silent and its old address does not answer.
 */
export interface Moved {
  /** Addresses that this process had before. */
  readonly former: Set<Address>
  /** When the own network changed: links that were not heard since then are redialled. Null: all are proven. */
  changedMs: number | null
  /** Links from another address are dead, most likely. */
  why: 'address' | 'resume'
}

export function createMoved(): Moved {
  return { former: new Set(), changedMs: null, why: 'resume' }
}

/** Linked, or heard so lately that it may be. */
export function isThere(s: Step, peer: Peer): boolean {
  if (peer.link !== null || isStrange(s, peer)) return true
  const since = Math.max(peer.heardMs, peer.rowSinceMs)
  return quietMs(s, since) < s.state.config.removeMs
}

/** A member of a large cluster that this peer is not linked to: nothing but a dial tells whether it is there. */
function isStrange({ state }: Step, peer: Peer): boolean {
  return state.topology.large && peer.row !== null && peer.link === null
}

/** Waits for what `decideHeld` finds out. */
export function hold(s: Step, row: LinkRow, peer: Peer): void {
  row.stage = 'held'
  row.sinceMs = s.now
  for (const l of heldOf(s, peer)) {
    const same = l.hello?.incarnation === row.hello?.incarnation && l.hello?.address === row.hello?.address
    if (l !== row && l.out === row.out && same) drop(s, l, 'duplicate', 'a newer link of this peer waits')
  }
  redial(s, peer.address)
}

export function refuseCopy(s: Step, row: LinkRow, hello: Hello): void {
  const text = `${hello.name} at ${hello.address} has the identity of a member that runs at another place: stop one of them, or give it a data folder of its own`
  refuse(s, row, 'identity', text)
}

export function refuseStale(s: Step, row: LinkRow, hello: Hello, known: number): void {
  const text = `${hello.name} at ${hello.address} is start ${hello.incarnation} of a member whose start ${known} is known: restart it, or stop it if its data folder was copied`
  refuse(s, row, 'stale', text)
}

/** How long a held link may wait. Which of two at one address lives, a single dial shows. */
export function heldLimitMs(s: Step, row: LinkRow): number {
  const { helloMs, removeMs } = s.state.config
  const peer = row.hello && s.state.peers.get(row.hello.memberId)
  const elsewhere = peer && row.hello?.address !== peer.address
  return elsewhere ? removeMs + 2 * silenceLimitMs(s.state) : helloMs
}

/** The known start of this member answered what was asked at `askedMs`: it lives where it was. */
export function lives(s: Step, peer: Peer, askedMs: number): void {
  for (const l of heldOf(s, peer)) {
    const { hello } = l
    if (!hello || l.sinceMs > askedMs || isKnown(peer, hello)) continue
    refuseCopy(s, l, hello)
  }
}

/** A beat that answers one of ours was sent by a process that runs. */
export function beatAnswered(
  s: Step,
  row: LinkRow,
  peer: Peer,
  { echo }: Extract<MembershipMessage, { t: 'beat' }>,
): void {
  const sent = echo && s.state.sentBeats.find((beat) => beat.seq === echo[0])
  if (sent && row.hello && isKnown(peer, row.hello)) lives(s, peer, sent.sentMs)
}

/** Every beat: those who wait are told that they are heard, and let in when they have moved. */
export function decideHeld(s: Step): void {
  for (const row of [...s.state.greeting]) {
    const peer = row.stage === 'held' && row.hello ? s.state.peers.get(row.hello.memberId) : undefined
    if (!peer || !row.hello) continue
    s.effects.push({ kind: 'send', link: row.id, message: { t: 'beat', hears: [] } })
    consider(s, row, peer, row.hello)
  }
}

/** After something was learnt about a member. */
export function decideHeldOf(s: Step, peer: Peer): void {
  for (const l of heldOf(s, peer)) if (l.hello) consider(s, l, peer, l.hello)
}

function consider(s: Step, row: LinkRow, peer: Peer, hello: Hello): void {
  if (hello.incarnation < peer.incarnation) return refuseStale(s, row, hello, peer.incarnation)
  if (isKnown(peer, hello)) return accept(s, row, peer, hello)
  if (!hasMoved(s, row, peer, hello)) return
  for (const l of usableLinks(s.state, peer.memberId))
    drop(s, l, 'silence', 'this member is at another address')
  settle(s, peer)
  if (hello.incarnation > peer.incarnation) begin(peer, hello, null)
  accept(s, row, peer, hello)
}

function hasMoved(s: Step, row: LinkRow, peer: Peer, hello: Hello): boolean {
  if (peer.dead === peer.incarnation) return true
  if (peer.row?.incarnation === hello.incarnation && peer.row.address === hello.address) return true
  if (hello.address === peer.address) return false
  if (hello.incarnation > peer.incarnation)
    return isStrange(s, peer) ? wasAsked(s, row, peer) : !isThere(s, peer)
  return quietMs(s, peer.heardMs) > silenceLimitMs(s.state) && wasAsked(s, row, peer)
}

/** A dial to where it was has failed since it was last heard, or since this link waits. */
function wasAsked(s: Step, row: LinkRow, peer: Peer): boolean {
  if (peer.broken) return true
  const t = s.state.targets.get(peer.address)
  return t === undefined || (t.link === null && !t.forced && s.now > row.sinceMs)
}

/** Another start of this member than the one that was known. */
export function begin(peer: Peer, hello: Hello, former: Peer['former']): void {
  Object.assign(peer, { incarnation: hello.incarnation, bornMs: null, former, hears: [], broken: false })
}

/** This very start of a member speaks from another address, and is about to be let in: it is not to be removed now. */
export function waitsHere(s: Step, memberId: MemberId, incarnation: number): boolean {
  for (const { stage, hello } of s.state.greeting)
    if (stage === 'held' && hello?.memberId === memberId && hello.incarnation === incarnation) return true
  return false
}

function isKnown(peer: Peer, hello: Hello): boolean {
  return hello.incarnation === peer.incarnation && hello.address === peer.address
}

function heldOf(s: Step, peer: Peer): LinkRow[] {
  const links = [...s.state.greeting]
  return links.filter((l) => l.stage === 'held' && l.hello?.memberId === peer.memberId)
}

/**
 * This machine has another address, or was asleep: nobody is accused for what happened meanwhile, everybody is told
 * the address on all links that still work, and whoever is not heard soon is dialled anew.
 */
export function networkChanged(
  s: Step,
  { address, why }: Extract<MembershipInput, { kind: 'network' }>,
): void {
  const { state } = s
  state.floorMs = s.now
  Object.assign(state.moved, { changedMs: s.now, why })
  if (address !== state.self.address) {
    state.moved.former.add(state.self.address)
    state.moved.former.delete(address)
    state.self = { ...state.self, address }
    for (const row of state.links.values()) if (row.stage !== 'dialling') sayHello(s, row)
  }
  for (const row of [...state.links.values()]) {
    // It began from another address, or before the sleep: no answer will find it.
    if (row.stage === 'dialling') drop(s, row, 'silence', 'the network of this machine has changed')
  }
  for (const t of state.targets.values()) {
    t.self = false
    t.failures = 0
    if (!t.barred) t.nextMs = s.now
  }
}

/** Every beat after a change: a link that stays silent for two beats, or two of its own after a sleep, is replaced. */
export function proveLinks(s: Step): void {
  const { state } = s
  const { changedMs, why } = state.moved
  if (changedMs === null) return
  let open = false
  for (const peer of state.peers.values()) {
    const link = peer.link === null ? undefined : state.links.get(peer.link)
    if (!link || link.heardMs > changedMs) continue
    const everyMs = why === 'address' ? null : link.everyMs
    const waitsMs = limits.proofBeats * (everyMs ?? state.config.beatMs)
    if (s.now - changedMs >= waitsMs) redial(s, peer.address)
    else open = true
  }
  if (!open) state.moved.changedMs = null
}
