/** One thing that waits for its moment. Taken from a pool and given back, so that a run makes no garbage. */
export class WheelEvent {
  /** When, in ticks; whole. */
  tick = 0
  kind = 0
  /** Where it happens; -1 for nobody. */
  node = 0
  /** Who sent it, or which life set it. */
  from = 0
  /** What it carries: a message, the key of a timer, or a script. */
  data: unknown = undefined
  key = ''
  script: (() => void) | null = null
  /** The bucket it waits in; -1 while it does not wait. */
  bucket = -1
  next: WheelEvent | null = null
  prev: WheelEvent | null = null
}

const SLOTS = 1_024
const WORDS = SLOTS / 32
const LEVELS = 5

function emptyBuckets(): (WheelEvent | null)[] {
  const buckets: (WheelEvent | null)[] = []
  for (let i = 0; i < LEVELS * SLOTS; i++) buckets.push(null)
  return buckets
}

/**
 * A hierarchical timing wheel (Varghese and Lauck, SOSP 1987): adding, removing and taking the next event cost
 * the same with ten events as with a million. Events of one tick come out in the order in which they went in.
 * Level 0 holds the present window of 1,024 ticks, level n windows of 1,024^n; a window is spread over the level
 * below when it becomes the present one, which keeps that order. No tick may lie before the last one asked for.
 */
export class TimingWheel {
  size = 0
  readonly #heads: (WheelEvent | null)[] = emptyBuckets()
  readonly #tails: (WheelEvent | null)[] = emptyBuckets()
  /** A bit for each bucket that is not empty, and a bit for each such word. */
  readonly #bits = new Int32Array(LEVELS * WORDS)
  readonly #words = new Int32Array(LEVELS)
  /** Number of the present window at each level: `floor(tick / 1024^(level + 1))`. */
  #window0 = 0
  #window1 = 0
  #window2 = 0
  #window3 = 0

  add(event: WheelEvent): void {
    this.size += 1
    this.#put(event)
  }

  remove(event: WheelEvent): void {
    const { bucket, prev, next } = event
    if (bucket < 0) return
    this.size -= 1
    if (prev) prev.next = next
    else this.#heads[bucket] = next
    if (next) next.prev = prev
    else this.#tails[bucket] = prev
    if (!prev && !next) this.#clear(bucket)
    event.bucket = -1
    event.prev = null
    event.next = null
  }

  /** Takes what waits in the present window for this tick and node, in order. */
  removeAt(tick: number, node: number): WheelEvent[] {
    const slot = tick - this.#window0 * SLOTS
    if (slot < 0 || slot >= SLOTS) return []
    const found: WheelEvent[] = []
    for (let event = this.#heads[slot] ?? null; event; event = event.next)
      if (event.node === node) found.push(event)
    for (const event of found) this.remove(event)
    return found
  }

  /** Takes the next event that is due by `end`. */
  take(end: number): WheelEvent | null {
    for (;;) {
      const slot = this.#first(0)
      if (slot >= 0) {
        const event = this.#heads[slot]!
        if (event.tick > end) return null
        this.remove(event)
        return event
      }
      if (this.size === 0 || !this.#turn(end)) return null
    }
  }

  #put(event: WheelEvent): void {
    const { tick } = event
    const window0 = Math.floor(tick / SLOTS)
    if (window0 === this.#window0) return this.#link(event, tick - window0 * SLOTS)
    const window1 = Math.floor(window0 / SLOTS)
    if (window1 === this.#window1) return this.#link(event, SLOTS + window0 - window1 * SLOTS)
    const window2 = Math.floor(window1 / SLOTS)
    if (window2 === this.#window2) return this.#link(event, 2 * SLOTS + window1 - window2 * SLOTS)
    const window3 = Math.floor(window2 / SLOTS)
    if (window3 === this.#window3) return this.#link(event, 3 * SLOTS + window2 - window3 * SLOTS)
    this.#link(event, 4 * SLOTS + window3)
  }

  #link(event: WheelEvent, bucket: number): void {
    const tail = this.#tails[bucket] ?? null
    event.bucket = bucket
    event.prev = tail
    event.next = null
    this.#tails[bucket] = event
    if (tail) tail.next = event
    else {
      this.#heads[bucket] = event
      const word = bucket >>> 5
      this.#bits[word]! |= 1 << (bucket & 31)
      this.#words[bucket >>> 10]! |= 1 << (word & 31)
    }
  }

  #clear(bucket: number): void {
    const word = bucket >>> 5
    this.#bits[word]! &= ~(1 << (bucket & 31))
    if (this.#bits[word] === 0) this.#words[bucket >>> 10]! &= ~(1 << (word & 31))
  }

  /** The first bucket of this level that is not empty, or -1. */
  #first(level: number): number {
    const words = this.#words[level]!
    if (words === 0) return -1
    const word = level * WORDS + 31 - Math.clz32(words & -words)
    const bits = this.#bits[word]!
    return word * 32 + 31 - Math.clz32(bits & -bits)
  }

  /** Makes the next window with events the present one, unless it begins after `end`. */
  #turn(end: number): boolean {
    for (let level = 1; level < LEVELS; level++) {
      const bucket = this.#first(level)
      if (bucket < 0) continue
      const window = this.#above(level) * SLOTS + (bucket - level * SLOTS)
      const starts = window * SLOTS ** level
      if (starts > end) return false
      this.#enter(level, window)
      this.#spread(bucket)
      return true
    }
    return false
  }

  #above(level: number): number {
    if (level === 1) return this.#window1
    if (level === 2) return this.#window2
    return level === 3 ? this.#window3 : 0
  }

  #enter(level: number, window: number): void {
    if (level === 4) this.#window3 = window
    if (level >= 3) this.#window2 = level === 3 ? window : this.#window3 * SLOTS
    if (level >= 2) this.#window1 = level === 2 ? window : this.#window2 * SLOTS
    this.#window0 = level === 1 ? window : this.#window1 * SLOTS
  }

  #spread(bucket: number): void {
    let event = this.#heads[bucket] ?? null
    this.#heads[bucket] = null
    this.#tails[bucket] = null
    this.#clear(bucket)
    while (event) {
      const { next } = event
      this.#put(event)
      event = next
    }
  }
}
