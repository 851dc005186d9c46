import { actorLimits } from './limits.js'

/** At most `max` restarts within `windowMs`; the next failure stops the actor. */
export interface RestartLimit {
  readonly max: number
  readonly windowMs: number
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
