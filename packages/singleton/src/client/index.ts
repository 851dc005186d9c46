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
export type { Client, ClientSettings, ClientStatus, ReconnectTiming } from './types.js'
