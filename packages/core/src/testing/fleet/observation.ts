import type { Seat } from './seat.js'

/** Who learned of one thing, and when. */
export class Observation {
  readonly sinceMs: number
  readonly #knewMs = new Map<number, number>()
  readonly #asked: () => readonly Seat[]

  constructor(sinceMs: number, asked: () => readonly Seat[]) {
    this.sinceMs = sinceMs
    this.#asked = asked
  }

  knows(at: number, nowMs: number): void {
    if (!this.#knewMs.has(at)) this.#knewMs.set(at, nowMs)
  }

  /** How long it took until the first of those who are to know knew; NaN: nobody does. */
  get firstMs(): number {
    return this.#times()[0] ?? Number.NaN
  }

  /** Until the last of them knew; NaN while somebody does not. */
  get lastMs(): number {
    return this.missing().length > 0 ? Number.NaN : (this.#times().at(-1) ?? Number.NaN)
  }

  /** Who is to know and does not. */
  missing(): number[] {
    return this.#asked()
      .filter((seat) => !this.#knewMs.has(seat.at))
      .map((seat) => seat.at)
  }

  #times(): number[] {
    const times = this.#asked().flatMap((seat) => this.#knewMs.get(seat.at) ?? [])
    return times.map((ms) => ms - this.sinceMs).toSorted((a, b) => a - b)
  }
}
