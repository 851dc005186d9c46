import type { Clock, Timer, Timers } from '@tanist/core'

/**
 * Timers by key that are re-armed far more often than they fire (every beat moves the election): a host timer
 * that would fire too early is left alone and asks again then.
 */
export class KeyedTimers {
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #fire: (key: string) => void
  readonly #due = new Map<string, number>()
  readonly #armed = new Map<string, { readonly atMs: number; readonly timer: Timer }>()

  constructor(host: { readonly clock: Clock; readonly timers: Timers }, fire: (key: string) => void) {
    this.#clock = host.clock
    this.#timers = host.timers
    this.#fire = fire
  }

  set(key: string, afterMs: number | null): void {
    if (afterMs === null) {
      this.#due.delete(key)
      return
    }
    const atMs = this.#clock.now().monotonicMs + Math.max(0, afterMs)
    this.#due.set(key, atMs)
    const armed = this.#armed.get(key)
    if (armed && armed.atMs <= atMs) return
    armed?.timer.cancel()
    this.#arm(key, atMs, afterMs)
  }

  cancelAll(): void {
    for (const { timer } of this.#armed.values()) timer.cancel()
    this.#armed.clear()
    this.#due.clear()
  }

  #arm(key: string, atMs: number, afterMs: number): void {
    const timer = this.#timers.set(Math.max(0, afterMs), () => this.#onTimer(key))
    this.#armed.set(key, { atMs, timer })
  }

  #onTimer(key: string): void {
    this.#armed.delete(key)
    const due = this.#due.get(key)
    if (due === undefined) return
    const leftMs = due - this.#clock.now().monotonicMs
    if (leftMs > 0.5) {
      this.#arm(key, due, leftMs)
      return
    }
    this.#due.delete(key)
    this.#fire(key)
  }
}
