import type { About, AboutChange } from '@tanist/core'

/** Told at most so often: members choose by it where to send clients, and it costs all of them a message. */
const TELL_MS = 5_000

/** Tells the other members how many clients there are here, unless the application says something else itself. */
export class ClientCount {
  #told: number | null = null
  #toldMs = -Infinity

  /** There is something that must be taken back. */
  get tells(): boolean {
    return this.#told !== null
  }

  /** What to announce now; null: nothing. */
  look(clients: number, about: About | null, nowMs: number): AboutChange | null {
    const said = about?.clients ?? null
    if (said !== this.#told || clients === (this.#told ?? 0) || nowMs - this.#toldMs < TELL_MS) return null
    this.#told = clients === 0 ? null : clients
    this.#toldMs = nowMs
    return { clients: this.#told }
  }
}
