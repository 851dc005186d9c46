export { compareBranches } from './branches.js'
export type { BranchClaim, Fork } from './branches.js'
export { continuationOf, encodeRecord, EntryKind, foundingOf } from './entries.js'
export type { Applicant, Continuation, Founding, Mode } from './entries.js'
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
  nameOf,
  voters,
} from './state.js'
export type { Succession } from './state.js'
export { leaseHolds } from './lease.js'
export { seatsFor } from './limits.js'
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
