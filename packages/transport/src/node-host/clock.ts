import { randomBytes } from 'node:crypto'
import type { Clock, Random, Timers } from '@tanist/core'

export const nodeClock: Clock = {
  now: () => ({ monotonicMs: performance.now(), wallMs: Date.now() }),
}

/** Longer delays overflow Node's timers and would fire at once. */
const longestDelayMs = 2 ** 31 - 1

export const nodeTimers: Timers = {
  set(delayMs, fire) {
    const dueMs = performance.now() + delayMs
    let handle: NodeJS.Timeout
    const arm = (): void => {
      // Node fires up to a millisecond early; a step machine would find its deadline not yet reached.
      const leftMs = dueMs - performance.now()
      handle = setTimeout(
        () => (performance.now() < dueMs ? arm() : fire()),
        Math.min(Math.ceil(leftMs), longestDelayMs),
      )
    }
    arm()
    return { cancel: () => clearTimeout(handle) }
  },
}

export const nodeRandom: Random = {
  next: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  id: () => randomBytes(16).toString('hex'),
}
