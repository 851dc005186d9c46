import type { Clock, Random, Timers } from './clock.js'
import type { Disk } from './disk.js'
import type { Engine } from './engine.js'
import type { Log } from './log.js'
import type { Datagrams, Network } from './network.js'

/**
 * Everything ambient that Tanist uses: clocks, timers, randomness, links, datagrams, disk, turns and log.
 * `@tanist/transport` implements it on Node, `@tanist/core/testing` in virtual time.
 */
export interface Host {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly network: Network
  readonly datagrams: Datagrams
  readonly disk: Disk
  readonly engine: Engine
  readonly log: Log
}
