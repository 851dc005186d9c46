import { EXPIRE_MAX, SESSION_GRACE_MS, SESSION_TOUCH_MS } from './limits.js'
import type { SessionTable } from './sessions.js'

/**
 * Which sessions a leader lets expire, by its own clock: those that are long unused, and of too many the longest
 * unused. That decides about memory only; that nothing runs twice rests on the journal.
 */
export class Expiry {
  readonly #idleMs: number
  readonly #max: number
  readonly #graceMs: number
  #sinceMs: number | null = null
  #lookedMs = 0

  constructor(idleMs: number, max: number) {
    this.#idleMs = idleMs
    this.#max = max
    this.#graceMs = Math.min(SESSION_GRACE_MS, idleMs / 4)
  }

  /** A reign begins: the clock is another one. */
  reign(): void {
    this.#sinceMs = null
  }

  /** The longest unused come first. Those that are `waiting` for a commit are in use. */
  due(table: SessionTable, nowMs: number, waits: (session: string) => boolean): string[] {
    if (this.#sinceMs === null || nowMs < this.#sinceMs) {
      this.#sinceMs = nowMs
      this.#lookedMs = nowMs
    }
    const surplus = table.size - this.#max
    const looks = nowMs - this.#lookedMs >= Math.min(SESSION_TOUCH_MS, this.#graceMs)
    if (surplus <= 0 && !looks) return []
    const judges = nowMs - this.#sinceMs >= this.#graceMs
    const names: string[] = []
    for (const { name, usedMs } of table.oldest()) {
      if (names.length >= EXPIRE_MAX) return names
      const over = names.length < surplus
      if (!over && !(judges && looks)) break
      const ageMs = nowMs - usedMs
      if (!over && ageMs >= 0 && ageMs < this.#idleMs) break
      // By a clock that is ahead of this one nobody knows how old it is.
      if ((over || ageMs >= 0) && !waits(name)) names.push(name)
    }
    this.#lookedMs = nowMs
    return names
  }
}
