import type { Entry } from '@tanist/core'
import type { HardState, LogView } from '../../src/succession/index.js'

/** Journal, term and vote of one peer, with what is on the platter apart from what is only written. */
export class StageDisk implements LogView {
  readonly firstIndex = 1
  entries: Entry[] = []
  hard: HardState = { term: 0, votedFor: null }
  /** While held, nothing is told to be on disk; a crash loses it. */
  held = false
  #durableEntries: Entry[] = []
  #durableHard: HardState = this.hard
  #waiting: { readonly save: () => void; readonly told: () => void }[] = []

  get lastIndex(): number {
    return this.entries.length
  }

  termAt(index: number): number {
    return index === 0 ? 0 : (this.entries[index - 1] as Entry).term
  }

  read(from: number, maxBytes: number): Entry[] {
    let bytes = 0
    return this.entries.slice(from - 1).filter(({ payload }, i) => {
      bytes += payload.length
      return i === 0 || bytes <= maxBytes
    })
  }

  append(entries: readonly Entry[], told: () => void): void {
    this.entries = [...this.entries, ...entries]
    const upTo = this.entries
    this.#waiting.push({ save: () => void (this.#durableEntries = upTo), told })
  }

  truncateFrom(index: number): void {
    this.entries = this.entries.slice(0, index - 1)
  }

  persist(hard: HardState, told: () => void): void {
    this.hard = hard
    this.#waiting.push({ save: () => void (this.#durableHard = hard), told })
  }

  /** The next write is on the platter; returns the news of it, or null when nothing waits. */
  sync(): (() => void) | null {
    const next = this.#waiting.shift()
    if (!next) return null
    next.save()
    return next.told
  }

  /** Starts from these, as if they had been written and synced before. */
  begin(entries: readonly Entry[]): void {
    this.entries = [...entries]
    this.#durableEntries = this.entries
    this.hard = { term: 0, votedFor: null }
    this.#durableHard = this.hard
    this.#waiting = []
  }

  /** Power is gone: what was not synced is, too. */
  powerOff(): void {
    this.#waiting = []
    this.entries = this.#durableEntries
    this.hard = this.#durableHard
  }
}
