import type { Entry } from '@tanist/core'
import type { HardState, LogView } from '../../succession/index.js'
import { MachineSnapshots } from './snapshots.js'
import type { encode } from './snapshots.js'

/** One write that the disk has not synced. */
type Write =
  | { readonly kind: 'append'; readonly entries: readonly Entry[]; readonly ticket: number }
  | { readonly kind: 'truncate'; readonly from: number }
  | { readonly kind: 'drop'; readonly below: number }
  | { readonly kind: 'reset'; readonly index: number; readonly term: number }
  | { readonly kind: 'snapshot'; readonly kept: ReturnType<typeof encode>; readonly ticket: number }
  | { readonly kind: 'persist'; readonly hard: HardState; readonly ticket: number }

/** The journal, the register of term and vote, or a snapshot: each is a file of its own, with its own syncs. */
export type MachineFile = 'journal' | 'register' | 'snapshot'

const FILES: readonly MachineFile[] = ['journal', 'register', 'snapshot']

/** Entries behind the one at `base`, which is not held any more. */
interface Log {
  base: number
  baseTerm: number
  entries: Entry[]
}

const emptyLog = (): Log => ({ base: 0, baseTerm: 0, entries: [] })

/**
 * Journal, term and vote of one machine in memory, with what is on the platter apart from what is only written.
 * A file syncs what was written when the sync began; what comes meanwhile is for the next one.
 */
export class MachineDisk implements LogView {
  readonly snapshots: MachineSnapshots = new MachineSnapshots()
  hard: HardState = { term: 0, votedFor: null }
  #log = emptyLog()
  readonly #durable = emptyLog()
  #durableHard: HardState = this.hard
  readonly #waiting: Record<MachineFile, Write[]> = { journal: [], register: [], snapshot: [] }
  /** Told to be on the platter, and is not. */
  #liedAbout: Write[] = []
  #lies = 0
  readonly #syncing: Record<MachineFile, number> = { journal: 0, register: 0, snapshot: 0 }

  get firstIndex(): number {
    return this.#log.base + 1
  }

  get lastIndex(): number {
    return this.#log.base + this.#log.entries.length
  }

  termAt(index: number): number {
    const { base, baseTerm, entries } = this.#log
    if (index === base) return baseTerm
    const entry = entries[index - base - 1]
    if (!entry) throw new Error(`no term of entry ${index} in ${this.firstIndex}..${this.lastIndex}`)
    return entry.term
  }

  at(index: number): Entry | undefined {
    return this.#log.entries[index - this.#log.base - 1]
  }

  /** As a journal is opened that was being reset when the power failed. What is wrong, in a sentence. */
  reopen(): string | null {
    const base = this.snapshots.whole.at(-1)
    if (this.#log.base > (base?.index ?? 0))
      return `the journal begins behind entry ${this.#log.base}, and the newest snapshot ends at ${base?.index ?? 0}`
    if (!base) return null
    if (this.lastIndex >= base.index && this.termAt(base.index) === base.term) return null
    for (const log of [this.#log, this.#durable]) apply(log, { kind: 'reset', ...base })
    return null
  }

  read(from: number, maxBytes: number): Entry[] {
    const found: Entry[] = []
    let bytes = 0
    const { base, entries } = this.#log
    if (from <= base) throw new Error(`entry ${from} was dropped; the journal begins at ${base + 1}`)
    for (let at = from - base - 1; at < entries.length; at++) {
      const entry = entries[at] as Entry
      bytes += entry.payload.length
      if (found.length > 0 && bytes > maxBytes) break
      found.push(entry)
    }
    return found
  }

  /** Each returns true when a sync of that file has to be begun. */
  append(entries: readonly Entry[], ticket: number): boolean {
    return this.#journal({ kind: 'append', entries, ticket })
  }

  truncateFrom(from: number): boolean {
    return this.#journal({ kind: 'truncate', from })
  }

  dropPrefix(below: number): boolean {
    return this.#journal({ kind: 'drop', below })
  }

  reset(index: number, term: number): boolean {
    return this.#journal({ kind: 'reset', index, term })
  }

  writeSnapshot(kept: ReturnType<typeof encode>, ticket: number): boolean {
    return this.#write('snapshot', { kind: 'snapshot', kept, ticket })
  }

  #journal(write: Extract<Write, { kind: 'append' | 'truncate' | 'drop' | 'reset' }>): boolean {
    apply(this.#log, write)
    return this.#write('journal', write)
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
      if ('ticket' in write) tickets.push(write.ticket)
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
    this.snapshots.powerOff(torn === null ? 0 : torn())
    this.#log = { ...this.#durable, entries: [...this.#durable.entries] }
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
    else if (write.kind === 'snapshot') this.snapshots.keep(write.kept)
    else apply(this.#durable, write)
  }
}

function apply(log: Log, write: Extract<Write, { kind: 'append' | 'truncate' | 'drop' | 'reset' }>): void {
  if (write.kind === 'append') for (const entry of write.entries) log.entries.push(entry)
  else if (write.kind === 'truncate') log.entries.length = Math.max(0, write.from - 1 - log.base)
  else if (write.kind === 'reset')
    Object.assign(log, { base: write.index, baseTerm: write.term, entries: [] })
  else if (write.below - 1 > log.base) {
    const gone = log.entries.splice(0, write.below - 1 - log.base)
    log.base = write.below - 1
    log.baseTerm = gone.at(-1)?.term ?? 0
  }
}
