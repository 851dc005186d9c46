import type { Random } from '../../host/index.js'
import { invariant } from '../../invariant.js'
import type { PlainQuality } from './types.js'

export const TICKS_PER_MS = 1_024

export const defaultPlainQuality: PlainQuality = {
  latencyMinMs: 0.2,
  latencyMaxMs: 1,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  reorderMs: 20,
}

/** One direction that differs from the rest, or that has to remember the order. */
export class PlainPath {
  quality: PlainQuality
  cuts = 0
  /** The last arrival in order, in ticks. */
  lastTick = 0
  /** Sent during a cut that holds. */
  held: unknown[] = []
  readonly #overlays: Partial<PlainQuality>[] = []
  readonly #base: PlainQuality

  constructor(base: PlainQuality) {
    this.#base = base
    this.quality = base
  }

  overlay(change: Partial<PlainQuality>): () => void {
    this.#overlays.push(change)
    this.#apply()
    return () => {
      const at = this.#overlays.indexOf(change)
      if (at >= 0) this.#overlays.splice(at, 1)
      this.#apply()
    }
  }

  heal(): void {
    this.cuts = 0
    this.#overlays.length = 0
    this.quality = this.#base
  }

  #apply(): void {
    this.quality = this.#overlays.reduce<PlainQuality>((now, change) => ({ ...now, ...change }), this.#base)
  }
}

export function checkedQuality(quality: PlainQuality): PlainQuality {
  const { latencyMinMs, latencyMaxMs, loss, duplicate, reorder } = quality
  invariant(latencyMinMs >= 0 && latencyMaxMs >= latencyMinMs, 'a latency lies between 0 and its maximum')
  for (const share of [loss, duplicate, reorder]) invariant(share >= 0 && share <= 1, 'a share is 0 to 1')
  return quality
}

/** Ticks on the road, at least one: what is sent never arrives in the same moment. */
export function travelTicks(quality: PlainQuality, random: Random): number {
  const { latencyMinMs, latencyMaxMs } = quality
  const ms = latencyMinMs + random.next() * (latencyMaxMs - latencyMinMs)
  return Math.max(1, Math.ceil(ms * TICKS_PER_MS))
}
