import type { Behavior } from '@tanist/core'
import type { FencingToken } from '../succession/index.js'
import { singletonLimits } from './limits.js'

/** The reign in which the actor runs. */
export interface SingletonReign {
  /** For fencing outside systems: greater (term first, then index) is newer. */
  readonly token: FencingToken
  /** Aborted when this peer stops serving, before the actor is stopped. A handler that still runs should end then. */
  readonly signal: AbortSignal
  /**
   * Whether this peer is still entitled to serve, by both clocks, at the moment of asking: false for a process that
   * has just woken up from a freeze, before anything else has noticed.
   */
  readonly holds: () => boolean
}

export interface SingletonOptions {
  /** Tells and asks of one member that wait while nobody serves; one more is refused as `full`. Default 10,000. */
  readonly waiting?: number
  /** How long a tell waits for a server before it is a dead letter. Asks wait for their own deadline. Default 10,000. */
  readonly waitMs?: number
  /**
   * Within this time after a failure for good no second hand-over is made for this singleton, and a failure on a
   * second server stops it everywhere. Default 300,000.
   */
  readonly windowMs?: number
}

/** A plain actor that runs on the server and nowhere else. */
export interface Singleton<P> {
  readonly name: string
  readonly behavior: (reign: SingletonReign) => Behavior<P>
  readonly waiting: number
  readonly waitMs: number
  readonly windowMs: number
}

/** Any singleton, when its protocol does not matter. */
export type AnySingleton = Singleton<unknown>

/** The protocol's ref type: `SingletonRef<typeof board>` is what `peer.singleton(board)` returns. */
export type ProtocolOfSingleton<S> = S extends Singleton<infer P> ? P : never

const NAME = /^[a-z][a-z0-9-]{0,63}$/

/**
 * Defines an actor that runs on the server: started when a reign begins, stopped when it ends, with fresh state each
 * time. State that must survive belongs into a role. `behavior` may be a function of the reign, which has a fencing
 * token for outside systems. The same singletons are given to all members; throws a `TypeError` when it is not one.
 *
 * The layer supervises it as the behavior says. When its restart limit is reached, the peer hands the server role to
 * the next in line, once within `windowMs`; when it fails for good there, too, it is stopped until an operator starts
 * it again, and everyone who asks is told why.
 *
 * Two never run at once while leases hold: the next server begins after `postStop` (or 1.5 s) at a hand-over, and after
 * the old lease has ended otherwise. What an overtaken handler still does outside is told from its successor's by the token.
 *
 * @example
 * const board = singleton(
 *   'board',
 *   actor({
 *     state: () => ({ lines: 0 }),
 *     on: { write: (s, _m: { line: string }) => reply({ lines: s.lines + 1 }, s.lines + 1) },
 *   }),
 * )
 * // const peer = await join({ app: 'office', secret, roles: [], singletons: [board] })   on every machine
 * // await peer.singleton(board).ask.write({ line: 'hello' })                             from any of them
 */
export function singleton<P>(
  name: string,
  behavior: Behavior<P> | ((reign: SingletonReign) => Behavior<P>),
  options: SingletonOptions = {},
): Singleton<P> {
  if (typeof name !== 'string' || !NAME.test(name))
    throw new TypeError(
      `"${name}" is no name for a singleton: use 1 to 64 lower-case letters, digits and dashes, beginning with a letter.`,
    )
  const isOne = typeof behavior === 'function' || (typeof behavior === 'object' && behavior !== null)
  if (!isOne) throw new TypeError(`The singleton '${name}' needs a behavior, or a function that returns one.`)
  const { waiting = singletonLimits.waiting, waitMs = singletonLimits.waitMs } = options
  const { windowMs = singletonLimits.windowMs } = options
  for (const [option, value] of Object.entries({ waiting, waitMs, windowMs })) {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new TypeError(`The option ${option} of the singleton '${name}' is a whole number, 0 or more.`)
  }
  const make = typeof behavior === 'function' ? behavior : () => behavior
  return Object.freeze({ name, behavior: make, waiting, waitMs, windowMs })
}
