/**
 * Files as the journal needs them. Reads and writes act on the operating system's cache and return at once;
 * only `sync` makes them survive a power cut, and only `sync` is asynchronous. Failures of reads and writes
 * are thrown as `DiskError`; failures of `sync` come by its callback and are final for that file.
 */
export interface Disk {
  /**
   * Opens a folder, creating it (and its parents) when missing, and locks it for this process.
   * Throws `DiskError` with code `locked` when a living process holds it.
   */
  openFolder(path: string): Folder
}

export interface Folder {
  readonly path: string
  /** File names in this folder, sorted; the lock file is not among them. */
  list(): string[]
  /** Opens a file for reading and writing. `create` makes an empty one when missing. */
  open(name: string, mode: 'existing' | 'create'): DiskFile
  /** Replaces `to` when it exists. Survives a power cut only after `sync`. */
  rename(from: string, to: string): void
  remove(name: string): void
  /** Makes creations, renames and removals so far survive a power cut. */
  sync(done: SyncDone): void
  /** Gives the lock back. Open files stay usable until closed by their owner. */
  close(): void
}

export interface DiskFile {
  readonly size: number
  /** Up to `length` bytes from `offset`; shorter only at the end of the file. */
  read(offset: number, length: number): Uint8Array
  write(offset: number, bytes: Uint8Array): void
  /** Cuts or zero-extends the file. */
  truncate(size: number): void
  /**
   * Makes room for writes to come: as many zeros behind the end as it takes for `size` bytes, on the disk and not
   * as a hole, so that a later sync has nothing to allocate and no new size to keep. A full disk takes fewer; one
   * that gains nothing by it takes none.
   */
  prepare(size: number): void
  /** Makes everything written to this file so far survive a power cut. */
  sync(done: SyncDone): void
  close(): void
}

/**
 * Called exactly once per `sync`, in the order of the calls. May be called before `sync` returns (a fast disk
 * syncs in place), so callers must allow re-entry.
 */
export type SyncDone = (error?: DiskError) => void

export type DiskErrorCode = 'locked' | 'missing' | 'full' | 'denied' | 'failed'

export class DiskError extends Error {
  readonly code: DiskErrorCode
  constructor(code: DiskErrorCode, text: string, cause?: unknown) {
    super(text, cause === undefined ? undefined : { cause })
    this.name = 'DiskError'
    this.code = code
  }
}
