import type { LinkRow, Step } from './state.js'
import type { MemberId, MembershipMessage } from './types.js'

/** One member that is being doubted in a large cluster. */
export interface Doubt {
  readonly memberId: MemberId
  readonly incarnation: number
  readonly sinceMs: number
  /** Who said so, and when last. This peer is among them when it observed it itself. */
  readonly by: Map<MemberId, number>
}

export interface Suspicion {
  readonly doubts: Map<MemberId, Doubt>
}

export function createSuspicion(): Suspicion {
  return { doubts: new Map() }
}

export function accusationsArrived(
  _s: Step,
  _row: LinkRow,
  _message: Extract<MembershipMessage, { t: 'accuse' }>,
): void {}

/** The beat of a large cluster: looks at those whom this peer watches, and at the doubts of others. */
export function judgeWatched(_s: Step): void {}

/** Something came directly from this incarnation: whatever was said of it is over here. */
export function heardAgain(_s: Step, _memberId: MemberId, _incarnation: number): void {}
