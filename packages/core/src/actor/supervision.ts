import type { Random } from '../host/index.js'
import { actorLimits } from './limits.js'
import type { AnyRef } from './ref.js'

/** At most `max` restarts within `windowMs`; the next failure stops the actor. */
export interface RestartLimit {
  readonly max: number
  readonly windowMs: number
  /** Default: at once. Messages that come meanwhile wait in the mailbox. */
  readonly backoff?: Backoff
}

/** How an actor answers the failures of its children. */
export interface Supervision {
  /**
   * Whom a failure concerns: the child that failed (default), all children, or it and those started after it.
   * Restarts of the last two kinds count together against `restarts` of this.
   */
  readonly strategy?: 'one-for-one' | 'all-for-one' | 'rest-for-one'
  /**
   * `restart` (default): fresh state, the mailbox is kept. `resume`: the state from before the message. `stop`.
   * `escalate`: this actor itself has failed. When it throws, that is a failure of this actor as well.
   */
  readonly decide?: (error: unknown, child: AnyRef) => 'restart' | 'resume' | 'stop' | 'escalate'
  /** For all-for-one and rest-for-one. Default: 10 within 60 s. */
  readonly restarts?: RestartLimit
  /** When a child exceeded its limit. Default `stop`: it alone, or with those whom the strategy concerns. */
  readonly onLimit?: 'stop' | 'escalate'
}

/** The n-th restart in a row waits `minMs` x 2^n, at most `maxMs`, plus or minus `jitter` of it. */
export interface Backoff {
  readonly minMs: number
  readonly maxMs: number
  /** 0 to 1. Default 0.2. */
  readonly jitter?: number
}

export const defaultRestartLimit: RestartLimit = {
  max: actorLimits.restartMax,
  windowMs: actorLimits.restartWindowMs,
}

export interface Verdict {
  readonly action: 'restart' | 'stop'
  /** Monotonic times of the restarts that still count. */
  readonly restartsMs: readonly number[]
}

/** What a failure at `nowMs` leads to, given the restarts so far. */
export function judge(restartsMs: readonly number[], nowMs: number, limit: RestartLimit): Verdict {
  const recent = restartsMs.filter((atMs) => nowMs - atMs < limit.windowMs)
  return recent.length < limit.max
    ? { action: 'restart', restartsMs: [...recent, nowMs] }
    : { action: 'stop', restartsMs: recent }
}

/** What a parent decided on a child's failure. */
export interface Judgement {
  readonly action: 'restart' | 'resume' | 'stop' | 'escalate'
  /** What the child threw, or what the parent's `decide` threw. */
  readonly error: unknown
  /** Of an escalation: what it happened during, as the parent sees it. */
  readonly during: string | undefined
  readonly delayMs?: number
}

/** How long the restart with this number (0: the first that counts) waits. */
export function backoffMs(backoff: Backoff | undefined, number: number, random: Random): number {
  if (backoff === undefined) return 0
  const { minMs, maxMs, jitter = 0.2 } = backoff
  const plainMs = Math.min(maxMs, minMs * 2 ** number)
  return Math.max(0, Math.round(plainMs * (1 + jitter * (2 * random.next() - 1))))
}
