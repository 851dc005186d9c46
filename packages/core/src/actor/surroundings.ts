import type { Host } from '../host/index.js'
import type { Deadlines } from './ask.js'
import type { Asker } from './ref.js'
import type { ActorFailure, DeadLetter } from './reports.js'
import type { SlowHandlers } from './slow.js'

export type ActorHost = Pick<Host, 'engine' | 'clock' | 'timers' | 'log' | 'random'>

/** What all actors of a system share. */
export interface Surroundings {
  readonly host: ActorHost
  readonly askTimeoutMs: number
  readonly node: string
  readonly deadlines: Deadlines
  readonly slow: SlowHandlers
  readonly asker: Asker
  nextUid(): number
  failed(failure: ActorFailure): void
  /** `count`: how many letters this actor has lost so far. */
  dead(letter: DeadLetter, count: number): void
}
