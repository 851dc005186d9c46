export { singleton } from './define.js'
export type {
  AnySingleton,
  ProtocolOfSingleton,
  Singleton,
  SingletonOptions,
  SingletonReign,
} from './define.js'
export { Counter, countersOf } from './counter.js'
export { isSingletonForm } from './messages.js'
export type { SingletonMessage } from './messages.js'
export { Singletons } from './singletons.js'
export type { SingletonPorts } from './singletons.js'
export type { SingletonStatus } from './status.js'
