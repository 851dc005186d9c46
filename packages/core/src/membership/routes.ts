import { hearsDirectly } from './doubts.js'
import type { LinkRow, Step } from './state.js'
import type { MemberId, MembershipMessage } from './types.js'

/** Ways to members that live and cannot be linked, and links that are bad although both ends live. */
export interface Routes {
  /** Through whom a member is reached now. */
  readonly via: Map<MemberId, MemberId>
}

export function createRoutes(): Routes {
  return { via: new Map() }
}

export function reachAsked(
  s: Step,
  row: LinkRow,
  { memberId }: Extract<MembershipMessage, { t: 'reach' }>,
): void {
  const message = { t: 'reached' as const, memberId, hears: hearsDirectly(s, memberId) }
  s.effects.push({ kind: 'send', link: row.id, message })
}

export function reachTold(
  _s: Step,
  _row: LinkRow,
  _message: Extract<MembershipMessage, { t: 'reached' }>,
): void {}
