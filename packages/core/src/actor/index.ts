export { actor, become, behaviorOf, definitionOf, isReply, RECEIVE, receive, reply } from './behavior.js'
export type {
  ActorTimers,
  ActorOptions,
  Become,
  Behavior,
  Ctx,
  Definition,
  Handler,
  Handlers,
  Next,
  Outcome,
  ProtocolOf,
  Receives,
  RefOf,
  Terminated,
} from './behavior.js'
export { nactEngine } from './engine.js'
export type { EngineFault, NactEngine, NactEngineOptions } from './engine.js'
export { AskError, SpawnError, StashError, StopError } from './errors.js'
export type { AskErrorCode, SpawnErrorCode } from './errors.js'
export { actorLimits } from './limits.js'
export { isRef, makeRef, parseRefText, refText, targetOf } from './ref.js'
export type { MailboxOptions } from './mailbox.js'
export type { Remote } from './remote.js'
export * from './remote/index.js'
export type { ActorRef, AnyRef, Asker, AskFor, Sender, StopOptions, Target, Tell, Watcher } from './ref.js'
export type { ActorFailure, DeadLetter } from './reports.js'
export type { Backoff, RestartLimit, Supervision } from './supervision.js'
export { serviceKey } from './receptionist.js'
export type { Receptionist, ServiceKey } from './receptionist.js'
export type { RouterOptions, Routees } from './router.js'
export { actorSystem } from './system.js'
export type { ActorSystem, ActorSystemOptions } from './system.js'
export { durable, DurableError, durableLimits } from './durable/index.js'
export type {
  DurableCtx,
  DurableDefinition,
  DurableErrorCode,
  DurableOutcome,
  DurablePosition,
  DurableProtocol,
  SnapshotRule,
  StoredEvent,
  Upcast,
} from './durable/index.js'
export { fromNact, nactPersistence, nactRef, NactSequenceError } from './nact/index.js'
export type {
  FromNactOptions,
  NactCall,
  NactContext,
  NactEvent,
  NactFunction,
  NactPersistence,
  NactPersistenceOptions,
  NactProtocol,
  NactRefOf,
  NactSnapshot,
} from './nact/index.js'
export { Queue } from './queue.js'
