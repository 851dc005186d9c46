import type { Entry } from '@tanist/core'
import { eventsOf } from '../role/index.js'
import type { AnyFollowed, AnyRole, EventPosition } from '../role/index.js'
import { EntryKind } from '../succession/index.js'

/** One look into the journal: half a millisecond's work, and room for one entry whatever its size. */
const PIECE_BYTES = 64 * 1024

/** What a feed reads: the journal of one identity of a peer, and the states of its replica. */
export interface FeedSource {
  /** The last entry that was applied: the states are those behind it. */
  readonly applied: number
  /** The first entry that the journal still holds. */
  readonly firstIndex: number
  /** The states are known to be wrong, and are being fetched. */
  readonly diverged: boolean
  /** Entries from here on, one at least when there is one. */
  read(from: number, maxBytes: number): readonly Entry[]
  /** The branch of the journal that this entry is on. */
  branchAt(index: number): string
  state(role: string): unknown
  failure(role: string): string | undefined
}

/**
 * What one reader of a role's events is given, in order: a cursor over committed entries.
 *
 *   pull     the next items; none when the reader has everything, or must wait
 *   bind     from now on read here: another identity of the peer, whose journal goes another way. Null: none yet
 *   reset    what was given before, and the position asked for, are of a branch that lost
 *
 * - Between a state and the next state every event of the role is given once, in the order of the journal.
 * - A state comes first (`now`); in place of entries that the journal no longer holds; after the replica was found to
 *   be wrong and was cured; and after `reset`.
 */
export class Feed {
  readonly #role: AnyRole
  #source: FeedSource | null
  /** Everything up to here was given. */
  #at: EventPosition
  /** A state is to be given next. */
  #state: boolean
  #reset = false
  #wasWrong = false
  /** The position came from outside, and nothing was given behind it yet. */
  #unproven: boolean

  constructor(role: AnyRole, source: FeedSource | null, after: 'now' | EventPosition) {
    this.#role = role
    this.#source = source
    this.#state = after === 'now'
    this.#at = after === 'now' ? { index: 0 } : after
    this.#unproven = after !== 'now'
  }

  get role(): string {
    return this.#role.name
  }

  /** The position lies behind what this replica has: it lags, or the entry never was on this branch. */
  get isAhead(): boolean {
    return this.#unproven && !this.#state && this.#source !== null && this.#at.index > this.#source.applied
  }

  bind(source: FeedSource | null): void {
    this.#source = source
  }

  reset(): void {
    this.#state = true
    this.#reset = true
  }

  /** Throws an `Error` with a sentence when this build cannot go on. */
  pull(): AnyFollowed[] {
    const source = this.#source
    if (source === null) return []
    if (source.diverged) this.#wasWrong = true
    else if (this.#wasWrong) {
      this.#wasWrong = false
      this.#state = true
    }
    if (!this.#state) this.#prove(source)
    for (;;) {
      if (this.#state) return source.diverged ? [] : [this.#stateItem(source)]
      const { index, n } = this.#at
      const from = Math.max(1, n === undefined ? index + 1 : index)
      if (from > source.applied) return []
      if (from < source.firstIndex) this.#state = true
      else {
        const items = this.#events(source, from)
        if (items === null) return []
        if (items.length > 0) return items
      }
    }
  }

  #prove(source: FeedSource): void {
    const { index, branch } = this.#at
    if (!this.#unproven || index > source.applied) return
    this.#unproven = false
    if (index > 0 && branch !== undefined && branch !== source.branchAt(index)) this.reset()
  }

  #stateItem(source: FeedSource): AnyFollowed {
    const { name } = this.#role
    const failure = source.failure(name)
    if (failure !== undefined) throw new Error(failure)
    const index = source.applied
    const position = { index, branch: source.branchAt(index) }
    const item = {
      kind: 'state' as const,
      state: source.state(name),
      position,
      ...(this.#reset && { reset: true as const }),
    }
    this.#at = position
    this.#state = false
    this.#reset = false
    this.#unproven = false
    return item
  }

  /** Null when there is nothing to read. */
  #events(source: FeedSource, from: number): AnyFollowed[] | null {
    const items: AnyFollowed[] = []
    const { n: skip = -1, index: begun } = this.#at
    let last = 0
    for (const entry of source.read(from, PIECE_BYTES)) {
      if (entry.index > source.applied) break
      last = entry.index
      if (entry.kind !== EntryKind.command) continue
      this.#take(source, entry, entry.index === begun ? skip : -1, items)
    }
    if (last === 0) return null
    this.#at = { index: last }
    return items
  }

  #take(source: FeedSource, { index, term, payload }: Entry, skip: number, items: AnyFollowed[]): void {
    const found = this.#eventsOf(index, term, payload)
    if (found === null || found.events.length === 0) return
    const branch = source.branchAt(index)
    for (const [n, { type, payload: value }] of found.events.entries()) {
      if (n > skip)
        items.push({
          kind: 'event',
          type,
          payload: value,
          position: { index, n, branch },
          at: found.at,
          term,
        })
    }
  }

  #eventsOf(index: number, term: number, payload: Uint8Array): ReturnType<typeof eventsOf> {
    try {
      return eventsOf(this.#role, payload)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const text = `The events of the role '${this.#role.name}' cannot be read on from index ${index}, term ${term}: ${why}`
      throw new Error(text, { cause: error })
    }
  }
}
