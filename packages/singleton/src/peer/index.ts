export { asideFiles, commandIn } from './aside.js'
export { Bundle } from './bundle.js'
export { copyJournal, restoreJournal } from './backup.js'
export { PeerCore } from './core.js'
export type { CallRequest } from './caller.js'
export type { PeerEvent } from './core.js'
export { EventStreams } from './event-streams.js'
export { JoinError } from './errors.js'
export type { JoinErrorCode } from './errors.js'
export { LATENCY_BOUNDS_MS, quantileMs } from './latency.js'
export type { LatencyHistogram } from './latency.js'
export { Meters } from './meters.js'
export type { CalledAs, DecidedAs } from './meters.js'
export type { PeerMetrics, RoleEffectCounts, RoleMetrics, RoleQueues } from './metrics.js'
export type {
  Telemetry,
  TelemetryAttributes,
  TelemetryContext,
  TelemetryMeter,
  TelemetrySpan,
  TelemetryTracer,
} from './telemetry.js'
export type { LinkEndpoint, LinkStatus } from './link-status.js'
export { Lives } from './lives.js'
export { openPeer } from './open.js'
export type { OperateOutcome } from './operate.js'
export type { ReactionView, RoleWork } from './side-effects.js'
export type { ReadOutcome } from './reads.js'
export type { SetAsideStatus } from './aside.js'
export { checkSettings } from './settings.js'
export type { PeerSettings } from './settings.js'
export type { WaitCode, Waiting } from './waiting.js'
export type { Member, PeerStatus, ServerInfo, Takeover } from './status.js'
export { restoreSnapshot } from './snapshots.js'
export { openWitness, WitnessCore } from './witness.js'
export type { WitnessSettings, WitnessStatus } from './witness.js'
export { decodeWire, encodeWire } from './wire.js'
export type { WireMessage } from './wire.js'
