import type { Fate, MemberId, MemberRecord, RecordMark, ViewPosition } from './types.js'

/** Of two rows that differ in nothing else the later one counts. */
const ranks: Readonly<Record<Fate, number>> = { up: 0, suspect: 1, dead: 2, left: 3 }

/** What places a row among all rows about one member. */
export type Version = Pick<MemberRecord, 'incarnation' | 'seq' | 'fate'>

/** Positive when `a` is newer. SWIM's order, with a number that only the member itself raises in place of its second one. */
export function compareRecords(a: Version, b: Version): number {
  return a.incarnation - b.incarnation || a.seq - b.seq || ranks[a.fate] - ranks[b.fate]
}

export function isWorse(a: Fate, b: Fate): boolean {
  return ranks[a] > ranks[b]
}

export function markOf(row: MemberRecord): RecordMark {
  return [row.memberId, row.incarnation, row.seq, row.fate]
}

export function versionOf([, incarnation, seq, fate]: RecordMark): Version {
  return { incarnation, seq, fate }
}

/** What the view alone says of a member. */
export function plainRecord(memberId: MemberId, incarnation: number): MemberRecord {
  return { memberId, incarnation, seq: 0, fate: 'up', about: null }
}

export function isLater(a: ViewPosition, b: ViewPosition): boolean {
  return a[0] !== b[0] ? a[0] > b[0] : a[1] > b[1]
}
