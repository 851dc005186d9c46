import type { RateLimit } from '../limits.js'

interface Bucket {
  left: number
  atMs: number
}

/** A token bucket for each address and one for all. What is refused costs nothing. */
export class Rates {
  readonly #each: RateLimit
  readonly #all: RateLimit
  readonly #addresses: number
  readonly #buckets = new Map<string, Bucket>()
  readonly #total: Bucket

  constructor(each: RateLimit, all: RateLimit, addresses: number) {
    this.#each = each
    this.#all = all
    this.#addresses = addresses
    this.#total = { left: all.burst, atMs: 0 }
  }

  take(address: string, nowMs: number): boolean {
    const own = this.#buckets.get(address) ?? { left: this.#each.burst, atMs: nowMs }
    this.#buckets.delete(address)
    this.#buckets.set(address, own)
    if (this.#buckets.size > this.#addresses) {
      const [oldest] = this.#buckets.keys()
      if (oldest !== undefined) this.#buckets.delete(oldest)
    }
    refill(own, this.#each, nowMs)
    refill(this.#total, this.#all, nowMs)
    if (own.left < 1 || this.#total.left < 1) return false
    own.left -= 1
    this.#total.left -= 1
    return true
  }
}

function refill(bucket: Bucket, { burst, perSecond }: RateLimit, nowMs: number): void {
  bucket.left = Math.min(burst, bucket.left + (Math.max(0, nowMs - bucket.atMs) / 1_000) * perSecond)
  bucket.atMs = nowMs
}
