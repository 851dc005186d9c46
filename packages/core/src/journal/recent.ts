import type { Entry } from './types.js'

/** What an entry costs beside its payload, roughly: two objects, a view, and its place in lists. */
const ENTRY_BYTES = 256

/** The newest entries in memory, without a gap up to the last one. */
export class RecentEntries {
  /** What is forgotten leaves its slot at once. */
  #items: (Entry | undefined)[] = []
  #head = 0
  #from: number
  #bytes = 0

  constructor(from: number) {
    this.#from = from
  }

  /** Index of the first entry held here. */
  get from(): number {
    return this.#from
  }

  /** Index behind the last entry. */
  get next(): number {
    return this.#from + this.#items.length - this.#head
  }

  at(index: number): Entry | undefined {
    return index < this.#from ? undefined : this.#items[this.#head + index - this.#from]
  }

  push(entry: Entry): void {
    this.#items.push(entry)
    this.#bytes += ENTRY_BYTES + entry.payload.length
  }

  truncateFrom(index: number): void {
    while (this.next > index && this.next > this.#from) {
      this.#bytes -= ENTRY_BYTES + this.#items.pop()!.payload.length
    }
    if (index < this.#from) this.#from = index
  }

  /** Forgets those below `index`. */
  dropBefore(index: number): void {
    while (this.#from < index && this.next > this.#from) this.#shift()
    this.#from = Math.max(this.#from, index)
    this.#tidy()
  }

  /** Forgets the oldest while there are more than `limitBytes`, but none from `keepFrom` on. */
  trim(limitBytes: number, keepFrom: number): void {
    while (this.#bytes > limitBytes && this.#from < keepFrom && this.next > this.#from) {
      this.#shift()
    }
    this.#tidy()
  }

  #shift(): void {
    this.#bytes -= ENTRY_BYTES + this.#items[this.#head]!.payload.length
    this.#items[this.#head] = undefined
    this.#head++
    this.#from++
  }

  /** Frees what was forgotten, at a cost in proportion to it. */
  #tidy(): void {
    if (this.#head > 1_024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
  }
}
