const EMPTY = -1
const FEWEST = 4
/** A table that grew beyond this is given up as soon as it is empty. */
const KEPT = 4_096

/**
 * From whole numbers (0 and above) to values, for what comes and goes all the time.
 *
 * A `Map` makes itself a new table every few deletions, and V8 leaves in the old table what it held, and a pointer to
 * the next. Once one of these tables is in the old generation, the collector of the young one takes all that follow for
 * reachable and moves them there too, with everything they ever held: kilobytes for each command, until a full
 * collection, which begins it anew. Here one table is used again and again, and what is deleted is let go.
 */
export class NumberMap<V> {
  #keys: number[] = Array<number>(FEWEST).fill(EMPTY)
  #values: (V | undefined)[] = Array<V | undefined>(FEWEST).fill(undefined)
  #size = 0
  /** Keys that are not in their own place. Of numbers that follow each other, as long as they fit, there are none. */
  #displaced = 0

  get size(): number {
    return this.#size
  }

  get(key: number): V | undefined {
    return this.#values[this.#find(key)]
  }

  has(key: number): boolean {
    return this.#keys[this.#find(key)] === key
  }

  set(key: number, value: V): void {
    let at = this.#find(key)
    if (this.#keys[at] === EMPTY) {
      this.#size += 1
      if (this.#size * 4 > this.#keys.length * 3) {
        this.#grow()
        at = this.#find(key)
      }
      this.#keys[at] = key
      if (at !== (key & (this.#keys.length - 1))) this.#displaced += 1
    }
    this.#values[at] = value
  }

  delete(key: number): boolean {
    let gap = this.#find(key)
    if (this.#keys[gap] === EMPTY) return false
    const mask = this.#keys.length - 1
    if (gap !== (key & mask)) this.#displaced -= 1
    // What comes behind moves up, unless it would come before its own place.
    for (let at = (gap + 1) & mask; this.#displaced > 0 && this.#keys[at] !== EMPTY; at = (at + 1) & mask) {
      const other = this.#keys[at]!
      if (((at - other) & mask) < ((at - gap) & mask)) continue
      if (gap === (other & mask)) this.#displaced -= 1
      this.#keys[gap] = other
      this.#values[gap] = this.#values[at]
      gap = at
    }
    this.#keys[gap] = EMPTY
    this.#values[gap] = undefined
    this.#size -= 1
    if (this.#size === 0 && this.#keys.length > KEPT) this.clear()
    return true
  }

  clear(): void {
    this.#keys = Array<number>(FEWEST).fill(EMPTY)
    this.#values = Array<V | undefined>(FEWEST).fill(undefined)
    this.#size = 0
    this.#displaced = 0
  }

  copy(): NumberMap<V> {
    const copy = new NumberMap<V>()
    copy.#keys = [...this.#keys]
    copy.#values = [...this.#values]
    copy.#size = this.#size
    copy.#displaced = this.#displaced
    return copy
  }

  /** In no order that means anything. A copy, as the following ones. */
  keys(): number[] {
    return this.#keys.filter((key) => key !== EMPTY)
  }

  /** By key, the least first. */
  ascending(): [number, V][] {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each key has a value
    const pairs = this.keys().map((key): [number, V] => [key, this.get(key) as V])
    return pairs.toSorted(([a], [b]) => a - b)
  }

  /** Where the key is, or where it would go. */
  #find(key: number): number {
    const keys = this.#keys
    const mask = keys.length - 1
    let at = key & mask
    while (keys[at] !== key && keys[at] !== EMPTY) at = (at + 1) & mask
    return at
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values]
    this.#keys = Array<number>(keys.length * 2).fill(EMPTY)
    this.#values = Array<V | undefined>(keys.length * 2).fill(undefined)
    this.#displaced = 0
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] === EMPTY) continue
      const at = this.#find(keys[i]!)
      if (at !== (keys[i]! & (this.#keys.length - 1))) this.#displaced += 1
      this.#keys[at] = keys[i]!
      this.#values[at] = values[i]
    }
  }
}
