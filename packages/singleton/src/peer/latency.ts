/** Two buckets an octave from 0.1 ms up to about 74 s; the last takes what is longer. */
const STEPS = 40

/** Upper ends of the buckets in milliseconds, rising. */
export const LATENCY_BOUNDS_MS: readonly number[] = Object.freeze([
  ...Array.from({ length: STEPS }, (_, i) => Number((0.1 * 2 ** (i / 2)).toPrecision(6))),
  Infinity,
])

/** How long things took, as counts by bucket: see `LATENCY_BOUNDS_MS`. Plain data. */
export interface LatencyHistogram {
  readonly count: number
  readonly sumMs: number
  readonly maxMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly buckets: readonly number[]
}

/** A histogram of fixed size. */
export class Latency {
  readonly #buckets = new Uint32Array(STEPS + 1)
  #count = 0
  #sumMs = 0
  #maxMs = 0

  record(ms: number): void {
    // A clock that was set back counts as no time.
    const taken = ms > 0 ? ms : 0
    this.#count += 1
    this.#sumMs += taken
    if (taken > this.#maxMs) this.#maxMs = taken
    const at = taken <= 0.1 ? 0 : Math.min(STEPS, Math.ceil(2 * Math.log2(taken * 10)))
    this.#buckets[at]! += 1
  }

  read(): LatencyHistogram {
    const counts = { count: this.#count, sumMs: this.#sumMs, maxMs: this.#maxMs, buckets: [...this.#buckets] }
    return { ...counts, p50Ms: quantileMs(counts, 0.5), p99Ms: quantileMs(counts, 0.99) }
  }
}

/**
 * Below this, so large a share (0 to 1) of what was measured ended: within a bucket it is taken as spread evenly, so
 * it is at most 42 % too large or 30 % too small. 0 when nothing was measured.
 */
export function quantileMs(
  { count, maxMs, buckets }: Pick<LatencyHistogram, 'count' | 'maxMs' | 'buckets'>,
  share: number,
): number {
  let left = count * share
  for (const [at, held] of buckets.entries()) {
    if (held > 0 && left <= held) {
      const from = at === 0 ? 0 : (LATENCY_BOUNDS_MS[at - 1] ?? 0)
      const to = Math.min(maxMs, LATENCY_BOUNDS_MS[at] ?? maxMs)
      return from + Math.max(0, to - from) * (left / held)
    }
    left -= held
  }
  return maxMs
}
