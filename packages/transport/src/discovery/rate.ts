interface Bucket {
  tokens: number
  atMs: number
}

/** So many in a second, at once or spread. */
export class Rate {
  readonly #perSecond: number
  readonly #bucket: Bucket

  constructor(perSecond: number) {
    this.#perSecond = perSecond
    this.#bucket = { tokens: perSecond, atMs: 0 }
  }

  take(nowMs: number): boolean {
    return draw(this.#bucket, this.#perSecond, nowMs)
  }
}

/** The same for each source, as many sources as there is room for. */
export class Rates {
  readonly #perSecond: number
  readonly #atMost: number
  readonly #buckets = new Map<string, Bucket>()

  constructor(perSecond: number, atMost: number) {
    this.#perSecond = perSecond
    this.#atMost = atMost
  }

  get size(): number {
    return this.#buckets.size
  }

  take(source: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(source) ?? { tokens: this.#perSecond, atMs: nowMs }
    this.#buckets.delete(source)
    this.#buckets.set(source, bucket)
    if (this.#buckets.size > this.#atMost) {
      const [oldest] = this.#buckets.keys()
      if (oldest !== undefined) this.#buckets.delete(oldest)
    }
    return draw(bucket, this.#perSecond, nowMs)
  }
}

function draw(bucket: Bucket, perSecond: number, nowMs: number): boolean {
  bucket.tokens = Math.min(perSecond, bucket.tokens + ((nowMs - bucket.atMs) / 1_000) * perSecond)
  bucket.atMs = nowMs
  if (bucket.tokens < 1) return false
  bucket.tokens -= 1
  return true
}
