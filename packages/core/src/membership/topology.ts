import type { Address } from '../host/index.js'
import { limits } from './limits.js'
import { ensurePeer, linkOf, type LinkRow, type Membership, type Step } from './state.js'
import { aimAt, forgetIdleTargets, releaseTarget } from './targets.js'
import type { Hub, MemberId } from './types.js'
import { observersOf, subjectsOf } from './view-index.js'

/** Who shall be linked in a large cluster, and how often a beat goes on each link. */
export interface Topology {
  /** By the last view: more members than a full mesh is good for. */
  large: boolean
  /** The greatest term in which somebody named hubs. */
  term: number
  hubs: readonly Hub[]
  /** Whatever the size: voters among themselves. */
  keep: ReadonlySet<MemberId>
  /** On demand, and until when; the one that was asked for last comes last. */
  readonly needed: Map<MemberId, number>
  /** In a large cluster: whom this peer wants linked, and where it dials them. */
  readonly wanted: Map<MemberId, Address>
  /** In a large cluster: those who watch this peer. */
  watchedBy: ReadonlySet<MemberId>
  hubIds: ReadonlySet<MemberId>
  /** When somebody was last looked for because none of those wanted could be linked. */
  lonelyMs: number
}

const nobody: ReadonlySet<MemberId> = new Set()

export function createTopology(): Topology {
  return {
    large: false,
    term: 0,
    hubs: [],
    keep: nobody,
    needed: new Map(),
    wanted: new Map(),
    watchedBy: nobody,
    hubIds: nobody,
    lonelyMs: Number.NEGATIVE_INFINITY,
  }
}

/** More members than a full mesh is good for. Decided by the view alone, so that all who hold it agree. */
export function isLarge(state: Membership): boolean {
  return state.view.length > state.large.meshMax
}

/** Whom this peer watches in a large cluster. */
export function watched(state: Membership): MemberId[] {
  return subjectsOf(state.index, state.self.memberId, state.large.neighbours)
}

export function watchers(state: Membership, memberId: MemberId): MemberId[] {
  return observersOf(state.index, memberId, state.large.neighbours)
}

/** This start of this peer is in the view. */
export function isMember(state: Membership): boolean {
  return state.index.byId.get(state.self.memberId)?.incarnation === state.self.incarnation
}

export function isHub({ topology, self }: Membership): boolean {
  return topology.hubs.some((hub) => hub.memberId === self.memberId)
}

/** Of a link: this peer has a use for it. In a full mesh, and before it is admitted, for every one. */
export function wantsLink(state: Membership, row: LinkRow): boolean {
  const { large, wanted } = state.topology
  return !large || (row.hello !== null && wanted.has(row.hello.memberId)) || !isMember(state)
}

/** After how long the next beat is due on this link of a large cluster. */
export function beatEveryMs(state: Membership, row: LinkRow): number {
  const { watchedBy, hubIds } = state.topology
  const id = row.hello?.memberId ?? ''
  if (watchedBy.has(id)) return state.large.beatMs
  return hubIds.has(id) || hubIds.has(state.self.memberId) ? state.large.hubBeatMs : state.large.idleBeatMs
}

/**
 * The view, the hubs or the wishes of those above have changed: whom this peer wants linked. A watcher dials those
 * it watches and everybody dials the hubs, so that a link is rarely dialled from both sides; the other side does it
 * too, after a pause.
 */
export function refreshTopology(s: Step): void {
  const { topology, large } = s.state
  topology.large = isLarge(s.state)
  if (!topology.large) {
    topology.wanted.clear()
    topology.watchedBy = nobody
    return
  }
  const self = s.state.self.memberId
  const subjects = watched(s.state)
  const observers = observersOf(s.state.index, self, large.neighbours)
  topology.watchedBy = new Set(observers)
  const pauses = new Map<MemberId, number>()
  const want = (id: MemberId, pauseMs: number): void => {
    if (id !== self && pauseMs < (pauses.get(id) ?? Number.POSITIVE_INFINITY)) pauses.set(id, pauseMs)
  }
  const byOrder = (id: MemberId): number => (self < id ? 0 : limits.dialPauseMs)
  for (const id of subjects) want(id, 0)
  for (const id of observers) want(id, limits.dialPauseMs)
  for (const { memberId } of topology.hubs) want(memberId, topology.hubIds.has(self) ? byOrder(memberId) : 0)
  for (const id of topology.keep) want(id, byOrder(id))
  for (const id of topology.needed.keys()) want(id, 0)
  for (const [id, address] of topology.wanted) {
    if (pauses.has(id)) continue
    topology.wanted.delete(id)
    releaseTarget(s.state, address)
  }
  for (const [id, pauseMs] of pauses) wantLink(s, id, pauseMs)
  for (const row of s.state.links.values())
    row.nextBeatMs = Math.min(row.nextBeatMs, s.now + beatEveryMs(s.state, row))
}

