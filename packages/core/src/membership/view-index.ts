import { hash32, mix32, ringAfter, ringBefore, ringOrder } from '../ring/index.js'
import type { MemberId, ViewMember } from './types.js'

/** A view made quick to ask. Members of one process that hold the same list share it. */
export interface ViewIndex {
  readonly members: readonly ViewMember[]
  readonly byId: ReadonlyMap<MemberId, ViewMember>
  readonly ring: readonly MemberId[]
  readonly placeOf: ReadonlyMap<MemberId, number>
  /** The same for the same members, incarnations and addresses, in whatever order they are listed. */
  readonly digest: number
}

const made = new WeakMap<readonly ViewMember[], ViewIndex>()

export function indexOf(members: readonly ViewMember[]): ViewIndex {
  const known = made.get(members)
  if (known) return known
  const byId = new Map(members.map((row) => [row.memberId, row]))
  const ring = ringOrder([...byId.keys()])
  const placeOf = new Map(ring.map((id, at) => [id, at]))
  let digest = 0
  for (const row of byId.values()) {
    const { memberId, incarnation, seniority, address } = row
    digest = (digest + mix32(hash32(`${memberId} ${incarnation} ${seniority} ${address}`))) >>> 0
  }
  const index = { members, byId, ring, placeOf, digest }
  made.set(members, index)
  return index
}

/** Whom this member watches: those that come after it on the ring. */
export function subjectsOf(view: ViewIndex, id: MemberId, count: number): MemberId[] {
  const at = view.placeOf.get(id)
  return at === undefined ? [] : ringAfter(view.ring, at, count)
}

/** By whom this member is watched: those that come before it on the ring. */
export function observersOf(view: ViewIndex, id: MemberId, count: number): MemberId[] {
  const at = view.placeOf.get(id)
  return at === undefined ? [] : ringBefore(view.ring, at, count)
}
