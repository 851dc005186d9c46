import { hearsDirectly } from './doubts.js'
import { isUsable, limitMs } from './routes-link.js'
import { isVia, type Way } from './routes.js'
import { medianTo, toldTo } from './rtt.js'
import { silenceLimitMs, type LinkRow, type Peer, type Step } from './state.js'
import { observersOf, subjectsOf } from './view-index.js'
import type { MemberId, MembershipMessage } from './types.js'

/** Who is asked at once for a way, in a large cluster. */
const ASKED_AT_ONCE = 3
/** A link is slow beyond so many beats of round trip, if another way takes less than half of that. */
const SLOW_BEATS = 2

/** Somebody whom this peer hears has said later than `sinceMs` that it hears this member. */
export function isHeardByOthers(s: Step, id: MemberId, way: Way, sinceMs: number): boolean {
  return fellows(s, id).some((fellow) => hearsIt(s, fellow, id, way, sinceMs))
}

/**
 * Through whom this member is reached: the one that is used already while it hears both, else the first hub, else the
 * oldest. Null: nobody is known.
 */
export function chooseRelay(
  s: Step,
  id: MemberId,
  way: Way,
  sinceMs: number,
  belowMs: number,
): MemberId | null {
  const fit = fellows(s, id).filter(
    (fellow) =>
      hearsIt(s, fellow, id, way, sinceMs) && isSound(s, fellow, id) && lastsMs(s, fellow, id) < belowMs,
  )
  const used = isVia(way.by) ? way.by.via : null
  if (fit.some(({ memberId }) => memberId === used)) return used
  const { hubs } = s.state.topology
  const hub = hubs.find(({ memberId }) => fit.some((fellow) => fellow.memberId === memberId))
  if (hub && s.state.topology.large) return hub.memberId
  return bySeniority(fit)[0]?.memberId ?? null
}

/** Below what a way round this link is worth it; null: the link itself is fast enough. */
export function slowLimitMs(s: Step, id: MemberId, was: boolean): number | null {
  const ownMs = medianTo(s.state, id)
  const slowMs = SLOW_BEATS * s.state.config.beatMs
  return ownMs === null || ownMs <= (was ? slowMs / 2 : slowMs) ? null : ownMs / 2
}

/** In a large cluster beats name few: hubs, neighbours of that member and the oldest are asked whether they hear it. */
export function askWhoReaches(s: Step, id: MemberId, way: Way): void {
  const { state } = s
  if (!state.topology.large || s.now - way.askedMs < silenceLimitMs(state)) return
  way.askedMs = s.now
  const { neighbours } = state.large
  const near = new Set([
    ...observersOf(state.index, id, neighbours),
    ...subjectsOf(state.index, id, neighbours),
  ])
  const hubs = new Set(state.topology.hubs.map(({ memberId }) => memberId))
  const rank = ({ memberId }: Peer): number => (hubs.has(memberId) ? 0 : near.has(memberId) ? 1 : 2)
  const asked = bySeniority(fellows(s, id)).toSorted((a, b) => rank(a) - rank(b))
  for (const { link } of asked.slice(0, ASKED_AT_ONCE)) {
    if (link !== null) s.effects.push({ kind: 'send', link, message: { t: 'reach', memberId: id } })
  }
}

export function reachAsked(
  s: Step,
  row: LinkRow,
  { memberId }: Extract<MembershipMessage, { t: 'reach' }>,
): void {
  if (row.stage !== 'usable') return
  const message = { t: 'reached' as const, memberId, heard: hearsDirectly(s, memberId) }
  s.effects.push({ kind: 'send', link: row.id, message })
}

export function reachTold(
  s: Step,
  row: LinkRow,
  { memberId, heard }: Extract<MembershipMessage, { t: 'reached' }>,
): void {
  const by = row.stage === 'usable' ? row.hello?.memberId : undefined
  if (by !== undefined) s.state.routes.ways.get(memberId)?.answers.set(by, { hears: heard, atMs: s.now })
}

/** Other members to which the own link is in order. */
function fellows(s: Step, but: MemberId): Peer[] {
  const { links, peers, index, routes, self } = s.state
  const found: Peer[] = []
  for (const { stage, hello, id } of links.values()) {
    if (stage !== 'usable' || !hello || hello.memberId === but || !index.byId.has(hello.memberId)) continue
    const peer = peers.get(hello.memberId)
    const state = routes.ways.get(hello.memberId)?.state ?? 'ok'
    // On another branch of the journal: it would not carry what is said on this one.
    const foreign = self.branch != null && hello.branch != null && hello.branch !== self.branch
    if (peer?.link === id && state === 'ok' && !foreign && isUsable(s, peer)) found.push(peer)
  }
  return found
}

function hearsIt(s: Step, fellow: Peer, id: MemberId, way: Way, sinceMs: number): boolean {
  const answer = way.answers.get(fellow.memberId)
  const limit = limitMs(s, fellow)
  if (answer && answer.atMs > sinceMs && s.now - answer.atMs <= 3 * limit) return answer.hears
  const freshMs = 2 * s.state.config.beatMs + limit
  const fresh = fellow.hearsMs > sinceMs && s.now - fellow.hearsMs <= freshMs
  return fresh && fellow.hears.includes(id)
}

/** Neither of the two says that the link between them is bad. */
function isSound(s: Step, { memberId }: Peer, id: MemberId): boolean {
  const { told } = s.state.routes
  return told.get(memberId)?.has(id) !== true && told.get(id)?.has(memberId) !== true
}

/** There and back by this way; 0 where it was not measured. */
function lastsMs(s: Step, fellow: Peer, id: MemberId): number {
  return (medianTo(s.state, fellow.memberId) ?? 0) + (toldTo(fellow.rtt, id) ?? 0)
}

function bySeniority(peers: readonly Peer[]): Peer[] {
  return peers.toSorted((a, b) => (a.row?.seniority ?? Infinity) - (b.row?.seniority ?? Infinity))
}
