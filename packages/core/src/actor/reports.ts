import type { Log } from '../host/index.js'

/** Something that an actor's code threw. */
export interface ActorFailure {
  readonly path: string
  /** The handler's name, or `state()` or `postStop`. */
  readonly during: string
  readonly error: unknown
  /** What follows: fresh state with the same mailbox, or the end of the actor. */
  readonly action: 'restart' | 'stop'
}

/** A message that no handler got. An ask's caller gets an `AskError` besides. */
export interface DeadLetter {
  /** The actor it was for: its path, or the text of its ref when it is one of another peer. */
  readonly path: string
  readonly handler: string
  readonly message: unknown
  /**
   * `unhandled`: the actor has no handler of that name (now). `lost`: its peer is gone; unless it was never sent, it
   * may have been handled. `malformed`: it came from another peer and could not be read.
   */
  readonly reason: 'stopped' | 'full' | 'unhandled' | 'lost' | 'malformed'
}

export function logFailure(log: Log, failure: ActorFailure): void {
  const next = failure.action === 'restart' ? 'it starts again with fresh state' : 'it stops'
  log.write('error', 'actor-failed', `${failure.path} threw in ${failure.during}; ${next}`, { ...failure })
}

export const whyDead: Readonly<Record<DeadLetter['reason'], string>> = {
  stopped: 'it is stopped',
  full: 'its mailbox is full',
  unhandled: 'it has no such handler',
  lost: 'its peer is gone',
  malformed: 'it cannot be read',
}

/** Logs an actor's 1st, 10th, 100th ... dead letter, so that an overload does not also flood the log. */
export function logDeadLetter(log: Log, letter: DeadLetter, count: number): void {
  if (!Number.isInteger(Math.log10(count))) return
  const { path, handler, reason } = letter
  const why = whyDead[reason]
  log.write('warn', 'dead-letter', `${handler} did not reach ${path}: ${why}`, {
    path,
    handler,
    reason,
    count,
  })
}
