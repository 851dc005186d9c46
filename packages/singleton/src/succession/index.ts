export { compareBranches } from './branches.js'
export type { BranchClaim, Fork } from './branches.js'
export { continuationOf, encodeRecord, EntryKind, foundingOf, viewChangeOf } from './entries.js'
export type { Applicant, Continuation, Founding, Mode, ViewChange } from './entries.js'
export { isFresh } from './dissolve.js'
export { isForeign, isHere } from './continue.js'
export type { SuccessionMessage } from './messages.js'
export { stepSuccession } from './machine.js'
export {
  branch,
  createSuccession,
  isAdmitted,
  isVoter,
  lastKnownAddresses,
  majority,
  minCopies,
  nameOf,
  voters,
} from './state.js'
export type { Succession } from './state.js'
export { explainAlone, explainLost } from './pair-words.js'
export { isGoingAlone, otherOf } from './pair.js'
export { decideGrant, emptyBook, parseBook } from './grants.js'
export type { GrantBook, GrantRequest } from './grants.js'
export { leaseHolds } from './lease.js'
export { mayDecide } from './serving.js'
export { clusterSettings, differenceFrom, settingsAtFounding, settingsInHello } from './cluster-settings.js'
export type { ClusterSettings } from './cluster-settings.js'
export { fetchFrom, wantsSnapshot } from './receive-snapshot.js'
export { defaultSnapshotLimits, seatsFor, VOTERS_MAX } from './limits.js'
export type { SnapshotLimits } from './limits.js'
export { lineOfSuccession } from './line.js'
export { neverServes, rankedMembers } from './rank.js'
export type { RankedMember, RankFunction, Ranking } from './rank.js'
export { diskOwesMs } from './stall.js'
export { defaultTiming } from './timing.js'
export type { Timing } from './timing.js'
export type {
  FencingToken,
  HardState,
  Leader,
  LogView,
  Operation,
  SnapshotMeta,
  SnapshotsView,
  SuccessionConfig,
  SuccessionEffect,
  SuccessionInput,
} from './types.js'
