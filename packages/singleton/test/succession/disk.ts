import type { Entry, SnapshotId } from '@tanist/core'
import type { HardState, LogView } from '../../src/succession/index.js'
import { MachineSnapshots } from '../../src/testing/machines/snapshots.js'
import type { encode } from '../../src/testing/machines/snapshots.js'

/** Journal, term and vote of one peer, with what is on the platter apart from what is only written. */
export class StageDisk implements LogView {
  readonly snapshots: MachineSnapshots = new MachineSnapshots()
  /** What is held: from `firstIndex` on. */
  entries: Entry[] = []
  /** The last entry that is not held any more. */
  base: { readonly index: number; readonly term: number } = { index: 0, term: 0 }
  hard: HardState = { term: 0, votedFor: null }
  /** While held, nothing is told to be on disk; a crash loses it. */
  held = false
  #durable: Pick<StageDisk, 'entries' | 'base'> = { entries: [], base: this.base }
  #durableHard: HardState = this.hard
  #waiting: { readonly save: () => void; readonly told: () => void }[] = []

  get firstIndex(): number {
    return this.base.index + 1
  }

  get lastIndex(): number {
    return this.base.index + this.entries.length
  }

  termAt(index: number): number {
    return index === this.base.index ? this.base.term : (this.entries[index - this.firstIndex] as Entry).term
  }

  read(from: number, maxBytes: number): Entry[] {
    let bytes = 0
    return this.entries.slice(from - this.firstIndex).filter(({ payload }, i) => {
      bytes += payload.length
      return i === 0 || bytes <= maxBytes
    })
  }

  append(entries: readonly Entry[], told: () => void): void {
    this.entries = [...this.entries, ...entries]
    const now = { entries: this.entries, base: this.base }
    this.#waiting.push({ save: () => void (this.#durable = now), told })
  }

  truncateFrom(index: number): void {
    this.entries = this.entries.slice(0, index - this.firstIndex)
  }

  dropPrefix(below: number): void {
    const base = { index: below - 1, term: this.termAt(below - 1) }
    this.entries = this.entries.slice(below - this.firstIndex)
    this.base = base
  }

  reset(index: number, term: number): void {
    this.entries = []
    this.base = { index, term }
  }

  /** As a journal is opened that was being reset when the power failed. */
  reopen(): void {
    const base = this.snapshots.whole.at(-1)
    if (base && (this.lastIndex < base.index || this.termAt(base.index) !== base.term))
      this.reset(base.index, base.term)
  }

  snapshot(kept: ReturnType<typeof encode>, told: () => void): void {
    this.#waiting.push({ save: () => this.snapshots.keep(kept), told })
  }

  forget(id: SnapshotId): void {
    this.snapshots.forget(id)
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
    this.#durable = { ...this.#durable, entries: this.entries }
    this.hard = { term: 0, votedFor: null }
    this.#durableHard = this.hard
    this.#waiting = []
  }

  /** Power is gone: what was not synced is, too. */
  powerOff(): void {
    this.#waiting = []
    this.entries = this.#durable.entries
    this.base = this.#durable.base
    this.hard = this.#durableHard
  }
}
