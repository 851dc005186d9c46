import type { KeyedTimers } from './timers.js'

/** A beat may wait so much longer for the leader's, and go with it so much earlier, as a part of its interval. */
const SLACK = 0.1

/**
 * When the beats of membership leave in a full mesh: together with the leader's. A process that is woken once for the
 * beats of all others costs a third of one that is woken for each; an interval varies by a tenth, and without a leader
 * everybody goes by its own timer.
 */
export class Rhythm {
  readonly #timers: KeyedTimers
  readonly #key: string
  #everyMs = 0
  /** The leader was heard since the last beat. */
  #led = false

  constructor(timers: KeyedTimers, key: string) {
    this.#timers = timers
    this.#key = key
  }

  arm(afterMs: number | null): void {
    this.#timers.cancel(this.#key)
    this.#everyMs = afterMs ?? 0
    const slackMs = this.#led ? this.#everyMs * SLACK : 0
    this.#led = false
    this.#timers.set(this.#key, afterMs === null ? null : afterMs + slackMs)
  }

  /** The leader's beat is here, or, at the leader, a moment when it speaks anyway. True: the own beat is due now. */
  leaderBeats(): boolean {
    const leftMs = this.#timers.leftMs(this.#key)
    if (leftMs === null) return false
    this.#led = true
    return leftMs <= 2 * SLACK * this.#everyMs
  }
}
