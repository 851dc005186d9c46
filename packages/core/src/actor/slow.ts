import type { Timer, Timers } from '../host/index.js'

interface Running {
  readonly during: string
  readonly sinceTick: number
  told: boolean
}

/** In how many steps the limit is counted: a report is late by at most one of them. */
const ticksPerLimit = 10

/**
 * Reports handlers that do not return within a limit, each once. One timer for all, and none while nothing runs:
 * it only counts ticks, so that an asynchronous message costs an entry in a map.
 */
export class SlowHandlers {
  readonly #timers: Timers
  readonly #tickMs: number
  readonly #report: (path: string, during: string) => void
  readonly #running = new Map<{ readonly path: string }, Running>()
  #tick = 0
  #timer: Timer | undefined

  constructor(timers: Timers, limitMs: number, report: (path: string, during: string) => void) {
    this.#timers = timers
    this.#tickMs = limitMs / ticksPerLimit
    this.#report = report
  }

  begin(cell: { readonly path: string }, during: string): void {
    this.#running.set(cell, { during, sinceTick: this.#tick, told: false })
    if (this.#timer === undefined && Number.isFinite(this.#tickMs)) this.#arm()
  }

  end(cell: { readonly path: string }): void {
    this.#running.delete(cell)
  }

  /** What runs now and has not returned. */
  running(cell: { readonly path: string }): string | undefined {
    return this.#running.get(cell)?.during
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #arm(): void {
    this.#timer = this.#timers.set(this.#tickMs, () => this.#look())
  }

  #look(): void {
    this.#tick++
    this.#timer = undefined
    for (const [cell, running] of this.#running) {
      // In the order of their beginnings: the rest is younger.
      if (this.#tick - running.sinceTick <= ticksPerLimit) break
      if (running.told) continue
      running.told = true
      this.#report(cell.path, running.during)
    }
    if (this.#running.size > 0) this.#arm()
  }
}
