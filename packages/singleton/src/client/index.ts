export { openClient } from './client.js'
export { ClientCore } from './core.js'
export type { ClientEvent } from './core.js'
export { ConnectError } from './errors.js'
export { CLIENT_PROTOCOL } from './messages.js'
export type {
  ClientCall,
  ClientMessage,
  ClusterView,
  MemberMessage,
  RefusalCode,
  WatchPosition,
} from './messages.js'
export { checkClient } from './settings.js'
export type { CheckedClient } from './settings.js'
export type { Client, ClientSettings, ClientStatus, ReconnectTiming } from './types.js'
export type { Manifest, ManifestMember } from './manifest.js'
