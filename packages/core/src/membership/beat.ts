import {
  emit,
  forgetPeer,
  linkOf,
  quietMs,
  silenceLimitMs,
  silenceLimitOf,
  type LinkRow,
  type Peer,
  type Step,
  usableLinks,
} from './state.js'
import { proposeRemoval } from './evidence.js'
import { doubted } from './doubted.js'
import { drop, settle } from './linking.js'
import { decideHeld, proveLinks, waitsHere } from './moved.js'
import { wasLate } from './health.js'
import { judgeWatched } from './suspicion.js'
import { noteSuspect } from './tally.js'
import { redial } from './targets.js'
import { judgeRoutes, relayChanged } from './routes.js'
import { echoOf, mediansTo, nextBeat, tellLatencies } from './rtt.js'
import { recordsDigest } from './records.js'
import { limits } from './limits.js'
import { beatEveryMs, tidyTopology, wantsLink } from './topology.js'
import type { MemberId, MembershipMessage } from './types.js'

/**
 * Every beat: tell each linked peer whom we hear, then judge silence. A beat that comes late is our own fault:
 * by more than half a beat nobody is judged this time (what they sent may still be queued), by more than two
 * all silence is counted anew. In a large cluster a link's beat goes out only when it is due there.
 */
export function beat(s: Step): void {
  const { state } = s
  const { beatMs } = state.config
  const { large } = state.topology
  const lateMs = s.now - state.beatDueMs
  state.beatDueMs = s.now + beatMs
  s.effects.push({ kind: 'timer', key: 'beat', afterMs: beatMs })
  if (lateMs > 2 * beatMs) {
    state.floorMs = s.now
    wasLate(s, lateMs)
  }
  if (large) tidyTopology(s)
  const hears = large ? heardOfKept(s) : heardPeers(s)
  sendBeats(s, hears)
  tellLatencies(s)
  proveLinks(s)
  decideHeld(s)
  const skip = lateMs > 2 * beatMs || (lateMs > beatMs / 2 && !state.judgementSkipped)
  state.judgementSkipped = skip
  if (skip) return
  for (const peer of state.peers.values()) judgeLink(s, peer)
  judgeWatched(s)
  judgeRoutes(s)
  if (large) return forgetStrangers(s)
  for (const peer of state.peers.values()) judgeLife(s, peer, hears)
}

type Beat = Extract<MembershipMessage, { t: 'beat' }>

function sendBeats(s: Step, hears: readonly MemberId[]): void {
  const { state } = s
  const { large } = state.topology
  const seq = nextBeat(s)
  const rtts = mediansTo(state, hears)
  const digest = [state.index.digest, recordsDigest(s)] as const
  for (const l of state.links.values()) {
    if (l.stage !== 'usable') continue
    // The hot path of a hub: most of its links are not due.
    if (large && l.nextBeatMs > s.now + state.config.beatMs / 2) continue
    const rhythm = large ? rhythmOf(s, l) : inMesh
    if (rhythm === null) continue
    // Whoever heard the last beat of a mesh waits for the next one as in a mesh, though the cluster grows meanwhile.
    if (!large) l.nextBeatMs = s.now + state.config.beatMs
    const echo = echoOf(s, l)
    const message: Beat = { t: 'beat', hears, seq, rtts, digest, at: state.viewAt, ...rhythm }
    s.effects.push({ kind: 'send', link: l.id, message: echo ? { ...message, echo } : message })
  }
}

const inMesh: Pick<Beat, 'everyMs' | 'wants'> = {}

/**
 * What a beat that is due on a link of a large cluster says of the next one. Links that were opened together take
 * turns, so that a hub does not speak to all of them at once. Null: nobody wants the link, and it is closed.
 */
function rhythmOf(s: Step, l: LinkRow): Pick<Beat, 'everyMs' | 'wants'> | null {
  const { state } = s
  const { beatMs } = state.config
  const wants = wantsLink(state, l)
  if (wants || l.wanted) l.spareMs = null
  else {
    l.spareMs ??= s.now
    if (s.now - l.spareMs >= state.large.lingerMs) {
      closeSpare(s, l)
      return null
    }
  }
  const everyMs = beatEveryMs(state, l)
  const first = !l.inTurn
  l.inTurn = true
  const turns = Math.max(1, Math.floor(everyMs / beatMs))
  l.nextBeatMs = s.now + (first ? beatMs * (1 + ((l.id >> 1) % turns)) : everyMs)
  return wants ? { everyMs } : { everyMs, wants }
}

function closeSpare(s: Step, l: LinkRow): void {
  const peer = l.hello && s.state.peers.get(l.hello.memberId)
  drop(s, l, 'spare', 'neither side needs this link now')
  if (peer) settle(s, peer)
}

