import { type Observable, Subject } from 'rxjs'
import type { Host } from '../host/index.js'
import { type Behavior, definitionOf } from './behavior.js'
import { ActorCell, type Surroundings } from './cell.js'
import { typedRef } from './context.js'
import { SpawnError } from './errors.js'
import { Family } from './family.js'
import { actorLimits } from './limits.js'
import { type ActorRef, type AnyRef, targetOf } from './ref.js'
import { type ActorFailure, type DeadLetter, logDeadLetter, logFailure } from './reports.js'

/**
 * A tree of actors.
 *
 * - Messages of one sender to one actor arrive in order; each is handled once, or is a dead letter.
 * - Stopping goes from the leaves up: the children of an actor stop one after another, the youngest first, each
 *   after its own children; then its `postStop` runs, exactly once and after its last handler.
 */
export interface ActorSystem {
  readonly name: string
  /** Everything thrown by actors; also logged. */
  readonly failures$: Observable<ActorFailure>
  /** Every message that no handler got; also logged, thinned out. */
  readonly deadLetters$: Observable<DeadLetter>
  /** Starts a top-level actor. Throws `SpawnError`, or what the behavior's `state()` throws. */
  spawn<P>(behavior: Behavior<P>, name: string): ActorRef<P>
  /** Resolves when the actor and all below it have stopped. Not to be awaited in a handler of that actor. */
  stop(ref: AnyRef): Promise<void>
  /** Stops everything and completes the streams. The engine must run until this resolves. */
  shutdown(): Promise<void>
}

export interface ActorSystemOptions {
  readonly host: Pick<Host, 'engine' | 'clock' | 'timers' | 'log' | 'random'>
  readonly name: string
  /** The peer that the system belongs to, `MEMBER.INCARNATION`; empty (default): none. */
  readonly node?: string
  /** Default 5,000. */
  readonly askTimeoutMs?: number
}

/** Makes an empty system; several may share one engine. */
export function actorSystem(options: ActorSystemOptions): ActorSystem {
  const { host, name } = options
  const failures$ = new Subject<ActorFailure>()
  const deadLetters$ = new Subject<DeadLetter>()
  const family = new Family<ActorCell>(name)
  let lastUid = 0
  let closed: Promise<void> | undefined

  const surroundings: Surroundings = {
    host,
    askTimeoutMs: options.askTimeoutMs ?? actorLimits.askTimeoutMs,
    node: options.node ?? '',
    nextUid: () => ++lastUid,
    failed: (failure) => {
      logFailure(host.log, failure)
      failures$.next(failure)
    },
    dead: (letter, count) => {
      logDeadLetter(host.log, letter, count)
      deadLetters$.next(letter)
    },
  }

  async function close(): Promise<void> {
    await family.stopAll()
    failures$.complete()
    deadLetters$.complete()
  }

  return {
    name,
    failures$: failures$.asObservable(),
    deadLetters$: deadLetters$.asObservable(),
    spawn(behavior, child) {
      if (closed !== undefined)
        throw new SpawnError(
          'stopped',
          `The system ${name} is shut down: it can have no new actor "${child}"`,
        )
      const create = (path: string, stopped: () => void): ActorCell =>
        new ActorCell(surroundings, path, behavior[definitionOf], stopped)
      return typedRef(behavior, family.add(child, create))
    },
    stop: (ref) => ref[targetOf].stop(),
    shutdown: () => (closed ??= close()),
  }
}
