export {
  datagramsContract,
  diskContract,
  engineContract,
  hostContract,
  journalContract,
  networkContract,
  snapshotsContract,
  timersContract,
  timersPassage,
  worldPassage,
} from './contracts/index.js'
export type {
  ContractCase,
  DatagramsSubject,
  DiskSubject,
  EngineSubject,
  HostFaults,
  HostSubject,
  JournalBase,
  JournalSubject,
  NetworkSubject,
  Passage,
  SnapshotsSubject,
  Subject,
  TimersSubject,
} from './contracts/index.js'
export { checkDeterminism, checkSameRuns } from './determinism.js'
export type { TwinOptions, TwinWorld } from './determinism.js'
export { SimDisk } from './disk.js'
export { defaultQuality } from './path.js'
export type { LinkQuality, QualityChange, Undo } from './path.js'
export { PlainWorld } from './plain/index.js'
export type {
  PlainCodec,
  PlainContext,
  PlainNode,
  PlainOptions,
  PlainQuality,
  PlainQualityChange,
  PlainState,
} from './plain/index.js'
export { seededRandom } from './random.js'
export { ndjson, parseNdjson, picture } from './record/index.js'
export type {
  Contradicting,
  Label,
  PictureOptions,
  RecordedMessage,
  RecordedNote,
  RecordedSpan,
  Recording,
} from './record/index.js'
export {
  applySchedule,
  describe,
  describeFired,
  drawSchedule,
  envelopes,
  faultKinds,
  leaves,
  parseSchedule,
  parseTrigger,
  simplerSchedules,
  unfired,
} from './schedule/index.js'
export type {
  Acts,
  Envelope,
  Fault,
  FaultFields,
  FaultKind,
  FaultOf,
  FiredFault,
  Moment,
  Resolve,
  Schedule,
  ScheduleShape,
  Target,
  Trigger,
  When,
} from './schedule/index.js'
export type { Stall } from './freeze.js'
export { WorldError } from './timeline.js'
export type { Limits } from './timeline.js'
export { traceLines } from './trace.js'
export type { TraceEvent } from './trace.js'
export { createWorld, World } from './world.js'
export type { NodeOptions, NodeState, WorldOptions } from './options.js'
export type { StartInfo, StartPeer } from './machine.js'
export { checkBySearch, checkByWitness } from './linearizability/index.js'
export type {
  Linearizable,
  LinearizabilityVerdict,
  Model,
  Op,
  SearchOptions,
  WitnessedOp,
} from './linearizability/index.js'
export {
  actorTest,
  ActorTestError,
  checkActors,
  crashPlaces,
  crashPoints,
  effectsOf,
  effectsOfAsync,
  effectsOfStart,
  InjectedCrash,
  standIn,
} from './actors/index.js'
export type {
  ActorTest,
  ActorTestOptions,
  AnyGot,
  CrashPoint,
  DeadLetterLike,
  Effect,
  Effects,
  EffectsOptions,
  FailureLike,
  Got,
  Later,
  LoggedLine,
  Probe,
} from './actors/index.js'
export { Fleet, roughWeather, weather } from './fleet/index.js'
export type { FleetNetwork, FleetOptions, Load, Observation, Removal, Weather } from './fleet/index.js'
