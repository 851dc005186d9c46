/** The term of every index, as runs: terms change rarely and never decrease. */
export class TermRuns {
  readonly #from: number[]
  readonly #term: number[]

  /** Begins with the term of the entry at `index`, the one before the first that is held. */
  constructor(index: number, term: number) {
    this.#from = [index]
    this.#term = [term]
  }

  /** The last term. */
  get last(): number {
    return this.#term[this.#term.length - 1]!
  }

  at(index: number): number {
    let low = 0
    let high = this.#from.length - 1
    if (index >= this.#from[high]!) return this.#term[high]!
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#from[middle]! <= index) low = middle
      else high = middle - 1
    }
    return this.#term[low]!
  }

  push(index: number, term: number): void {
    if (term === this.last) return
    this.#from.push(index)
    this.#term.push(term)
  }

  /** Forgets what is known of indices below `index`. */
  dropBefore(index: number): void {
    let runs = 0
    while (runs + 1 < this.#from.length && this.#from[runs + 1]! <= index) runs++
    this.#from.splice(0, runs)
    this.#term.splice(0, runs)
  }

  truncateFrom(index: number): void {
    while (this.#from.length > 1 && this.#from[this.#from.length - 1]! >= index) {
      this.#from.pop()
      this.#term.pop()
    }
  }
}
