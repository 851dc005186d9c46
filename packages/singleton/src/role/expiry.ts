import { EXPIRE_MAX, SESSION_GRACE_MS, SESSION_TOUCH_MS } from './limits.js'
import type { SessionTable } from './sessions.js'
import type { SessionsAhead } from './speculation.js'

/**
 * Which sessions a leader lets expire, by its own clock: those that are long unused, and of too many the longest
 * unused. That decides about memory only; that nothing runs twice rests on the journal.
 *
 * Strays, who can begin sessions without end, are counted apart: of too many of theirs the longest unused of theirs
 * expire, and nobody else's. So while members and trusted clients have no more than `max - straysMax`, no stray ends one
 * of theirs.
 *
 * The names are journalled, and every replica drops those, whatever its own rule would say: peers of different builds,
 * or with other limits, hold the same table.
 */
export class Expiry {
  readonly #idleMs: number
  readonly #max: number
  readonly #straysMax: number
  readonly #graceMs: number
  #sinceMs: number | null = null
  #lookedMs = 0

  constructor(idleMs: number, max: number, straysMax: number) {
    this.#idleMs = idleMs
    this.#max = max
    this.#straysMax = straysMax
    this.#graceMs = Math.min(SESSION_GRACE_MS, idleMs / 4)
  }

  /** A reign begins: the clock is another one. */
  reign(): void {
    this.#sinceMs = null
  }

  /** The longest unused come first. Those of whom something waits for a commit are in use, or end already. */
  due(table: SessionTable, nowMs: number, ahead: SessionsAhead): string[] {
    if (this.#sinceMs === null || nowMs < this.#sinceMs) {
      this.#sinceMs = nowMs
      this.#lookedMs = nowMs
    }
    const strays = Math.max(0, table.strays - ahead.endingStrays - this.#straysMax)
    // What strays have too much is theirs to lose, also while all of it is in use.
    const surplus = table.size - ahead.ending - strays - this.#max
    const looks = nowMs - this.#lookedMs >= Math.min(SESSION_TOUCH_MS, this.#graceMs)
    if (strays === 0 && surplus <= 0 && !looks) return []
    const names = surplusOf(table.oldestStrays(), Math.min(strays, EXPIRE_MAX), ahead)
    return this.#others(table, nowMs, ahead, { names, surplus, looks })
  }

  #others(table: SessionTable, nowMs: number, ahead: SessionsAhead, found: Found): string[] {
    const { names, surplus, looks } = found
    const chosen = new Set(names)
    const most = surplus + names.length
    const judges = nowMs - (this.#sinceMs ?? nowMs) >= this.#graceMs
    for (const { name, usedMs } of table.oldest()) {
      if (names.length >= EXPIRE_MAX) return names
      const over = names.length < most
      if (!over && !(judges && looks)) break
      const ageMs = nowMs - usedMs
      if (!over && ageMs >= 0 && ageMs < this.#idleMs) break
      // By a clock that is ahead of this one nobody knows how old it is.
      if ((over || ageMs >= 0) && !ahead.waits(name) && !chosen.has(name)) names.push(name)
    }
    if (looks) this.#lookedMs = nowMs
    return names
  }
}

interface Found {
  /** Of strays, who have too many. */
  readonly names: string[]
  /** So many more are too many. */
  readonly surplus: number
  /** It is time to look for those that are long unused. */
  readonly looks: boolean
}

function surplusOf(oldest: Iterable<string>, count: number, ahead: SessionsAhead): string[] {
  const names: string[] = []
  if (count === 0) return names
  for (const name of oldest) {
    if (!ahead.waits(name)) names.push(name)
    if (names.length >= count) break
  }
  return names
}
