export { durable } from './define.js'
export { DurableError } from './errors.js'
export type { DurableErrorCode, DurablePosition } from './errors.js'
export { durableLimits } from './limits.js'
export type {
  DurableCtx,
  DurableDefinition,
  DurableOutcome,
  DurableProtocol,
  SnapshotRule,
  StoredEvent,
  Upcast,
} from './types.js'
