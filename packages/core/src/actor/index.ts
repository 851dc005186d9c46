export { actor, become, receive, reply } from './behavior.js'
export type {
  ActorTimers,
  Become,
  Behavior,
  Ctx,
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
