export { addressKey } from './address-key.js'
export type { Clock, Now, Random, Timer, Timers } from './clock.js'
export { DiskError } from './disk.js'
export type { Disk, DiskErrorCode, DiskFile, Folder, SyncDone } from './disk.js'
export type { Cell, CellOwner, Engine } from './engine.js'
export type { Host } from './host.js'
export type { Log, LogLevel } from './log.js'
export type {
  Address,
  ClientCaller,
  DatagramHandlers,
  DatagramOptions,
  DatagramSocket,
  Datagrams,
  DialOptions,
  Level,
  Link,
  LinkEnd,
  LinkHandlers,
  Listener,
  ListenFailure,
  ListenHandlers,
  ListenOptions,
  Network,
  NetworkInterface,
  RejectCode,
} from './network.js'
