import type { LinkEnd } from '../host/index.js'
import { closedByPeer, dialRefused, dialReset, noAnswer } from './evidence.js'
import { limits } from './limits.js'
import { notDoubted } from './doubted.js'
import { relayChanged } from './routes.js'
import { heardAgain } from './suspicion.js'
import { emit, forgetLink, quietMs, silenceLimitOf, type LinkRow, type Peer, type Step } from './state.js'
import { bar, dialAgain, dialFailed, dialOver } from './targets.js'

/** Close codes by which one side tells the other that it must not be linked. */
const refusals = new Set(['cluster', 'mode', 'settings', 'version', 'identity', 'stale', 'limit'])
/** Close codes that only a living peer sends, so that they are no sign of an end. */
const signsOfLife = new Set([...refusals, 'duplicate', 'self', 'hello', 'silence', 'protocol', 'spare'])

/** Closes a link from this side. What its shell still reports about it is ignored. */
export function drop(s: Step, row: LinkRow, code: string, reason: string): void {
  forgetLink(s.state, row)
  dialOver(s.state, row)
  s.effects.push({ kind: 'close', link: row.id, code, reason })
}

export function refuse(s: Step, row: LinkRow, code: string, text: string): void {
  const address = row.hello?.address ?? row.remote
  drop(s, row, code, text)
  refused(s, row, code, text, row.hello?.memberId === s.state.self.memberId)
  if (address !== row.remote) bar(s, address)
}

/** Something arrived on this link. */
export function hear(s: Step, row: LinkRow): void {
  row.heardMs = s.now
  const peer = row.hello && row.stage === 'usable' ? s.state.peers.get(row.hello.memberId) : undefined
  if (!peer) return
  peer.heardMs = s.now
  peer.silent = false
  peer.broken = false
  if (peer.doubted) notDoubted(s, peer)
  const { doubts, gone, noted, cutOff } = s.state.suspicion
  if (row.hello && (doubts.size > 0 || gone.size > 0 || noted.size > 0 || cutOff))
    heardAgain(s, peer.memberId, row.hello.incarnation)
  if (peer.row?.incarnation !== peer.dead) peer.gone = false
}

export function linkClosed(s: Step, row: LinkRow, end: LinkEnd): void {
  forgetLink(s.state, row)
  if (row.stage === 'usable') return usableClosed(s, row, end)
  const t = dialOver(s.state, row)
  if (!t) return
  noteAnswer(s, end)
  switch (end.kind) {
    case 'refused':
      dialFailed(s, t)
      return dialRefused(s, t.address, row.bornMs)
    case 'reset':
      return dialReset(s, t)
    case 'remote':
      if (refusals.has(end.code)) return refused(s, row, end.code, end.reason, true)
      return signsOfLife.has(end.code) ? dialFailed(s, t) : dialReset(s, t)
    case 'rejected':
      if (end.code !== 'limit') return refused(s, row, end.code, end.text, true)
      // Its host was too busy, or this one: soon it may not be.
      if (t.failures === 0) emitRefused(s, row, end.code, end.text, true)
      return dialFailed(s, t)
    case 'timeout':
    case 'unreachable':
      noAnswer(s, t.address, end.kind)
      return dialFailed(s, t)
    case 'broken':
    case 'local':
      return dialFailed(s, t)
  }
}

/** Whether the network of this host works: any answer shows it. */
function noteAnswer(s: Step, end: LinkEnd): void {
  const { suspicion } = s.state
  if (end.kind === 'unreachable') suspicion.unreachableMs = s.now
  else if (end.kind !== 'timeout' && end.kind !== 'local' && end.kind !== 'broken')
    suspicion.answeredMs = s.now
}

