import type { Clock, Timer, Timers } from '@tanist/core'

/** A slice of work; between two of them everybody else gets as much time. */
const SLICE_MS = 4
/** In a world where computing takes no time, slices end all the same. */
const SLICE_STEPS = 64

/** Long work in slices, so that no beat is missed. One at a time. */
export class Slices {
  readonly #clock: Clock
  readonly #timers: Timers
  #timer: Timer | null = null

  constructor(host: { readonly clock: Clock; readonly timers: Timers }) {
    this.#clock = host.clock
    this.#timers = host.timers
  }

  get busy(): boolean {
    return this.#timer !== null
  }

  /** Calls `step` until it says that it is done; the first time later, never within `run`. */
  run(step: () => boolean): void {
    this.stop()
    this.#timer = this.#timers.set(0, () => this.#slice(step))
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #slice(step: () => boolean): void {
    const startMs = this.#clock.now().monotonicMs
    for (let steps = 0; steps < SLICE_STEPS; steps++) {
      if (step()) {
        this.#timer = null
        return
      }
      if (this.#clock.now().monotonicMs - startMs >= SLICE_MS) break
    }
    this.#timer = this.#timers.set(SLICE_MS, () => this.#slice(step))
  }
}
