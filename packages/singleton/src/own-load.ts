import type { Timer, Timers } from '@tanist/core'

const EVERY_MS = 1_000
/** A load is told when it differs by more than this from the one told last: small changes are no news. */
const STEP = 0.1

/** Measures once a second, and tells what matters. Returns what ends it. */
export function tellLoad(timers: Timers, measure: () => number, tell: (load: number) => void): () => void {
  let told: number | null = null
  let timer: Timer
  const look = (): void => {
    timer = timers.set(EVERY_MS, look)
    const load = Math.round(measure() * 100) / 100
    if (told !== null && Math.abs(load - told) <= STEP) return
    told = load
    tell(load)
  }
  timer = timers.set(EVERY_MS, look)
  return () => timer.cancel()
}
