import { sayBad } from './records.js'
import { isDeaf, isUsable, limitMs } from './routes-link.js'
import { badTold } from './routes-told.js'
import { askWhoReaches, chooseRelay, isHeardByOthers, slowLimitMs } from './routes-relay.js'
import { medianTo } from './rtt.js'
import { emit, quietMs, type Membership, type Peer, type Step } from './state.js'
import type { MemberId } from './types.js'

/**
 * Ways to members that live, and links that are bad although both ends live. A link in trouble is gone round as soon
 * as somebody says by a later beat that it still hears the member: from then on traffic goes through that one. It is
 * called bad only after it has failed for longer than the silence limit and a redial, has failed three times within
 * a minute, or takes much longer than the way round it. Traffic comes back to a link that has carried three beats
 * without a gap, and more of them the more often it has failed lately.
 *
 * Nothing here is evidence about a member: who is heard by others is reachable, who is not is for others to judge.
 */
export interface Routes {
  readonly ways: Map<MemberId, Way>
  /** Bad links as others tell of their own. */
  readonly told: Map<MemberId, ReadonlySet<MemberId>>
  /** What this peer has last told of its own. */
  said: readonly MemberId[]
  judgedMs: number
}

/** How one member is reached. */
export interface Way {
  by: 'link' | { readonly via: MemberId } | null
  /** Of the own link. `silent`: nothing comes by it, or it is gone; `bad`: so it is, and the member lives. */
  state: LinkHealth
  sinceMs: number
  readonly bornMs: number
  readonly incarnation: number
  /** When it began to fail, lately, while others heard the member. */
  failedMs: number[]
  /** The present failure is among them. */
  counted: boolean
  /** Dials to its address that had failed in a row when this failure began. */
  failedDials: number
  /** Since when it is in order again; null: it is not. */
  steadyMs: number | null
  /** Who answered whether it hears this member. */
  readonly answers: Map<MemberId, { readonly hears: boolean; readonly atMs: number }>
  askedMs: number
}

export type LinkHealth = 'ok' | 'silent' | 'bad'

/** What the application may be shown of an own link. */
export interface LinkState {
  readonly memberId: MemberId
  readonly state: LinkHealth
  readonly by: 'link' | { readonly via: MemberId } | null
  /** Median; null: not measured. */
  readonly roundTripMs: number | null
}

/** Failures within so long make the link wait longer before it is trusted, and three make it bad. */
const LATELY_MS = 60_000
const BAD_SPELLS = 3
const STEADY_BEATS = 3
const STEADY_MAX_MS = 30_000
const JUDGED_EVERY_MS = 900

export function createRoutes(): Routes {
  return { ways: new Map(), told: new Map(), said: [], judgedMs: Number.NEGATIVE_INFINITY }
}

/** At each beat, when this peer itself was not late: looks at every link that it wants. */
export function judgeRoutes(s: Step): void {
  const { state } = s
  const { ways, told } = state.routes
  // Limits are longer in a large cluster, and a hub has many links.
  if (state.topology.large && s.now - state.routes.judgedMs < JUDGED_EVERY_MS) return
  state.routes.judgedMs = s.now
  const wanted = wantedLinks(state)
  for (const [id, way] of ways) if (!wanted.has(id)) forget(s, id, way)
  for (const id of wanted) judge(s, id)
  for (const from of told.keys()) if (!state.index.byId.has(from)) badTold(s, from, [])
  sayOwn(s)
}

/** This peer was lost, or says that it hears somebody no longer: whoever is reached through it needs another way. */
export function relayChanged(s: Step, relay: MemberId): void {
  for (const [id, way] of s.state.routes.ways) {
    const peer = isVia(way.by) && way.by.via === relay ? s.state.peers.get(id) : undefined
    if (peer) reroute(s, peer, way)
  }
}

