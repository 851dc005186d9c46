import type { Log } from '../host/index.js'

/** Something that an actor's code threw. */
export interface ActorFailure {
  readonly path: string
  /** The handler's name, or `state()` or `postStop`. */
  readonly during: string
  readonly error: unknown
  /** What follows: fresh state with the same mailbox, or the end of the actor. */
  readonly action: 'restart' | 'stop' | 'resume'
}

/** A message that no handler got. An ask's caller gets an `AskError` besides. */
export interface DeadLetter {
  /** The actor it was for. */
  readonly path: string
  readonly handler: string
  readonly message: unknown
  /** `unhandled`: the actor has no handler of that name (now). */
  readonly reason: 'stopped' | 'full' | 'unhandled'
}

export function logFailure(log: Log, failure: ActorFailure): void {
  const next = {
    restart: 'it starts again with fresh state',
    resume: 'it goes on with the state it had',
    stop: 'it stops',
  }[failure.action]
  log.write('error', 'actor-failed', `${failure.path} threw in ${failure.during}; ${next}`, { ...failure })
}

export const whyDead: Readonly<Record<DeadLetter['reason'], string>> = {
  stopped: 'it is stopped',
  full: 'its mailbox is full',
  unhandled: 'it has no such handler',
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
