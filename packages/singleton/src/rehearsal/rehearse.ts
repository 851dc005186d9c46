import type { Clock, Timer, Timers } from '@tanist/core'
import { play } from './play.js'

/** After a start, when the first calls have been served; and between two rehearsals, as engines drop code that rests. */
const FIRST_MS = 150
const EVERY_MS = 30_000

/** How often it is played the first time: code that ran once is still slow. */
const FIRST_PLAYS = 3

/** Nobody waits for a rehearsal: so long at a time, so far apart, and only while this process has time. */
const SLICE_MS = 2
const PAUSE_MS = 10
const BUSY = 0.6

/**
 * Plays a take-over in memory while this process has nothing else to do. A real one comes once in months, and its code
 * would then be compiled while everybody waits. `load`: the share of the time in which this process had work since it was
 * last asked. Returns what ends it.
 */
export function rehearse(
  { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
  load: () => number,
  begin: () => () => boolean = play,
): () => void {
  let step: (() => boolean) | null = null
  let plays = FIRST_PLAYS
  let timer: Timer
  const next = (): number => {
    if (load() > BUSY) return PAUSE_MS
    const endMs = clock.now().monotonicMs + SLICE_MS
    step ??= begin()
    while (step()) if (clock.now().monotonicMs >= endMs) return PAUSE_MS
    step = null
    plays -= 1
    if (plays > 0) return PAUSE_MS
    plays = 1
    return EVERY_MS
  }
  const slice = (): void => {
    try {
      timer = timers.set(next(), slice)
    } catch {
      // A play that fails must not hurt what it is played for: it is not played again.
    }
  }
  timer = timers.set(FIRST_MS, slice)
  return () => timer.cancel()
}
