export { EntryKind, foundingOf } from './entries.js'
export type { Applicant, Founding, Mode } from './entries.js'
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
export { clusterSettings, differenceFrom, settingsAtFounding } from './cluster-settings.js'
export type { ClusterSettings } from './cluster-settings.js'
export { seatsFor, VOTERS_MAX } from './limits.js'
export { lineOfSuccession } from './line.js'
export { defaultTiming } from './timing.js'
export type { Timing } from './timing.js'
export type {
  FencingToken,
  HardState,
  Leader,
  LogView,
  SuccessionConfig,
  SuccessionEffect,
  SuccessionInput,
} from './types.js'
