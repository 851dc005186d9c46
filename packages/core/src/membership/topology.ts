import { observersOf, subjectsOf } from './view-index.js'
import type { LinkRow, Membership, Step } from './state.js'
import type { Hub, MemberId, MembershipMessage } from './types.js'

/** Who shall be linked in a large cluster, and how often a beat goes on each link. */
export interface Topology {
  /** The greatest term in which somebody named hubs. */
  term: number
  hubs: readonly Hub[]
  /** Whatever the size: voters among themselves. */
  keep: ReadonlySet<MemberId>
  /** On demand, and until when. */
  readonly needed: Map<MemberId, number>
}

export function createTopology(): Topology {
  return { term: 0, hubs: [], keep: new Set(), needed: new Map() }
}

/** More members than a full mesh is good for. Decided by the view alone, so that all who hold it agree. */
export function isLarge(state: Membership): boolean {
  return state.view.length > state.large.meshMax
}

/** Whom this peer watches; everybody, in a full mesh. */
export function watched(state: Membership): MemberId[] {
  return subjectsOf(state.index, state.self.memberId, state.large.neighbours)
}

export function watchers(state: Membership, memberId: MemberId): MemberId[] {
  return observersOf(state.index, memberId, state.large.neighbours)
}

export function hubsNamed(_s: Step, _term: number, _hubs: readonly MemberId[]): void {}

export function keepLinks(s: Step, members: readonly MemberId[]): void {
  s.state.topology.keep = new Set(members)
}

export function needLink(_s: Step, _memberId: MemberId): void {}

export function hubsTold(
  _s: Step,
  _row: LinkRow,
  _message: Extract<MembershipMessage, { t: 'hubs' }>,
): void {}
