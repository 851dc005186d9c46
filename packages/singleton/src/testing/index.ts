export { Cluster } from './cluster.js'
export { labelOf, labels } from './label.js'
export { withReigns } from './with-reigns.js'
export type { DrawnReign } from './with-reigns.js'
export { Workload } from './workload.js'
export type { PeerEnv, Roles } from './env.js'
export type { Rest, Run, SimulateOptions } from './simulate.js'
export { ask, work } from './work.js'
export type { Ask, Client, Dice, Inputs, RoleWork, WorkloadSpec, WorkOptions } from './work.js'
export { RoleTestError, testRole } from './test-role.js'
export type { RoleTest, RoleTestThen, WhenOptions } from './test-role.js'
export { NoAnswer, Outside } from './outside.js'
export type { Handler, Service, ServiceCall, ServiceOptions, Token } from './outside.js'
export type { ReignBook, ReignRecord } from './reign-book.js'
export type { ClusterOptions } from './cluster.js'
export { peerNames } from './cluster.js'
export type {
  CommittedEntry,
  Echo,
  FinalReplica,
  Healing,
  History,
  JournalConflict,
  Operation,
  OperationOutcome,
  RecordedCommand,
  RecordedEnding,
  RecordedLife,
  RecordedMembers,
  RecordedReign,
  RecordedStart,
  Replay,
  Sample,
  Step,
  StrangerAct,
  UnavailableAnswer,
} from './history/index.js'
export { replayOf } from './history/index.js'
export {
  always,
  checkLaws,
  contradictionsOf,
  effectiveFaults,
  law,
  laws,
  legitimateStop,
  linearizable,
  passed,
} from './laws/index.js'
export type {
  Asked,
  Contradiction,
  Law,
  LawEvent,
  LinearizableOptions,
  Verdict,
  VerdictKind,
} from './laws/index.js'
export { ledger, ledgerLaws, ledgerWork, ledgerWorkload } from './ledger.js'
export type { LedgerState } from './ledger.js'
export { historyOf } from './plan.js'
export { runSchedule, simulate } from './simulate.js'
export { clusterRoles } from './targets.js'
export { replayJournal } from './replay.js'
export type { JournalReplay, ReplayedCommand, ReplayedEntry, ReplayOptions } from './replay.js'
export { applyToMachines, machineFaultKinds, runMachines, SuccessionWorld } from './machines/index.js'
export type {
  MachineContradiction,
  MachineFaultKind,
  MachineOp,
  MachineRun,
  MachineRunOptions,
  SuccessionWorldOptions,
} from './machines/index.js'