/** The own links to members, as `routes` has last judged them. */
export function linkStates(state: Membership): LinkState[] {
  return [...state.routes.ways].map(([memberId, { state: health, by }]) => ({
    memberId,
    state: health,
    by,
    roundTripMs: medianTo(state, memberId),
  }))
}

/** In a full mesh everybody; else those that this peer itself has a reason to be linked to, or is linked to. */
function wantedLinks(state: Membership): ReadonlySet<MemberId> {
  const { index, topology, self } = state
  const wanted = new Set(topology.large ? topology.wanted.keys() : index.byId.keys())
  if (topology.large) {
    for (const { hello, stage } of state.links.values())
      if (hello && stage === 'usable') wanted.add(hello.memberId)
    // Everybody wants a hub: who has been linked to it and is not, is missing.
    if (topology.hubIds.has(self.memberId)) for (const id of state.routes.ways.keys()) wanted.add(id)
  }
  wanted.delete(self.memberId)
  for (const id of wanted) if (!index.byId.has(id)) wanted.delete(id)
  return wanted
}

function judge(s: Step, id: MemberId): void {
  const { routes, index, peers } = s.state
  const peer = peers.get(id)
  const row = index.byId.get(id)
  const known = routes.ways.get(id)
  if (!peer || !row) return
  // Another start of it, or a proven end: what was found about its links is over.
  if (known && (known.incarnation !== peer.incarnation || peer.dead === peer.incarnation))
    forget(s, id, known)
  if (peer.dead === peer.incarnation) return
  const way = routes.ways.get(id) ?? begin(s, peer)
  if (!isUsable(s, peer)) return fail(s, peer, way)
  const belowMs = slowLimitMs(s, id, way.state === 'bad')
  const faster = belowMs === null ? null : chooseRelay(s, id, way, Number.NEGATIVE_INFINITY, belowMs)
  if (faster === null) recover(s, peer, way)
  else goRound(s, id, way, faster)
}

function begin(s: Step, peer: Peer): Way {
  const way: Way = {
    by: null,
    state: peer.link === null ? 'silent' : 'ok',
    sinceMs: s.now,
    bornMs: s.now,
    incarnation: peer.incarnation,
    failedMs: [],
    counted: false,
    failedDials: 0,
    steadyMs: null,
    answers: new Map(),
    askedMs: Number.NEGATIVE_INFINITY,
  }
  s.state.routes.ways.set(peer.memberId, way)
  if (peer.link !== null) goBy(s, peer.memberId, way, 'link')
  return way
}

function forget(s: Step, id: MemberId, way: Way): void {
  s.state.routes.ways.delete(id)
  if (way.state === 'bad') emit(s, { kind: 'bad-link', from: s.state.self.memberId, to: id, bad: false })
  if (way.by !== null) emit(s, { kind: 'route', memberId: id, by: null })
}

function recover(s: Step, peer: Peer, way: Way): void {
  const id = peer.memberId
  way.steadyMs ??= s.now
  if (way.state === 'ok') return goBy(s, id, way, 'link')
  const detour = way.state === 'bad' || isVia(way.by)
  if (detour && s.now - way.steadyMs < steadyMs(s, way)) return reroute(s, peer, way)
  become(s, id, way, 'ok')
  way.answers.clear()
  goBy(s, id, way, 'link')
}

/** After one failure three beats; twice as long after each further one of the last minute. */
function steadyMs(s: Step, way: Way): number {
  const lately = way.failedMs.filter((ms) => s.now - ms < LATELY_MS)
  const again = Math.max(0, lately.length - 1)
  return Math.min(STEADY_MAX_MS, STEADY_BEATS * s.state.config.beatMs * 2 ** again)
}

/** The link is there and carries, but the way by this relay is much shorter. */
function goRound(s: Step, id: MemberId, way: Way, via: MemberId): void {
  way.steadyMs = null
  if (way.state !== 'bad') become(s, id, way, 'bad')
  count(s, way)
  goBy(s, id, way, { via })
}

