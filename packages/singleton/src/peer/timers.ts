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

  /** As `set(key, null)`, and the host has no timer left that would wake the process for nothing. */
  cancel(key: string): void {
    this.#due.delete(key)
    this.#armed.get(key)?.timer.cancel()
    this.#armed.delete(key)
  }

  leftMs(key: string): number | null {
    const due = this.#due.get(key)
    return due === undefined ? null : due - this.#clock.now().monotonicMs
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
