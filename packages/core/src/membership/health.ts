import type { Membership } from './state.js'

/** Lifeguard's local health: 0 is well, 7 the worst. Grows when this peer itself was late or wrong. */
export interface Health {
  score: number
}

export function createHealth(): Health {
  return { score: 0 }
}

/** A limit for judging others, longer while this peer itself is not well. */
export function scaledMs(state: Membership, ms: number): number {
  return ms * (state.health.score + 1)
}
