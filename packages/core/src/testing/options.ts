import type { Random } from '../host/index.js'
import type { StartPeer } from './machine.js'
import type { LinkQuality } from './path.js'
import type { Label } from './record/index.js'
import type { Limits } from './timeline.js'

export interface WorldOptions {
  /** Everything random in the world comes from it: the same seed gives the same run, to the byte. */
  readonly seed: number | string
  /** Keeps every event as plain data; the digest is always there. Default false. */
  readonly trace?: boolean
  /** Keeps messages and their fates, and what happened to the machines: see `recording`. Default: as `trace`. */
  readonly record?: boolean
  /** Names frames and datagrams in the recording; their size does otherwise. */
  readonly label?: Label
  /** How all links behave unless `quality` says otherwise. Default: a quiet wired office, 0.2 to 1 ms. */
  readonly network?: Partial<LinkQuality>
  /** How long one disk sync takes. Default 0.5 to 2 ms, at random. */
  readonly syncMs?: (random: Random) => number
  /** Default 5 million events in one run, 100,000 at one moment. */
  readonly limits?: Partial<Limits>
  /**
   * Real timers, clocks, randomness and `fetch` throw a sentence when a process uses them, and `runAsync` notices
   * when something outside the world makes a process go on. Default true.
   */
  readonly guard?: boolean
  /** A turn that is pending for longer is taken to await something outside the world. Default 60,000. */
  readonly turnLimitMs?: number
  /** Awaited before each event of `runAsync`: `checkDeterminism` uses it to run at another real pace. */
  readonly pace?: () => Promise<void>
}

export interface NodeOptions {
  /** Default `<name>:1`. Its host part belongs to this machine. */
  readonly address?: string
  /** Builds the peer on a new host; called again for every life, which are counted from 1. */
  readonly start: StartPeer
  /** What `start` is told until the first `upgrade`. Default `1`. */
  readonly version?: string
}

/** `paused` is also a process whose event loop is blocked. */
export type NodeState = 'running' | 'paused' | 'asleep' | 'stopped' | 'no power'
