export { join, startPeer } from './join.js'
export type { JoinOptions, Peer, ReadOptions, RoleHandle, ServerView } from './join.js'
export { JoinError } from './peer/index.js'
export type {
  JoinErrorCode,
  Member,
  PeerSettings,
  PeerStatus,
  ServerInfo,
  Takeover,
  WitnessStatus,
} from './peer/index.js'
export { persist, refuse, Refused, role, Unavailable } from './role/index.js'
export type {
  Accept,
  AnyRole,
  Call,
  Caller,
  CallOptions,
  Ctx,
  Decision,
  Event,
  Failed,
  Make,
  Outcome,
  Persist,
  Position,
  Proxy,
  Refuse,
  Reign,
  Role,
  RoleDefinition,
  UnavailableOutcome,
} from './role/index.js'
export type { FencingToken, Mode, Timing } from './succession/index.js'
export { startWitness } from './witness.js'
export type { Witness, WitnessOptions } from './witness.js'