function fail(s: Step, peer: Peer, way: Way): void {
  const id = peer.memberId
  way.steadyMs = null
  if (quietMs(s, lastGoodMs(peer, way)) <= limitMs(s, peer) && !isDeaf(s, peer)) {
    // Closed a moment ago: most often the next dial brings it back.
    return isVia(way.by) ? reroute(s, peer, way) : goBy(s, id, way, peer.link === null ? null : 'link')
  }
  const failedDials = s.state.targets.get(peer.address)?.failures ?? 0
  if (way.state === 'ok') {
    become(s, id, way, 'silent')
    way.failedDials = failedDials
  }
  way.failedDials = Math.min(way.failedDials, failedDials)
  askWhoReaches(s, id, way)
  if (isHeardByOthers(s, id, way, certainMs(s, peer, way))) {
    count(s, way)
    const lasts = s.now - way.sinceMs > limitMs(s, peer)
    const redialled = peer.broken || failedDials > way.failedDials || (isDeaf(s, peer) && lasts)
    const bad = redialled || way.failedMs.length >= BAD_SPELLS
    if (way.state === 'silent' && bad) become(s, id, way, 'bad')
  }
  reroute(s, peer, way)
}

function count(s: Step, way: Way): void {
  if (way.counted) return
  way.counted = true
  way.failedMs = [...way.failedMs.filter((ms) => s.now - ms < LATELY_MS), s.now]
}

function reroute(s: Step, peer: Peer, way: Way): void {
  const via = chooseRelay(s, peer.memberId, way, provenMs(s, peer, way), Infinity)
  if (via !== null) return goBy(s, peer.memberId, way, { via })
  goBy(s, peer.memberId, way, isUsable(s, peer) ? 'link' : null)
}

/**
 * What others say counts from here on: when the member itself has fallen silent, they have heard it as lately as this
 * peer has. Whoever is heard now, or only does not hear, lives; and once that is settled their last word counts.
 */
function provenMs(s: Step, peer: Peer, way: Way): number {
  if (way.counted || isUsable(s, peer) || isDeaf(s, peer)) return Number.NEGATIVE_INFINITY
  return lastGoodMs(peer, way) + limitMs(s, peer) + s.state.config.beatMs
}

/** In a large cluster those who are asked may take longer to miss it than this peer. */
function certainMs(s: Step, peer: Peer, way: Way): number {
  const { topology, large } = s.state
  const proven = provenMs(s, peer, way)
  if (!topology.large || way.counted) return proven
  return Math.max(proven, lastGoodMs(peer, way) + 4 * large.idleBeatMs)
}

function goBy(s: Step, memberId: MemberId, way: Way, by: Way['by']): void {
  const same = isVia(by) && isVia(way.by) ? by.via === way.by.via : by === way.by
  if (same) return
  way.by = by
  emit(s, { kind: 'route', memberId, by })
}

function become(s: Step, to: MemberId, way: Way, health: LinkHealth): void {
  const was = way.state
  way.state = health
  way.sinceMs = s.now
  if (health === 'ok') way.counted = false
  if ((was === 'bad') === (health === 'bad')) return
  emit(s, { kind: 'bad-link', from: s.state.self.memberId, to, bad: health === 'bad' })
}

/** The record that all members hold of this one names its bad links. */
function sayOwn(s: Step): void {
  const { routes } = s.state
  const bad = [...routes.ways].filter(([, way]) => way.state === 'bad').map(([id]) => id)
  bad.sort()
  if (bad.length === routes.said.length && bad.every((id, at) => id === routes.said[at])) return
  routes.said = bad
  sayBad(s, bad)
}

function lastGoodMs(peer: Peer, way: Way): number {
  return Math.max(peer.heardMs, peer.rowSinceMs, way.bornMs)
}

export function isVia(by: Way['by']): by is { readonly via: MemberId } {
  return by !== null && by !== 'link'
}
