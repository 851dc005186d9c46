import type { Membership, Step } from './state.js'

/**
 * Lifeguard's local health: 0 is well, 7 the worst. A member that was late itself, or wrong about others, doubts
 * itself first: its limits for judging others grow with the score. Only large clusters scale by it: in a full mesh
 * every other member is a witness already, and who was late counts all silence anew.
 */
export interface Health {
  score: number
  /** When the score changed last: it falls by one for each second without a disturbance. */
  sinceMs: number
  /** How late the own timers were when they were last too late to judge. */
  lateMs: number
}

const WORST = 7
const CALM_MS = 1_000

export function createHealth(): Health {
  return { score: 0, sinceMs: Number.NEGATIVE_INFINITY, lateMs: 0 }
}

/** A limit for judging others, longer while this peer itself is not well. */
export function scaledMs(state: Membership, ms: number): number {
  return ms * (state.health.score + 1)
}

/** The own timers were late by more than two beats. */
export function wasLate(s: Step, lateMs: number): void {
  s.state.health.lateMs = lateMs
  disturb(s)
}

/** This peer had to refute what others said of it: they may not have heard it in time. */
export function refuted(s: Step): void {
  disturb(s)
}

/** Somebody whom this peer accused has answered. */
export function wasWrong(s: Step): void {
  disturb(s)
}

/** Once for each beat. */
export function recover(s: Step): void {
  const { health } = s.state
  if (health.score === 0 || s.now - health.sinceMs < CALM_MS) return
  health.score -= 1
  health.sinceMs = s.now
}

function disturb(s: Step): void {
  const { health } = s.state
  health.score = Math.min(WORST, health.score + 1)
  health.sinceMs = s.now
}