/** The longest promise that is believed. */
const EVERY_MAX_MS = 10_000

/** What a beat says of those that follow it on its link. */
export function promised(row: LinkRow, arrived: Beat): void {
  const { everyMs } = arrived
  row.everyMs = typeof everyMs === 'number' && everyMs > 0 ? Math.min(everyMs, EVERY_MAX_MS) : null
  row.wanted = arrived.wants !== false
}

function heardPeers(s: Step): MemberId[] {
  return [...s.state.peers.values()].filter((p) => isHeard(s, p)).map((p) => p.memberId)
}

/** Of a large cluster only those are told that may serve, for the ranking by round trips. */
function heardOfKept(s: Step): MemberId[] {
  const { keep } = s.state.topology
  return [...keep].slice(0, limits.toldInLarge).filter((id) => {
    const peer = s.state.peers.get(id)
    return peer !== undefined && isHeard(s, peer)
  })
}

/** Nothing is kept of a member of a large cluster that is neither linked nor wanted nor doubted. */
function forgetStrangers(s: Step): void {
  const { peers, topology, suspicion } = s.state
  for (const peer of peers.values()) {
    if (peer.link !== null || topology.wanted.has(peer.memberId)) continue
    const isFresh = s.now - Math.max(peer.heardMs, peer.rowSinceMs) < limits.forgetMs
    if (!isFresh && !suspicion.doubts.has(peer.memberId)) forgetPeer(s.state, peer)
  }
}

export function beatArrived(s: Step, peer: Peer, hears: readonly MemberId[]): void {
  peer.hears = hears
  peer.hearsMs = s.now
  relayChanged(s, peer.memberId)
}

function isHeard(s: Step, peer: Peer): boolean {
  return (
    peer.link !== null &&
    !peer.silent &&
    quietMs(s, peer.heardMs) <= silenceLimitOf(s.state, linkOf(s.state, peer))
  )
}

function judgeLink(s: Step, peer: Peer): void {
  if (peer.link === null) return
  settle(s, peer)
  const quiet = quietMs(s, peer.heardMs)
  const limitMs = silenceLimitOf(s.state, linkOf(s.state, peer))
  if (quiet > limitMs && !peer.silent) {
    peer.silent = true
    const text = `nothing was heard from it for ${Math.round(quiet)} ms`
    emit(s, { kind: 'evidence', class: 'C', memberId: peer.memberId, incarnation: peer.incarnation, text })
    doubted(s, peer)
    redial(s, peer.address)
  }
  if (quiet <= closeAfterMs(s, limitMs)) return
  for (const l of usableLinks(s.state, peer.memberId)) drop(s, l, 'silence', 'nothing was heard on this link')
  settle(s, peer)
}

/** How long a link may be silent before it is closed: as much longer than its limit as in a full mesh. */
function closeAfterMs(s: Step, limitMs: number): number {
  return s.state.config.removeMs + limitMs - silenceLimitMs(s.state)
}

/** Removal by silence needs that nobody we hear hears it. A single bad link is never a reason. */
function judgeLife(s: Step, peer: Peer, hears: readonly MemberId[]): void {
  const { state } = s
  if (peer.row === null || peer.gone || waitsHere(s, peer.memberId, peer.row.incarnation)) return
  const quiet = quietMs(s, Math.max(peer.heardMs, peer.rowSinceMs))
  const limitMs = silenceLimitOf(state, linkOf(state, peer))
  if (quiet <= limitMs) return
  const others = state.view.filter((r) => r.memberId !== state.self.memberId)
  // Who hears nobody at all has lost its own network.
  if (others.length >= 2 && !others.some((r) => hears.includes(r.memberId))) return
  for (const witness of state.peers.values()) {
    if (witness !== peer && isHeard(s, witness) && mayHear(s, witness, peer)) return
  }
  noteSuspect(s, peer.memberId, peer.row.incarnation)
  if (quiet <= closeAfterMs(s, limitMs)) return
  const text = `nobody reachable has heard it for ${Math.round(quiet)} ms`
  proposeRemoval(s, peer, text)
}

function mayHear(s: Step, witness: Peer, peer: Peer): boolean {
  // A large cluster by its view: whom it hears it does not tell.
  if ((linkOf(s.state, witness)?.everyMs ?? null) !== null) return true
  const freshMs = 2 * s.state.config.beatMs + silenceLimitMs(s.state)
  if (s.now - witness.hearsMs <= freshMs) return witness.hears.includes(peer.memberId)
  // Linked a moment ago: its first beat will tell.
  const link = linkOf(s.state, witness)
  return link !== undefined && s.now - link.sinceMs <= freshMs
}
