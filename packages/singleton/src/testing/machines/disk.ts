import type { Entry } from '@tanist/core'
import type { HardState, LogView } from '../../succession/index.js'

/** One write that the disk has not synced. */
type Write =
  | { readonly kind: 'append'; readonly entries: readonly Entry[]; readonly ticket: number }
  | { readonly kind: 'truncate'; readonly from: number }
  | { readonly kind: 'persist'; readonly hard: HardState; readonly ticket: number }

/** The journal, or the register of term and vote: each is a file of its own, with its own syncs. */
export type MachineFile = 'journal' | 'register'

const FILES: readonly MachineFile[] = ['journal', 'register']

/**
 * Journal, term and vote of one machine in memory, with what is on the platter apart from what is only written.
 * A file syncs what was written when the sync began; what comes meanwhile is for the next one.
 */
export class MachineDisk implements LogView {
  readonly firstIndex = 1
  hard: HardState = { term: 0, votedFor: null }
  #entries: Entry[] = []
  #durable: Entry[] = []
  #durableHard: HardState = this.hard
  readonly #waiting: Record<MachineFile, Write[]> = { journal: [], register: [] }
  /** Told to be on the platter, and is not. */
  #liedAbout: Write[] = []
  #lies = 0
  readonly #syncing: Record<MachineFile, number> = { journal: 0, register: 0 }

  get lastIndex(): number {
    return this.#entries.length
  }

  termAt(index: number): number {
    return index === 0 ? 0 : (this.#entries[index - 1] as Entry).term
  }

  at(index: number): Entry | undefined {
    return this.#entries[index - 1]
  }

  read(from: number, maxBytes: number): Entry[] {
    const found: Entry[] = []
    let bytes = 0
    for (let at = from - 1; at < this.#entries.length; at++) {
      const entry = this.#entries[at] as Entry
      bytes += entry.payload.length
      if (found.length > 0 && bytes > maxBytes) break
      found.push(entry)
    }
    return found
  }

  /** Each returns true when a sync of that file has to be begun. */
  append(entries: readonly Entry[], ticket: number): boolean {
    for (const entry of entries) this.#entries.push(entry)
    return this.#write('journal', { kind: 'append', entries, ticket })
  }

  truncateFrom(from: number): boolean {
    this.#entries.length = from - 1
    return this.#write('journal', { kind: 'truncate', from })
  }

  persist(hard: HardState, ticket: number): boolean {
    this.hard = hard
    return this.#write('register', { kind: 'persist', hard, ticket })
  }

  /** The sync of this file is over: the tickets that are on the platter now. `again`: there is more to sync. */
  synced(file: MachineFile): { readonly tickets: readonly number[]; readonly again: boolean } {
    const tickets: number[] = []
    for (const write of this.#waiting[file].splice(0, this.#syncing[file])) {
      if (this.#lies > 0) this.#liedAbout.push(write)
      else this.#keep(write)
      if (write.kind !== 'truncate') tickets.push(write.ticket)
    }
    return { tickets, again: this.#begin(file) }
  }

  /** From now on syncs are told to be done, and nothing of them survives a power cut. */
  lie(): () => void {
    this.#lies += 1
    return () => {
      if (this.#lies === 0) return
      this.#lies -= 1
      if (this.#lies === 0) this.heal()
    }
  }

  /** An honest disk writes what it kept back. */
  heal(): void {
    this.#lies = 0
    for (const write of this.#liedAbout.splice(0)) this.#keep(write)
  }

  /** The process is gone; the kernel writes everything in its own time. */
  crash(): void {
    if (this.#lies === 0) this.#settle()
    else for (const file of FILES) this.#liedAbout.push(...this.#waiting[file].splice(0))
    for (const file of FILES) this.#syncing[file] = 0
  }

  #settle(): void {
    for (const file of FILES) for (const write of this.#waiting[file].splice(0)) this.#keep(write)
  }

  /** The power is gone; `torn` says what share of the writes that were not synced is there all the same. */
  powerOff(torn: (() => number) | null): void {
    this.#liedAbout = []
    for (const file of FILES) {
      const writes = this.#waiting[file].splice(0)
      const kept = torn === null ? 0 : Math.floor(torn() * (writes.length + 1))
      for (const write of writes.slice(0, kept)) this.#keep(write)
      const half = writes[kept]
      if (torn !== null && half?.kind === 'append') {
        const entries = half.entries.slice(0, Math.floor(torn() * (half.entries.length + 1)))
        this.#keep({ ...half, entries })
      }
      this.#syncing[file] = 0
    }
    this.#entries = [...this.#durable]
    this.hard = this.#durableHard
  }

  #write(file: MachineFile, write: Write): boolean {
    this.#waiting[file].push(write)
    return this.#syncing[file] === 0 && this.#begin(file)
  }

  #begin(file: MachineFile): boolean {
    this.#syncing[file] = this.#waiting[file].length
    return this.#syncing[file] > 0
  }

  #keep(write: Write): void {
    if (write.kind === 'persist') this.#durableHard = write.hard
    else if (write.kind === 'truncate') this.#durable.length = write.from - 1
    else for (const entry of write.entries) this.#durable.push(entry)
  }
}
