import { DiskError } from '@tanist/core'
import type { Cell, DiskFile, Engine, Folder, SyncDone } from '@tanist/core'

/**
 * Lets what a turn has to say leave the process before its disk work begins: a fast disk syncs in place, and
 * followers should write while the leader does. Syncs run in a turn of their own, in order, and the writes before
 * them with them: a file that grows may have to wait for another sync of its file system. Everything else on a
 * file sees them done. A write that fails fails the next sync of its file.
 */
export class SyncGate {
  readonly #cell: Cell
  #waiting: (() => void)[] = []

  constructor(engine: Engine, name: string) {
    this.#cell = engine.cell(`${name}-sync`, () => this.#release())
  }

  folder(folder: Folder): Folder {
    return {
      path: folder.path,
      list: () => folder.list(),
      open: (name, mode) => this.#file(folder.open(name, mode)),
      rename: (from, to) => folder.rename(from, to),
      remove: (name) => folder.remove(name),
      sync: (done) => this.#later((then) => folder.sync(then), done),
      close: () => folder.close(),
    }
  }

  /** What has not been synced by now never is. */
  stop(): void {
    this.#waiting = []
    this.#cell.stop()
  }

  #file(file: DiskFile): DiskFile {
    return new GatedFile(file, (sync, done) => this.#later(sync, done))
  }

  #later(sync: (done: SyncDone) => void, done: SyncDone): void {
    this.#waiting.push(() => sync(done))
    if (this.#waiting.length === 1) this.#cell.wake()
  }

  #release(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const sync of waiting) sync()
  }
}

/** A file whose writes wait for whatever comes next: a sync, or anybody who looks. */
class GatedFile implements DiskFile {
  readonly #file: DiskFile
  readonly #later: (sync: (done: SyncDone) => void, done: SyncDone) => void
  #writes: ((file: DiskFile) => void)[] = []

  constructor(file: DiskFile, later: (sync: (done: SyncDone) => void, done: SyncDone) => void) {
    this.#file = file
    this.#later = later
  }

  get size(): number {
    return this.#written().size
  }

  read(offset: number, length: number): Uint8Array {
    return this.#written().read(offset, length)
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#writes.push((file) => file.write(offset, bytes))
  }

  prepare(size: number): void {
    this.#writes.push((file) => file.prepare(size))
  }

  truncate(size: number): void {
    this.#written().truncate(size)
  }

  sync(done: SyncDone): void {
    this.#later((then) => {
      try {
        this.#written().sync(then)
      } catch (error) {
        if (!(error instanceof DiskError)) throw error
        then(error)
      }
    }, done)
  }

  /** Nobody was told that what is still waiting is written: a disk that does not take it is no reason to stay open. */
  close(): void {
    try {
      this.#written()
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
    }
    this.#file.close()
  }

  #written(): DiskFile {
    const writes = this.#writes
    this.#writes = []
    for (const write of writes) write(this.#file)
    return this.#file
  }
}
