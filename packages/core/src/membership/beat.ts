import { emit, quietMs, silenceLimitMs, type Peer, type Step, usableLinks } from './state.js'
import { proposeRemoval } from './evidence.js'
import { drop, settle } from './linking.js'
import { redial } from './targets.js'
import { judgeRoutes, relayChanged } from './routes.js'
import { echoOf, mediansTo, nextBeat, tellLatencies } from './rtt.js'
import type { MemberId } from './types.js'

/**
 * Every beat: tell each linked peer whom we hear, then judge silence. A beat that comes late is our own fault:
 * by more than half a beat nobody is judged this time (what they sent may still be queued), by more than two
 * all silence is counted anew.
 */
export function beat(s: Step): void {
  const { state } = s
  const { beatMs } = state.config
  const lateMs = s.now - state.beatDueMs
  state.beatDueMs = s.now + beatMs
  s.effects.push({ kind: 'timer', key: 'beat', afterMs: beatMs })
  if (lateMs > 2 * beatMs) state.floorMs = s.now
  const hears = [...state.peers.values()].filter((p) => isHeard(s, p)).map((p) => p.memberId)
  const seq = nextBeat(s)
  const rtts = mediansTo(state, hears)
  for (const l of state.links.values()) {
    if (l.stage !== 'usable') continue
    const echo = echoOf(s, l)
    const message = { t: 'beat' as const, hears, seq, ...(echo && { echo }), rtts }
    s.effects.push({ kind: 'send', link: l.id, message })
  }
  tellLatencies(s)
  const skip = lateMs > 2 * beatMs || (lateMs > beatMs / 2 && !state.judgementSkipped)
  state.judgementSkipped = skip
  if (skip) return
  for (const peer of state.peers.values()) judgeLink(s, peer)
  for (const peer of state.peers.values()) judgeLife(s, peer, hears)
  judgeRoutes(s)
}

export function beatArrived(s: Step, peer: Peer, hears: readonly MemberId[]): void {
  peer.hears = hears
  peer.hearsMs = s.now
  relayChanged(s, peer.memberId)
}

function isHeard(s: Step, peer: Peer): boolean {
  return peer.link !== null && !peer.silent && quietMs(s, peer.heardMs) <= silenceLimitMs(s.state)
}

function judgeLink(s: Step, peer: Peer): void {
  if (peer.link === null) return
  settle(s, peer)
  const quiet = quietMs(s, peer.heardMs)
  if (quiet > silenceLimitMs(s.state) && !peer.silent) {
    peer.silent = true
    const text = `nothing was heard from it for ${Math.round(quiet)} ms`
    emit(s, { kind: 'evidence', class: 'C', memberId: peer.memberId, incarnation: peer.incarnation, text })
    redial(s, peer.address)
  }
  if (quiet <= s.state.config.removeMs) return
  for (const l of usableLinks(s.state, peer.memberId)) drop(s, l, 'silence', 'nothing was heard on this link')
  settle(s, peer)
}

/** Removal by silence needs that nobody we hear hears it. A single bad link is never a reason. */
function judgeLife(s: Step, peer: Peer, hears: readonly MemberId[]): void {
  const { state } = s
  if (peer.row === null || peer.gone) return
  const quiet = quietMs(s, Math.max(peer.heardMs, peer.rowSinceMs))
  if (quiet <= state.config.removeMs) return
  const others = state.view.filter((r) => r.memberId !== state.self.memberId)
  // Who hears nobody at all has lost its own network.
  if (others.length >= 2 && !others.some((r) => hears.includes(r.memberId))) return
  for (const witness of state.peers.values()) {
    if (witness !== peer && isHeard(s, witness) && mayHear(s, witness, peer)) return
  }
  const text = `nobody reachable has heard it for ${Math.round(quiet)} ms`
  proposeRemoval(s, peer, text)
}

function mayHear(s: Step, witness: Peer, peer: Peer): boolean {
  const freshMs = 2 * s.state.config.beatMs + silenceLimitMs(s.state)
  if (s.now - witness.hearsMs <= freshMs) return witness.hears.includes(peer.memberId)
  // Linked a moment ago: its first beat will tell.
  const link = witness.link === null ? undefined : s.state.links.get(witness.link)
  return link !== undefined && s.now - link.sinceMs <= freshMs
}
