import type { Disk, Folder, Log } from '../../host/index.js'
import {
  type Entry,
  type Journal,
  type JournalError,
  openJournal,
  openSnapshots,
  type SnapshotId,
  type Snapshots,
} from '../../journal/index.js'
import { durableError } from './errors.js'
import { durableLimits } from './limits.js'
import { EVENTS_KIND } from './record.js'

/**
 * The folder of one durable actor: its journal and its two newest snapshots.
 *
 * - A snapshot is of durable entries only, and the journal is dropped up to the one before the newest: with the newest
 *   snapshot damaged, the other one and the journal still give the whole state.
 * - The journal never ends before a snapshot: one that does has lost something, and is not opened.
 */
export class Store {
  readonly #folder: Folder
  readonly #snapshots: Snapshots
  readonly #journal: Journal

  /** Throws `DurableError`; then nothing stays open or locked. */
  constructor(
    disk: Disk,
    path: string,
    of: { readonly id: string; readonly segmentBytes: number },
    log: Log,
  ) {
    const opened: { close(): void }[] = []
    try {
      this.#folder = disk.openFolder(path)
      opened.push(this.#folder)
      this.#snapshots = openSnapshots(this.#folder, { log })
      opened.push(this.#snapshots)
      const base = this.#snapshots.whole.at(-1)
      this.#journal = openJournal(this.#folder, {
        segmentBytes: of.segmentBytes,
        cacheBytes: durableLimits.cacheBytes,
        log,
        neverReset: true,
        // It may be opened again after a failure of the disk.
        rewrite: true,
        ...(base === undefined ? {} : { base }),
      })
    } catch (error) {
      for (const one of opened.toReversed()) one.close()
      throw durableError(of.id, error)
    }
  }

  get path(): string {
    return this.#folder.path
  }

  get lastIndex(): number {
    return this.#journal.lastIndex
  }

  get newest(): SnapshotId | undefined {
    return this.#snapshots.whole.at(-1)
  }

  /** Calls `done` once everything that was found is known to survive a power cut. */
  confirm(done: (error?: JournalError) => void): void {
    this.#journal.append([], done)
  }

  append(payload: Uint8Array, done: (error?: JournalError) => void): void {
    const index = this.#journal.lastIndex + 1
    this.#journal.append([{ index, term: 0, kind: EVENTS_KIND, payload }], done)
  }

  /** Entries from `from` on, a slice of them. Throws `JournalError`. */
  read(from: number): Entry[] {
    return this.#journal.read(from, durableLimits.sliceBytes)
  }

  /** The part of a snapshot from `offset` on; empty at its end. Throws `JournalError`. */
  readSnapshot(id: SnapshotId, offset: number): Uint8Array {
    return this.#snapshots.read(id, offset, durableLimits.sliceBytes)
  }

  /** Begins a snapshot of the durable entry `index`. Throws `JournalError`. */
  beginSnapshot(index: number): { write(bytes: Uint8Array): void; finish(): Promise<void>; abort(): void } {
    const writer = this.#snapshots.begin(index, 0)
    return {
      write: (bytes) => writer.write(bytes),
      abort: () => writer.abort(),
      finish: () =>
        new Promise((resolve, reject) => {
          writer.finish((error) => {
            if (error !== undefined) return reject(error)
            this.#forget()
            resolve()
          })
        }),
    }
  }

  /** Flushes and gives the folder back. */
  close(): Promise<void> {
    this.#snapshots.close()
    return new Promise((resolve) => {
      this.#journal.close(() => {
        this.#folder.close()
        resolve()
      })
    })
  }

  #forget(): void {
    const { whole } = this.#snapshots
    const kept = whole.slice(-durableLimits.snapshotsKept)
    if (kept.length < durableLimits.snapshotsKept) return
    this.#journal.dropPrefix(kept[0]!.index + 1)
    for (const { index } of whole.slice(0, -kept.length)) this.#snapshots.remove(index)
  }
}
