import { decodeJson, encodeJson, encodeText, STATE_LIMITS } from '../../codec/index.js'
import type { Disk, Folder, Log, Timers } from '../../host/index.js'
import { type Entry, type Journal, openJournal } from '../../journal/index.js'
import { isRecord } from '../is-record.js'
import { NactEvents } from './event-stream.js'

/** An event as nact's persistent actors hand it over and get it back. */
export interface NactEvent {
  readonly data: unknown
  readonly sequenceNumber: number
  readonly key: string
  readonly createdAt: number
  readonly isDeleted: boolean
  readonly tags: string[]
}

export interface NactSnapshot {
  readonly data: unknown
  readonly sequenceNumber: number
  readonly key: string
  readonly createdAt: number
}

/** An event out of its order; nothing was stored. */
export class NactSequenceError extends Error {
  constructor(text: string) {
    super(text)
    this.name = 'NactSequenceError'
  }
}

export interface NactPersistenceOptions {
  readonly host: { readonly disk: Disk; readonly timers: Timers; readonly log: Log }
  /** Of its own, on `host.disk`. One engine at a time may use it. */
  readonly folder: string
}

/** nact's `PersistenceEngine`, as far as persistent actors and queries of nact use it; and its end. */
export interface NactPersistence {
  events(key: string, offset: number, limit?: number, tags?: readonly string[]): NactEvents
  /** Undefined when there is none, which nact's types leave out. */
  latestSnapshot(key: string): Promise<NactSnapshot>
  takeSnapshot(snapshot: NactSnapshot): Promise<void>
  persist(event: NactEvent): Promise<void>
  /** Flushes and gives the folder back. */
  close(): Promise<void>
}

/** What is stored under one key: numbers of journal entries. */
interface Kept {
  /** That of the event with sequence number `i + 1`. */
  readonly events: number[]
  snapshot: number
}

const EVENT_KIND = 2
const SNAPSHOT_KIND = 3
const READ_BYTES = 65_536
const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * A `PersistenceEngine` for persistent actors of nact, over a journal like that of durable actors. All keys share it,
 * and with it the syncs: one actor stores one event per sync, many actors together as many as there are.
 *
 * - `persist` resolves when the event survives a power cut. Its sequence number must follow the last one of its key:
 *   after one that failed every further one is refused with a `NactSequenceError` until the actor has recovered
 *   (`onCrash: (msg, error, ctx) => ctx.reset`), so that no hole can come about.
 * - What the codec cannot carry is refused with a `CodecError`, and not stored.
 * - A failed disk is final: everything rejects with the `JournalError`. Await `ctx.persist(...)`: nact hands a
 *   rejection that nobody awaits to the process.
 * - Nothing is ever removed: events stay there for queries of nact, which read them from the first on.
 *
 * Throws `JournalError` when the journal is damaged, `DiskError` with code `locked` when the folder is in use.
 *
 * @example
 * const engine = nactPersistence({ host, folder: `${data}/nact` })
 * const system = start(configurePersistence(engine))
 * const cart = spawnPersistent(system, update, 'cart:1', 'cart', { snapshotEvery: 100 })
 */
export function nactPersistence(options: NactPersistenceOptions): NactPersistence {
  return new JournalEngine(options)
}

class JournalEngine implements NactPersistence {
  readonly #folder: Folder
  readonly #journal: Journal
  readonly #timers: Timers
  readonly #keys = new Map<string, Kept>()
  /** Read last: what one reads is mostly followed by what one reads next. */
  #near: readonly Entry[] = []

  constructor({ host, folder }: NactPersistenceOptions) {
    this.#timers = host.timers
    this.#folder = host.disk.openFolder(folder)
    try {
      this.#journal = openJournal(this.#folder, { log: host.log, rewrite: true })
    } catch (error) {
      this.#folder.close()
      throw error
    }
    try {
      this.#index()
    } catch (error) {
      void this.close()
      throw error
    }
  }

