import { DiskError, type SyncDone } from '../host/index.js'

/** Starts one thing on the disk and calls `done` exactly once, possibly at once; may throw a `DiskError` instead. */
export type Step = (done: SyncDone) => void

/**
 * Runs disk steps one after the other, and callbacks of callers in order between them.
 *
 * - `next` gives the step to run now, or undefined when there is nothing to do. At most one step is under way.
 * - `failed` hears of a step that failed; `next` must give none afterwards.
 * - `call` queues a callback; it runs in a later `run`, never inside a step, always in order. Callbacks run
 *   before the next step starts, and may come back in by `call` and `run` as they like: nothing recurses, also
 *   on a disk that syncs in place.
 */
export class Sequence {
  readonly #next: () => Step | undefined
  readonly #failed: (error: DiskError) => void
  #calls: Array<() => void> = []
  #called = 0
  #stepping = false
  #running = false

  constructor(next: () => Step | undefined, failed: (error: DiskError) => void) {
    this.#next = next
    this.#failed = failed
  }

  call(callback: () => void): void {
    this.#calls.push(callback)
  }

  run(): void {
    if (this.#running) return
    this.#running = true
    try {
      while (this.#callOne() || this.#stepOne());
    } finally {
      this.#running = false
    }
  }

  #callOne(): boolean {
    const callback = this.#calls[this.#called]
    if (callback === undefined) return false
    this.#called++
    if (this.#called === this.#calls.length) {
      this.#calls = []
      this.#called = 0
    }
    callback()
    return true
  }

  #stepOne(): boolean {
    if (this.#stepping) return false
    const step = this.#next()
    if (step === undefined) return false
    this.#stepping = true
    try {
      step((error) => this.#finish(error))
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      this.#finish(error)
    }
    return true
  }

  #finish(error?: DiskError): void {
    this.#stepping = false
    if (error !== undefined) this.#failed(error)
    this.run()
  }
}
