import type { MemberId } from '@tanist/core'
import type { MemberEnd } from './member-facts.js'
import { memberFields } from './members.js'
import type { Member, MemberField } from './members.js'

/** One step in the life of the cluster; `member` is its row after it, or, for `left` and `removed`, the last one. */
export type MembershipChange =
  /** Where the changes begin; the oldest member first. */
  | { readonly kind: 'snapshot'; readonly members: readonly Member[] }
  | { readonly kind: 'joined'; readonly member: Member }
  /** A member that was known before is admitted anew, as the youngest: a new start, or after it had been removed. */
  | { readonly kind: 'returned'; readonly member: Member }
  /** `what` names the fields; `state` is among them when its end became known and the journal has not removed it yet. */
  | { readonly kind: 'changed'; readonly member: Member; readonly what: readonly (MemberField | 'state')[] }
  /** Its state became `suspect`, or `up` again. */
  | { readonly kind: 'suspected' | 'cleared'; readonly member: Member }
  /** It gave up its seat, by `leave()`. */
  | { readonly kind: 'left'; readonly member: Member; readonly why: string }
  /** By the journal: it stopped, died, was silent for too long, or was evicted. */
  | { readonly kind: 'removed'; readonly member: Member; readonly why: string }

/**
 * What leads from one list of members to a later one: first who went, then who changed or came, by seniority. The
 * changes, applied to the first list one by one, give the second, but for round trips.
 */
export function changesBetween(
  before: readonly Member[],
  after: readonly Member[],
  endOf: (id: MemberId) => MemberEnd | null = () => null,
): Exclude<MembershipChange, { kind: 'snapshot' }>[] {
  const present = new Set(after.map(({ id }) => id))
  const known = new Map(before.map((row) => [row.id, row]))
  const gone = before.filter(({ id }) => !present.has(id)).map((row) => partingOf(row, endOf(row.id)))
  return [...gone, ...after.flatMap((row) => comingOf(known.get(row.id), row, endOf(row.id)))]
}

/** The list after a change. */
export function applyChange(members: readonly Member[], change: MembershipChange): readonly Member[] {
  if (change.kind === 'snapshot') return change.members
  const { member } = change
  const others = members.filter(({ id }) => id !== member.id)
  if (change.kind === 'left' || change.kind === 'removed') return others
  return [...others, member].toSorted((a, b) => a.seniority - b.seniority)
}

type Change = Exclude<MembershipChange, { kind: 'snapshot' }>

function partingOf(member: Member, end: MemberEnd | null): Change {
  if (end?.incarnation !== member.incarnation)
    return { kind: 'removed', member, why: 'the view of this peer does not name it any more' }
  return { kind: end.left ? 'left' : 'removed', member, why: end.why }
}

function comingOf(was: Member | undefined, member: Member, end: MemberEnd | null): Change[] {
  if (!was) return [{ kind: end ? 'returned' : 'joined', member }]
  if (was === member) return []
  if (was.seniority !== member.seniority || was.incarnation !== member.incarnation)
    return [{ kind: 'returned', member }]
  const changes: Change[] = []
  const what: (MemberField | 'state')[] = memberFields.filter((field) => was[field] !== member[field])
  if (was.state !== member.state) {
    if (member.state === 'gone') what.push('state')
    else changes.push({ kind: member.state === 'suspect' ? 'suspected' : 'cleared', member })
  }
  if (what.length > 0) changes.push({ kind: 'changed', member, what })
  return changes
}
