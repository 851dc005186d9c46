import type { Random } from '../../host/index.js'
import { Layers } from '../quality.js'
import type { PlainQuality } from './types.js'

export const TICKS_PER_MS = 1_024

/** One direction that differs from the rest, or that has to remember the order. */
export class PlainPath {
  readonly layers: Layers<PlainQuality>
  /** Those that are not undone. */
  readonly cuts: Set<object> = new Set()
  /** The last arrival in order, in ticks. */
  lastTick = 0
  /** Sent during a cut that holds. */
  held: unknown[] = []

  constructor(base: PlainQuality) {
    this.layers = new Layers(base)
  }

  heal(): void {
    this.cuts.clear()
    this.layers.clear()
  }
}

/** Ticks on the road, at least one: what is sent never arrives in the same moment. */
export function travelTicks(quality: PlainQuality, random: Random): number {
  const { latencyMinMs, latencyMaxMs } = quality
  const ms = latencyMinMs + random.next() * (latencyMaxMs - latencyMinMs)
  return Math.max(1, Math.ceil(ms * TICKS_PER_MS))
}