  events(key: string, offset: number, limit: number = Infinity, tags: readonly string[] = []): NactEvents {
    return new NactEvents(
      () => this.#settled(),
      () => {
        const { events } = this.#kept(key)
        return (position) => {
          const index = events[offset + position]
          return index === undefined ? undefined : this.#event(this.#entry(index))
        }
      },
      { limit, tags, timers: this.#timers },
    )
  }

  async latestSnapshot(key: string): Promise<NactSnapshot> {
    await this.#settled()
    const { snapshot } = this.#kept(key)
    // nact expects it, whatever its types say.
    if (snapshot === 0) return undefined as unknown as NactSnapshot
    const { data, sequenceNumber, createdAt } = this.#event(this.#entry(snapshot))
    return { data, sequenceNumber, key, createdAt }
  }

  async takeSnapshot({ data, sequenceNumber, key, createdAt }: NactSnapshot): Promise<void> {
    const kept = this.#kept(key)
    const last = kept.events.length
    if (sequenceNumber > last)
      throw new NactSequenceError(
        `A snapshot of '${key}' after ${sequenceNumber} events: ${last} are stored.`,
      )
    const payload = encoded({ k: key, n: sequenceNumber, at: createdAt }, data)
    kept.snapshot = this.#journal.lastIndex + 1
    await this.#append(SNAPSHOT_KIND, payload)
  }

  async persist({ data, sequenceNumber, key, createdAt, isDeleted, tags }: NactEvent): Promise<void> {
    const { events } = this.#kept(key)
    const last = events.length
    if (sequenceNumber !== last + 1)
      throw new NactSequenceError(
        `Event ${sequenceNumber} of '${key}' cannot follow event ${last}: ` +
          (sequenceNumber > last
            ? 'one before it was not stored. Let the actor recover (ctx.reset).'
            : 'another actor has stored events under this key. Give each actor a key of its own.'),
      )
    const payload = encoded({ k: key, n: sequenceNumber, at: createdAt, del: isDeleted, tags }, data)
    events.push(this.#journal.lastIndex + 1)
    await this.#append(EVENT_KIND, payload)
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#journal.close(() => {
        this.#folder.close()
        resolve()
      })
    })
  }

  #append(kind: number, payload: Uint8Array): Promise<void> {
    const index = this.#journal.lastIndex + 1
    return new Promise((resolve, reject) => {
      this.#journal.append([{ index, term: 0, kind, payload }], (error) =>
        error === undefined ? resolve() : reject(error),
      )
    })
  }

  /** Everything so far is durable: what a reader sees can no longer be lost. */
  #settled(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#journal.append([], (error) => (error === undefined ? resolve() : reject(error)))
    })
  }

  #kept(key: string): Kept {
    let kept = this.#keys.get(key)
    if (kept === undefined) this.#keys.set(key, (kept = { events: [], snapshot: 0 }))
    return kept
  }

  #index(): void {
    for (let next = 1; next <= this.#journal.lastIndex; ) {
      const entries = this.#journal.read(next, READ_BYTES)
      for (const entry of entries) {
        const kept = this.#kept(fieldsOf(entry).key)
        if (entry.kind === EVENT_KIND) kept.events.push(entry.index)
        else kept.snapshot = entry.index
      }
      next += entries.length
    }
  }

  #entry(index: number): Entry {
    const first = this.#near[0]?.index ?? 0
    const near = this.#near[index - first]
    if (near !== undefined && first > 0) return near
    this.#near = this.#journal.read(index, READ_BYTES)
    return this.#near[0]!
  }

  #event(entry: Entry): NactEvent {
    const { key, sequenceNumber, createdAt, fields } = fieldsOf(entry)
    const tags = Array.isArray(fields['tags']) ? fields['tags'].map(String) : []
    return {
      data: decodeJson(fields['d'], STATE_LIMITS),
      sequenceNumber,
      key,
      createdAt,
      isDeleted: fields['del'] === true,
      tags,
    }
  }
}

function encoded(fields: Readonly<Record<string, unknown>>, data: unknown): Uint8Array {
  return encodeText(JSON.stringify({ ...fields, d: encodeJson(data, STATE_LIMITS) }))
}

function fieldsOf({ index, kind, payload }: Entry): {
  readonly key: string
  readonly sequenceNumber: number
  readonly createdAt: number
  readonly fields: Readonly<Record<string, unknown>>
} {
  const fields: unknown = JSON.parse(strictUtf8.decode(payload))
  if ((kind === EVENT_KIND || kind === SNAPSHOT_KIND) && isRecord(fields)) {
    const { k: key, n: sequenceNumber, at: createdAt } = fields
    if (typeof key === 'string' && typeof sequenceNumber === 'number' && typeof createdAt === 'number')
      return { key, sequenceNumber, createdAt, fields }
  }
  throw new TypeError(
    `Entry ${index} is none of a journal of nact actors: choose a folder of its own for them.`,
  )
}