/** One more that is wanted, or known under another address. */
function wantLink(s: Step, id: MemberId, pauseMs: number): void {
  const { topology } = s.state
  const address = addressOf(s.state, id)
  const before = topology.wanted.get(id)
  if (address === undefined || before === address) return
  if (before !== undefined) releaseTarget(s.state, before)
  topology.wanted.set(id, address)
  const peer = ensurePeer(s, id, -1, address)
  if (before === undefined) peer.rowSinceMs = s.now
  aimAt(s, address, id, linkOf(s.state, peer) ? 0 : pauseMs)
}

/** Wanted members may have been met under another address. */
export function aimAgain(s: Step): void {
  for (const id of [...s.state.topology.wanted.keys()]) wantLink(s, id, 0)
  forgetIdleTargets(s.state)
}

export function addressOf(state: Membership, id: MemberId): Address | undefined {
  const peer = state.peers.get(id)
  return (
    (peer?.link === null ? undefined : peer?.address) ??
    state.index.byId.get(id)?.address ??
    peer?.address ??
    state.topology.hubs.find((hub) => hub.memberId === id)?.address
  )
}

export function keepLinks(s: Step, members: readonly MemberId[]): void {
  const { topology } = s.state
  if (members.length === topology.keep.size && members.every((id) => topology.keep.has(id))) return
  topology.keep = new Set(members)
  refreshTopology(s)
}

/** Whether `need` for this member would change anything: it has no link, or one that was asked for a while ago. */
export function wantsNeed(state: Membership, memberId: MemberId, nowMs: number): boolean {
  const { large, wanted, needed, hubIds } = state.topology
  if (!large || !state.index.byId.has(memberId)) return false
  if (hubIds.has(state.self.memberId) && (state.peers.get(memberId)?.link ?? null) !== null) return false
  const untilMs = needed.get(memberId)
  return untilMs === undefined ? !wanted.has(memberId) : untilMs - nowMs < limits.neededMs / 2
}

/** In a full mesh every member is linked, or dialled, anyway. */
export function needLink(s: Step, memberId: MemberId): void {
  const { topology } = s.state
  if (!topology.large || memberId === s.state.self.memberId || !s.state.index.byId.has(memberId)) return
  const { needed } = topology
  needed.delete(memberId)
  needed.set(memberId, s.now + limits.neededMs)
  const [oldest] = needed.keys()
  if (needed.size > limits.needed && oldest !== undefined) {
    needed.delete(oldest)
    refreshTopology(s)
  }
  if (!topology.wanted.has(memberId)) wantLink(s, memberId, 0)
}

/** The beat of a large cluster: what was wanted for a while only is over, what nobody asks for is forgotten. */
export function tidyTopology(s: Step): void {
  const { state } = s
  const { needed } = state.topology
  let over = false
  for (const [id, untilMs] of needed) {
    if (untilMs > s.now) break
    needed.delete(id)
    over = true
  }
  if (over) refreshTopology(s)
  lookAround(s)
  forgetIdleTargets(state)
}

/** None of those wanted is linked: the cluster may have changed beyond recognition. Any member knows the hubs. */
function lookAround(s: Step): void {
  const { topology, view, peers } = s.state
  if (s.now - topology.lonelyMs < limits.retryMaxMs) return
  for (const id of topology.wanted.keys()) if (peers.get(id)?.link !== null) return
  topology.lonelyMs = s.now
  const any = view[Math.floor(s.random.next() * view.length)]
  if (any) needLink(s, any.memberId)
}
