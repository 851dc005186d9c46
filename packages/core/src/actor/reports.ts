import type { Clock, Log } from '../host/index.js'
import { actorLimits } from './limits.js'

/** Something that an actor's code threw, or that it does not return. */
export interface ActorFailure {
  /** `stuck`: an asynchronous handler has not returned for 10 s (`handlerLimitMs`); told once, nothing is done. */
  readonly kind: 'threw' | 'stuck'
  readonly path: string
  /** The handler's name, `state()`, `preRestart`, `postStop`, `decide`, or `child NAME` for what a child escalated. */
  readonly during: string
  readonly error: unknown
  /**
   * What follows: fresh state with the same mailbox, the state from before the message, the end of the actor, or the
   * failure of its parent. `none`: it is stuck.
   */
  readonly action: 'restart' | 'resume' | 'stop' | 'escalate' | 'none'
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

export const whyDead: Readonly<Record<DeadLetter['reason'], string>> = {
  stopped: 'the actor is stopped',
  full: 'its mailbox is full',
  unhandled: 'it has no such handler',
  lost: 'its peer is gone',
  malformed: 'it cannot be read',
}

const next: Readonly<Record<ActorFailure['action'], string>> = {
  restart: 'it starts again with fresh state',
  resume: 'it goes on with the state from before',
  stop: 'it stops',
  escalate: 'its parent has failed with it',
  none: 'what waits for it waits on',
}

/** Lets a number of lines through per window, and says how many it kept back. */
export class LogLimit {
  readonly #log: Log
  readonly #clock: Clock
  readonly #event: string
  #windowEndsMs = -Infinity
  #written = 0
  #kept = 0

  constructor(log: Log, clock: Clock, event: string) {
    this.#log = log
    this.#clock = clock
    this.#event = event
  }

  write(level: 'warn' | 'error', text: string, data: Readonly<Record<string, unknown>>): void {
    const nowMs = this.#clock.now().monotonicMs
    if (nowMs >= this.#windowEndsMs) this.#open(nowMs)
    if (this.#written++ < actorLimits.logLines) this.#log.write(level, this.#event, text, data)
    else this.#kept++
  }

  #open(nowMs: number): void {
    if (this.#kept > 0)
      this.#log.write('warn', this.#event, `${this.#kept} more were not logged`, { kept: this.#kept })
    this.#windowEndsMs = nowMs + actorLimits.logWindowMs
    this.#written = 0
    this.#kept = 0
  }
}

export function logFailure(log: LogLimit, failure: ActorFailure): void {
  const { path, during, action, kind } = failure
  const what = kind === 'threw' ? `threw in ${during}` : `does not return from ${during}`
  log.write('error', `${path} ${what}; ${next[action]}`, { ...failure })
}

/** Logs an actor's 1st, 10th, 100th ... dead letter, so that an overload does not also flood the log. */
export function logDeadLetter(log: LogLimit, letter: DeadLetter, count: number): void {
  if (!Number.isInteger(Math.log10(count))) return
  const { path, handler, reason } = letter
  const text = `${handler} did not reach ${path}: ${whyDead[reason]}`
  log.write('warn', text, { path, handler, reason, count })
}
