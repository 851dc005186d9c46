import type { Timer, Timers } from '../host/index.js'
import type { ActorCell } from './cell.js'
import { halt, renew } from './lifecycle.js'

/**
 * A restart of several siblings: they halt one after another, the youngest first, wait out the back-off, and begin
 * one after another, the oldest first. Members that stop meanwhile are passed over.
 */
export class Group {
  readonly members: readonly ActorCell[]
  readonly error: unknown
  readonly delayMs: number
  readonly #timers: Timers
  readonly #done: () => void
  #stage: 'halting' | 'waiting' | 'beginning' | 'over' = 'halting'
  #at: number
  #timer: Timer | undefined
  #moving = false

  /** `members`: oldest first. */
  constructor(
    members: readonly ActorCell[],
    error: unknown,
    delayMs: number,
    timers: Timers,
    done: () => void,
  ) {
    this.members = members
    this.error = error
    this.delayMs = delayMs
    this.#timers = timers
    this.#done = done
    this.#at = members.length - 1
  }

  /** Nothing is done any more; its members stay as they are. */
  leave(): void {
    this.#stage = 'over'
    this.#timer?.cancel()
  }

  /** To be called when a member came a step further. */
  moved(): void {
    if (this.#moving) return
    this.#moving = true
    if (this.#stage === 'halting') this.#halt()
    if (this.#stage === 'beginning') this.#begin()
    this.#moving = false
  }

  #halt(): void {
    for (; this.#at >= 0; this.#at--) {
      const member = this.members[this.#at]
      if (member === undefined || member.isEnding) continue
      if (member.phase !== 'halted') halt(member, this.error, null)
      if (member.phase !== 'halted') return
    }
    this.#at = 0
    this.#stage = this.delayMs > 0 ? 'waiting' : 'beginning'
    if (this.delayMs > 0) this.#timer = this.#timers.set(this.delayMs, () => this.#waited())
  }

  #waited(): void {
    this.#stage = 'beginning'
    this.moved()
  }

  #begin(): void {
    for (; this.#at < this.members.length; this.#at++) {
      const member = this.members[this.#at]
      if (member === undefined || member.isEnding) continue
      if (member.phase === 'halted') renew(member)
      if (member.phase === 'renewing') return
    }
    this.#stage = 'over'
    this.#done()
  }
}
