export type { BackupInfo, OperateBranches } from './operate-branches.js'
export { newSecret } from './node.js'
export type { Certificates, DiscoverySettings, KeyInfo } from './node.js'
export { connect, startClient } from './connect.js'
export type { ConnectOptions } from './connect.js'
export { ConnectError } from './client/index.js'
export type {
  Client,
  ClientSettings,
  ClientStatus,
  ClusterView,
  ReconnectTiming,
} from './client/index.js'
export type {
  TokenRequest,
  Authenticate,
  AuthenticatedAs,
  GatewayPart,
  LayerSettings,
  Manifest,
  ManifestMember,
} from './gateway/index.js'
export { join, restore, startPeer } from './join.js'
export type { JoinOptions, RestoreOptions } from './join.js'
export type { Operate, Peer } from './facade.js'
export type { ReadOptions, RoleHandle, ServerView } from './role-handle.js'
export { applyChange, changesBetween, JoinError, LATENCY_BOUNDS_MS, quantileMs } from './peer/index.js'
export type { OperateMembers } from './operate.js'
export type { OperateReactions, RoleOrName } from './operate-reactions.js'
export type { OperateQuarantine } from './operate-quarantine.js'
export type { KeysHere, OperateKeys } from './operate-keys.js'
export type { OperateTokens } from './operate-tokens.js'
export type {
  CalledAs,
  ClientCounts,
  ClientsStatus,
  DecidedAs,
  DetourCounts,
  JoinErrorCode,
  LatencyHistogram,
  LayerStatus,
  LinkEndpoint,
  LinkStatus,
  Member,
  MemberEnd,
  MemberField,
  MembershipChange,
  OperateOutcome,
  MembershipSettings,
  PeerMetrics,
  PeerSettings,
  PeerStatus,
  ReactionView,
  RoleEffectCounts,
  RoleMetrics,
  RoleQueues,
  RoleWork,
  ServerInfo,
  SetAsideStatus,
  Takeover,
  Telemetry,
  TelemetryAttributes,
  TelemetryContext,
  TelemetryMeter,
  TelemetrySpan,
  TelemetryTracer,
  WaitCode,
  Waiting,
  WitnessStatus,
} from './peer/index.js'
export { singleton } from './singleton/index.js'
export type {
  AnySingleton,
  ProtocolOfSingleton,
  Singleton,
  SingletonOptions,
  SingletonReign,
  SingletonStatus,
} from './singleton/index.js'
export { persist, refuse, Refused, role, Unavailable } from './role/index.js'
export type {
  Accept,
  AnyRole,
  AnySteps,
  Call,
  Caller,
  CallOptions,
  Ctx,
  Decision,
  Due,
  DueRun,
  Event,
  EventPosition,
  EventsOptions,
  EventStream,
  EventVersions,
  Evolution,
  Failed,
  FailReason,
  Followed,
  FollowedEvent,
  FollowedState,
  Issue,
  LostCommand,
  Make,
  Outcome,
  Persist,
  Position,
  Proxy,
  Quarantined,
  Reaction,
  ReactionCtx,
  ReactionFunction,
  ReactionOptions,
  Reactions,
  Reconciliation,
  Refuse,
  Reign,
  Role,
  RoleDefinition,
  RoleEffects,
  RoleLimits,
  Schema,
  SchemaIssue,
  SchemaResult,
  UnavailableOutcome,
} from './role/index.js'
export type {
  FencingToken,
  Mode,
  RankedMember,
  RankFunction,
  Ranking,
  SnapshotLimits,
  Timing,
} from './succession/index.js'
export { startWitness } from './witness.js'
export type { Witness, WitnessOptions } from './witness.js'
export { owner, replicas, ring, Table, table } from '@tanist/core'
export type { About, AboutChange, Ring, RingMember, RingRow, TableChanges } from '@tanist/core'
