export { persist, refuse } from '@tanist/core'
export type { Accept, AnyEvent, Decision, Event, Make, Persist, Refuse } from '@tanist/core'
export { role } from './define.js'
export type {
  AnyRole,
  Call,
  Caller,
  CallOptions,
  Ctx,
  Failed,
  FailReason,
  Outcome,
  Position,
  Proxy,
  Reign,
  Role,
  RoleDefinition,
  RoleEffects,
  RoleLimits,
  UnavailableOutcome,
} from './types.js'
export type { Due, DueRun } from './due.js'
export type { Reaction, ReactionCtx, ReactionFunction, ReactionOptions, Reactions } from './reaction.js'
export type { Issue, Schema, SchemaIssue, SchemaResult } from './schema.js'
export type { AnySteps, EventVersions, Evolution } from './versions.js'
export type { LostCommand, Reconciliation } from './reconcile.js'
export { fromEncoded, toEncoded } from '@tanist/core'
export type { Encoded } from '@tanist/core'
export { bringUp, bringUpState } from './bring-up.js'
export type { StoredEvent } from './bring-up.js'
export { hashOfReads, readsOf } from './build.js'
export type { Reader, Reads } from './build.js'
export { decodeEntry } from './entry.js'
export { digestOf, QUARANTINE } from './quarantine.js'
export type { Quarantined } from './quarantine.js'
export { eventsOf } from './read-events.js'
export type {
  AnyFollowed,
  EventPosition,
  EventsOptions,
  EventStream,
  Followed,
  FollowedEvent,
  FollowedState,
} from './followed.js'
export type { DecidedEvent } from '@tanist/core'
export type { CommandEntry } from './entry.js'
export { FairQueue } from './fair-queue.js'
export { FairWindow } from './fair-window.js'
export { SESSION_IDLE_MS, SUSPECT_MS } from './limits.js'
export { derivedBy } from './due-items.js'
export { dueSession, reactionSession } from './reserved.js'
export { PARKED_TEXT_MAX, REACTION_CALLS_MAX, SETTLE_MAX } from './limits.js'
export {
  createDueClock,
  createReactor,
  dueOf,
  failingOf,
  hasDueWork,
  hasWork,
  planFor,
  plansOf,
  stepDueClock,
  stepReactor,
  taskOf,
} from './reactor/index.js'
export type {
  DueClock,
  DueClockEffect,
  DueClockInput,
  DueFailing,
  Failing,
  Plans,
  Reactor,
  ReactorEffect,
  ReactorInput,
  Task,
  TaskId,
} from './reactor/index.js'
export { isOpenTo } from './admit.js'
export { isReserved, parseReserved } from './reserved.js'
export { createRoleHost } from './host.js'
export type { RoleHostOptions } from './host.js'
export type {
  Applied,
  CommandRecord,
  CommandRequest,
  DecideAt,
  Decided,
  DueItem,
  Parked,
  PendingReaction,
  RoleHost,
  Settled,
  Settlement,
  StateCapture,
  StateRestore,
} from './host-contract.js'
export type {
  AnswerMessage,
  CallMessage,
  CallOutcome,
  FinalAnswer,
  CommandId,
  ExpiredMessage,
  FailedMessage,
  JournalledOutcome,
  NextMessage,
  NextServer,
  ResultMessage,
  RetryMessage,
} from './messages.js'
export { createCalls, stepCalls } from './calls.js'
export type { CallEffect, CallInput, Calls, CallsConfig, CallsInput, CallWords, ServerRef } from './calls.js'
export { Refused, Unavailable } from './outcome-errors.js'
export { parseCommandId, proxy } from './proxy.js'
export { strayPrefixed } from './sessions.js'
export type { Submit, SubmitRequest } from './proxy.js'
