const FEWEST = 16
/** A ring that grew beyond this is given up as soon as it is empty. */
const KEPT = 4_096

/** First in, first out, in a ring that doubles when it is full: nothing is copied or allocated per item. */
export class Queue<T> {
  #slots: (T | undefined)[] = ring(FEWEST)
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  push(item: T): void {
    if (this.#size === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.#size) & (this.#slots.length - 1)] = item
    this.#size += 1
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const head = this.#head
    const item = this.#slots[head]
    this.#slots[head] = undefined
    this.#head = (head + 1) & (this.#slots.length - 1)
    this.#size -= 1
    if (this.#size === 0 && this.#slots.length > KEPT) this.clear()
    return item
  }

  clear(): void {
    this.#slots = ring(FEWEST)
    this.#head = 0
    this.#size = 0
  }

  #grow(): void {
    const slots = this.#slots
    const more = ring<T>(slots.length * 2)
    for (let n = 0; n < slots.length; n++) more[n] = slots[(this.#head + n) & (slots.length - 1)]
    this.#slots = more
    this.#head = 0
  }
}

function ring<T>(length: number): (T | undefined)[] {
  return Array<T | undefined>(length).fill(undefined)
}
