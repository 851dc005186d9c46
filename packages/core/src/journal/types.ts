import type { DiskError } from '../host/index.js'

/** One record of a journal. `payload` is opaque here; `kind` (0 to 255) says who reads it. */
export interface Entry {
  readonly index: number
  readonly term: number
  readonly kind: number
  readonly payload: Uint8Array
}

/**
 * A journal: entries with consecutive indices from 1 (or from `firstIndex` after a prefix was dropped).
 *
 * `append` and `truncateFrom` are visible to all readers at once and become durable in order, in groups: what
 * was queued during one sync is the next group. `done` is called after the sync that covers the append,
 * always in the order of the appends, possibly before `append` returns. A failed sync is final: every
 * waiting and every later `done` gets the error.
 */
export interface Journal {
  /** Index of the first entry held; 1 for a journal that never dropped a prefix. */
  readonly firstIndex: number
  /** Index of the last entry, durable or not; `firstIndex - 1` when empty. */
  readonly lastIndex: number
  /** Index up to which everything is known to survive a power cut. */
  readonly durableIndex: number
  /** Term of the entry at `index`; 0 for index 0. `firstIndex - 1 <= index <= lastIndex`. */
  termAt(index: number): number
  /** Entries from `from` on: at least one when `from <= lastIndex`, then as many as fit into `maxBytes` of payload. */
  read(from: number, maxBytes: number): Entry[]
  /** The first new index must be `lastIndex + 1`; terms never decrease. */
  append(entries: readonly Entry[], done: (error?: JournalError) => void): void
  /** Drops every entry from `index` on. Durable before any later append's `done`. */
  truncateFrom(index: number): void
  /**
   * Forgets entries below `index`, which a durable snapshot covers; whole segments only, so `firstIndex` may stay
   * lower. Needs no sync: after a power cut more may be there again.
   */
  dropPrefix(index: number): void
  /**
   * Forgets every entry: the journal goes on behind a durable snapshot that ends with `(index, term)`. Durable
   * before any later append's `done`. `firstIndex` is `index + 1` at once.
   */
  reset(index: number, term: number): void
  /** Flushes, closes the files, then calls `done`. */
  close(done: (error?: JournalError) => void): void
}

export type JournalErrorCode =
  /** A frame in the middle is broken and valid frames follow: nothing was changed on disk. */
  | 'damaged'
  /** A read, write or sync failed; `cause` is the `DiskError`. */
  | 'disk'
  /** Written by a version that this one does not understand. */
  | 'format'

export class JournalError extends Error {
  readonly code: JournalErrorCode
  constructor(code: JournalErrorCode, text: string, cause?: DiskError) {
    super(text, cause === undefined ? undefined : { cause })
    this.name = 'JournalError'
    this.code = code
  }
}

/** A snapshot by what it holds: equal for equal bytes, wherever they were written. */
export interface SnapshotId {
  /** The last entry that it covers. */
  readonly index: number
  readonly term: number
  /** Length of the whole content. */
  readonly bytes: number
  /** CRC-32 of the whole content. */
  readonly checksum: number
}

/** The snapshots in a journal's folder. Contents are opaque here. */
export interface Snapshots {
  /** Whole and durable, by rising index. */
  readonly whole: readonly SnapshotId[]
  /** One that is being received from another peer; survives a restart, up to what was synced. */
  readonly partial: { readonly id: SnapshotId; readonly received: number } | null
  /** Up to `length` bytes from `offset`; shorter only at the end. Throws `JournalError`. */
  read(id: SnapshotId, offset: number, length: number): Uint8Array
  /** Begins to write one; an unfinished one of an earlier `begin` is thrown away. */
  begin(index: number, term: number): SnapshotWriter
  /**
   * Takes the next bytes of a snapshot from elsewhere. Another `id` than `partial`'s throws away what was received;
   * bytes that do not begin at `received` are ignored. Returns the offset wanted next. Throws `JournalError` when the
   * disk fails; then `partial` is null again.
   */
  receive(id: SnapshotId, offset: number, bytes: Uint8Array): number
  /**
   * Everything was received: checks the checksum, makes it durable and whole. `damaged` when the checksum is wrong
   * (then `partial` is null again and the disk as before).
   */
  complete(done: (error?: JournalError) => void): void
  /** Removes one that is whole; readers must have ended. After a power cut it may be there again. */
  remove(index: number): void
  /** Closes the files. What is being written or made durable ends without a `done`; `partial` is there at the next start. */
  close(): void
}

export interface SnapshotWriter {
  /** Appends to the content; a failure of the disk is told by `finish`. */
  write(bytes: Uint8Array): void
  /**
   * Makes it durable under its name, in place of one with the same index, then `done(undefined, id)`. When the disk
   * failed, `done` gets the error, and what was written is removed.
   */
  finish(done: (error?: JournalError, id?: SnapshotId) => void): void
  /** Throws away what was written; nothing once `finish` was called. */
  abort(): void
}

/**
 * One small value that is replaced as a whole and survives power cuts: identity, term and vote live here.
 * Kept as an append-only file of checksummed records, each value twice; the last whole one counts.
 */
export interface Register<T> {
  /** The value last given to `save`, or read at opening; undefined when there never was one. */
  readonly value: T | undefined
  /** Replaces the value at once for readers; `done` after it is durable, in order. */
  save(value: T, done: (error?: JournalError) => void): void
  close(): void
}
