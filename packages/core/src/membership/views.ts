import type { Gap } from './records-repair.js'
import { recordsViewed } from './records.js'
import { isLater } from './records-order.js'
import { emit, type LinkRow, type Step } from './state.js'
import type { MembershipMessage, ViewMember, ViewPosition } from './types.js'
import { isHub } from './topology.js'
import { indexOf } from './view-index.js'
import { viewArrived } from './view.js'

/**
 * Views belong to the journal. Only what somebody missed is told by other members: after two beats in a row that
 * showed an older view, to one of them per beat. A position without a term is a count of this process alone, and
 * compares with nothing.
 */

/** A view is told after the other side's was older at so many beats. */
const OLDER_BEATS = 2

/** The journal's member list. Absent `at`: newer than all before. */
export function viewGiven(s: Step, members: readonly ViewMember[], at: ViewPosition | undefined): void {
  const { state } = s
  const branch = state.self.branch ?? null
  // The journal comes to what others have told already. Of another branch it has the word whatever the number.
  if (at && state.records.viewFrom?.branch === branch && isLater(state.viewAt, at)) return
  state.records.viewFrom = null
  take(s, members, at ?? [state.viewAt[0], state.viewAt[1] + 1])
  if (!at || !state.config.spreadsViews || !isHub(state)) return
  for (const row of state.links.values()) if (isOfCluster(s, row)) tellView(s, row)
}

/** A view that another member has and this one lacks. */
export function viewTold(s: Step, row: LinkRow, told: Extract<MembershipMessage, { t: 'view' }>): void {
  const { at, members } = told
  if (!isOfCluster(s, row) || !isLater(at, s.state.viewAt) || at[0] === 0) return
  s.state.records.viewFrom = { branch: s.state.self.branch ?? null }
  take(s, members, at)
  emit(s, { kind: 'view', at, members })
  if (!s.state.config.spreadsViews || !isHub(s.state)) return
  for (const other of s.state.links.values()) if (other !== row && isOfCluster(s, other)) tellView(s, other)
}

function take(s: Step, members: readonly ViewMember[], at: ViewPosition): void {
  const { state } = s
  const before = state.index
  state.view = members
  state.index = indexOf(members)
  state.viewAt = at
  viewArrived(s)
  recordsViewed(s, before)
}

/** A beat told which view its sender has. */
export function compareViews(
  s: Step,
  row: LinkRow,
  gap: Gap,
  digest: number,
  at: ViewPosition | undefined,
): void {
  const { state } = s
  const isOlder = digest !== state.index.digest && at !== undefined && isLater(state.viewAt, at)
  // Of another count than the journal's.
  const comparable = state.viewAt[0] > 0 && (at?.[0] !== 0 || at[1] === 0)
  gap.viewBeats = isOlder && comparable ? gap.viewBeats + 1 : 0
  if (gap.viewBeats < OLDER_BEATS || !isOfCluster(s, row)) return
  if (s.now - state.records.viewToldMs < state.config.beatMs) return
  gap.viewBeats = 0
  state.records.viewToldMs = s.now
  tellView(s, row)
}

function tellView(s: Step, row: LinkRow): void {
  const { view, viewAt } = s.state
  s.effects.push({ kind: 'send', link: row.id, message: { t: 'view', at: viewAt, members: view } })
}

/** Of this cluster, and of this branch of its journal: positions of others mean something else. */
function isOfCluster(s: Step, row: LinkRow): boolean {
  const { self } = s.state
  if (row.stage !== 'usable' || !row.hello) return false
  return row.hello.clusterId === self.clusterId && (row.hello.branch ?? null) === (self.branch ?? null)
}