function usableClosed(s: Step, row: LinkRow, end: LinkEnd): void {
  const peer = row.hello && s.state.peers.get(row.hello.memberId)
  if (!peer) return
  settle(s, peer)
  if (end.kind === 'remote' && refusals.has(end.code)) return refused(s, row, end.code, end.reason, true)
  if (peer.link !== null) return
  // After 'duplicate' the other link is on its way: its hello may come a moment later.
  const kept = end.kind === 'remote' && end.code === 'duplicate'
  dialAgain(s, peer.address, s.now - row.sinceMs, kept ? limits.retryFirstMs : 0)
  if (end.kind === 'remote' && !signsOfLife.has(end.code)) closedByPeer(s, peer)
}

function refused(s: Step, row: LinkRow, code: string, text: string, self: boolean): void {
  emitRefused(s, row, code, text, self)
  bar(s, row.hello?.address ?? row.remote)
  if (row.out) bar(s, row.remote)
}

function emitRefused(s: Step, row: LinkRow, code: string, text: string, self: boolean): void {
  const address = row.hello?.address ?? row.remote
  emit(s, { kind: 'refused', address, code, text, hello: row.hello, self })
}

/**
 * Decides which of the usable links to a peer counts, and tells when that changes. Only the lower `memberId`
 * of the two closes the others, so that the sides can never close each other's choice: of two directions the
 * link that it dialled, of the same direction the newer one. A link that is silent while another is heard is
 * closed by either side: the other side may have lost it without a word.
 */
export function settle(s: Step, peer: Peer): void {
  if (peer.usable.length === 1 && peer.usable[0]?.id === peer.link) return
  if (peer.usable.length > 1) {
    const links = [...peer.usable]
    const heard = links.filter(
      (l) => quietMs(s, Math.max(l.heardMs, l.sinceMs)) <= silenceLimitOf(s.state, l),
    )
    const best = choose(s, peer, heard.length > 0 ? heard : links)
    for (const l of links) {
      const silent = heard.length > 0 && !heard.includes(l)
      if (silent || best.losers.includes(l)) drop(s, l, 'duplicate', 'another link to this peer is in use')
    }
    return use(s, peer, best.link)
  }
  const [link] = peer.usable
  if (link) return use(s, peer, link)
  if (peer.link === null) return
  peer.link = null
  peer.silent = false
  relayChanged(s, peer.memberId)
  emit(s, { kind: 'down', memberId: peer.memberId, incarnation: peer.incarnation })
}

function use(s: Step, peer: Peer, link: LinkRow): void {
  if (peer.link === link.id || link.hello === null) return
  peer.link = link.id
  emit(s, { kind: 'up', link: link.id, hello: link.hello })
}

function choose(s: Step, peer: Peer, links: LinkRow[]): { link: LinkRow; losers: LinkRow[] } {
  const lowerIsSelf = s.state.self.memberId < peer.memberId
  const newest = (out: boolean): LinkRow | undefined =>
    links
      .filter((l) => l.out === out)
      .reduce<LinkRow | undefined>(
        (a, l) => (a && (a.sinceMs - l.sinceMs || a.id - l.id) > 0 ? a : l),
        undefined,
      )
  const preferred = newest(lowerIsSelf)
  const other = newest(!lowerIsSelf)
  const link = preferred && other ? duel(s, preferred, other) : (preferred ?? other)
  const first = link ?? links.find((l) => l.id === peer.link) ?? links.at(-1)!
  if (!lowerIsSelf) return { link: first, losers: [] }
  // Undecided: keep the newest of each direction.
  const keep = link ? [link] : [preferred, other]
  return { link: first, losers: links.filter((l) => !keep.includes(l)) }
}

/**
 * The preferred direction wins, unless its link is older than the other and not heard since: then the other
 * side may have dialled because it lost that link. Undefined while this is open; three beats decide it.
 */
function duel(s: Step, preferred: LinkRow, other: LinkRow): LinkRow | undefined {
  const { beatMs } = s.state.config
  if (preferred.heardMs >= other.sinceMs || other.sinceMs - preferred.sinceMs <= beatMs) return preferred
  return s.now - other.sinceMs > 3 * beatMs ? other : undefined
}
