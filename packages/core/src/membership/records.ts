import type { LinkRow, Step } from './state.js'
import type { About, Fate, MemberId, MemberRecord, MembershipMessage } from './types.js'

/** What all members know of each other beyond the view: the rows that say more than the view does. */
export interface Records {
  readonly rows: Map<MemberId, MemberRecord>
  /** Rows that the next `spread` hands on, and by which link they came; null: they are this peer's own news. */
  readonly news: Map<MemberId, number | null>
}

export function createRecords(): Records {
  return { rows: new Map(), news: new Map() }
}

/** This peer observed something about a member's life, or refutes what was said of itself. */
export function noteFate(_s: Step, _memberId: MemberId, _incarnation: number, _fate: Fate): void {}

export function sayAbout(_s: Step, _about: About | null): void {}

/** To which members this peer's own links are bad, from now on. */
export function sayBad(_s: Step, _bad: readonly MemberId[]): void {}

export function newsArrived(
  _s: Step,
  _row: LinkRow,
  _message: Extract<MembershipMessage, { t: 'news' }>,
): void {}

export function bucketsArrived(
  _s: Step,
  _row: LinkRow,
  _message: Extract<MembershipMessage, { t: 'buckets' }>,
): void {}

export function marksArrived(
  _s: Step,
  _row: LinkRow,
  _message: Extract<MembershipMessage, { t: 'marks' }>,
): void {}

/** A beat told what its sender holds: asks for the difference. */
export function compareDigests(
  _s: Step,
  _row: LinkRow,
  _beat: Extract<MembershipMessage, { t: 'beat' }>,
): void {}

export function recordsDigest(_s: Step): number {
  return 0
}

/** The end of each step: news goes to those whom the mode names. */
export function spread(_s: Step): void {}
