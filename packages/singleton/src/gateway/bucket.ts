export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** A token bucket, full at the begin. */
export class Bucket {
  readonly #rate: Rate
  #tokens: number
  #atMs: number

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate
    this.#tokens = rate.burst
    this.#atMs = nowMs
  }

  /** False when there are not so many; then none is taken. */
  take(nowMs: number, count: number = 1): boolean {
    const { perSecond, burst } = this.#rate
    const elapsedMs = Math.max(0, nowMs - this.#atMs)
    this.#tokens = Math.min(burst, this.#tokens + (elapsedMs * perSecond) / 1_000)
    this.#atMs = Math.max(this.#atMs, nowMs)
    if (this.#tokens < count) return false
    this.#tokens -= count
    return true
  }
}
