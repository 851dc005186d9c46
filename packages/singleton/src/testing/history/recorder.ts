import type { Entry } from '@tanist/core'
import { decodeEntry } from '../../role/index.js'
import { EntryKind } from '../../succession/index.js'
import type {
  CommittedEntry,
  JournalConflict,
  RecordedCommand,
  RecordedEnding,
  RecordedLife,
  RecordedMembers,
  RecordedReign,
  RecordedStart,
} from './types.js'

type Open<T> = { -readonly [K in keyof T]: T[K] }

interface OpenLife extends Open<RecordedLife> {
  readonly leaps: RecordedLife['leaps'][number][]
  applied: number
}

interface Told {
  readonly id: string
  readonly incarnation: number
  readonly seniority: number
}

const kindNames = new Map<number, string>(Object.entries(EntryKind).map(([name, kind]) => [kind, name]))

/**
 * Writes down what peers do while they run. The committed journal is kept once, as whoever was first saw it;
 * every other peer's entries are compared with it, so that memory does not grow with the number of peers.
 */
export class HistoryRecorder {
  readonly reigns: Open<RecordedReign>[] = []
  readonly starts: RecordedStart[] = []
  readonly endings: RecordedEnding[] = []
  readonly conflicts: JournalConflict[] = []
  readonly members: RecordedMembers[] = []
  readonly #entries: CommittedEntry[] = []
  readonly #lives: OpenLife[] = []
  readonly #now = new Map<string, OpenLife>()
  /** By start of a member. */
  readonly #processes = new Map<string, string>()
  readonly #told = new Map<string, string>()

  /** `applied`: what its roles were restored to. */
  started(start: RecordedStart, applied: number = 0): void {
    this.starts.push(start)
    const { node, life } = start
    const open = { node, life, servedTerm: 0, committed: applied, leaps: [], applied, watched: 0 }
    this.#lives.push(open)
    this.#now.set(node, open)
  }

  /** A process goes on, or begins, as this start of this member. */
  identity(id: string, incarnation: number, node: string, life: number): void {
    this.#processes.set(`${id} ${incarnation}`, `${node}#${life}`)
    this.#told.delete(node)
  }

  /** What a peer tells of the members now; the same again is not written down. */
  tells(node: string, members: readonly Told[], atMs: number): void {
    const text = members.map(({ id, incarnation, seniority }) => `${id} ${incarnation} ${seniority}`).join()
    if (this.#told.get(node) === text) return
    this.#told.set(node, text)
    const rows = members.map(({ id, incarnation, seniority }) => ({
      id,
      seniority,
      process: this.#processes.get(`${id} ${incarnation}`) ?? null,
    }))
    this.members.push({ node, atMs, rows })
  }

  committed(node: string, entries: readonly Entry[], atMs: number): void {
    const life = this.#now.get(node)
    for (const entry of entries) {
      this.#compare(node, entry, atMs)
      if (!life) continue
      if (entry.index !== life.applied + 1) life.leaps.push({ atMs, from: life.applied, to: entry.index })
      life.applied = entry.index
      life.committed = Math.max(life.committed, entry.index)
    }
  }

  /** A snapshot brought this peer's roles to `applied`: also back, when their state was wrong. */
  restored(node: string, applied: number): void {
    const life = this.#now.get(node)
    if (!life) return
    life.applied = applied
    life.committed = Math.max(life.committed, applied)
  }

  /** A watcher of a role's state was told; `applied` is the position that this peer had reached. */
  watched(node: string, applied: number, atMs: number): void {
    const life = this.#now.get(node)
    if (!life) return
    life.watched += 1
    if (applied < life.applied) life.leaps.push({ atMs, from: life.applied, to: applied })
  }

  serves(reign: Omit<RecordedReign, 'toMs'>): void {
    this.servesNoMore(reign.node, reign.fromMs)
    this.reigns.push({ ...reign, toMs: null })
    const life = this.#now.get(reign.node)
    if (life) life.servedTerm = Math.max(life.servedTerm, reign.term)
  }

  servesNoMore(node: string, atMs: number): void {
    const last = this.reigns.findLast((reign) => reign.node === node)
    if (last && last.toMs === null) last.toMs = atMs
  }

  get lives(): RecordedLife[] {
    return this.#lives.map(({ node, life, servedTerm, committed, watched, leaps }) => ({
      node,
      life,
      servedTerm,
      committed,
      watched,
      leaps,
    }))
  }

  get journalLength(): number {
    return this.#entries.length
  }

  /** Decoded here, once: most runs are looked at when they are over. */
  journal(): CommittedEntry[] {
    return this.#entries.map((entry) => ({ ...entry, command: commandOf(entry) }))
  }

  #compare(node: string, entry: Entry, atMs: number): void {
    const { index, term, payload } = entry
    const known = this.#entries[index - 1]
    const kind = kindNames.get(entry.kind) ?? `kind ${entry.kind}`
    if (known === undefined) {
      // A gap shows as a leap of that peer; the law about leaps says so.
      if (index === this.#entries.length + 1)
        this.#entries.push({ index, term, kind, payload, node, atMs, command: null })
      return
    }
    if (known.term === term && known.kind === kind && sameBytes(known.payload, payload)) return
    const other = { index, term, kind, payload, node, atMs, command: null }
    this.conflicts.push({
      index,
      first: { atMs: known.atMs, node: known.node, text: textOf(known) },
      other: { atMs, node, text: textOf(other) },
    })
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function commandOf({ kind, payload }: CommittedEntry): RecordedCommand | null {
  if (kind !== 'command') return null
  try {
    const { floor: _, ...command } = decodeEntry(payload)
    return command
  } catch {
    return null
  }
}

/** An entry in words. */
function textOf(entry: CommittedEntry): string {
  const command = commandOf(entry)
  const what = command ? `${command.role}.${command.command} ${command.session}:${command.seq}` : entry.kind
  return `${what} of term ${entry.term}`
}
