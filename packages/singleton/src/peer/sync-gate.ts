import type { Cell, DiskFile, Engine, Folder, SyncDone } from '@tanist/core'

/**
 * Lets what a turn has to say leave the process before its disk syncs begin: a fast disk syncs in place, and
 * followers should write while the leader does. Writes pass at once; syncs run in a turn of their own, in order.
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
    return {
      get size() {
        return file.size
      },
      read: (offset, length) => file.read(offset, length),
      write: (offset, bytes) => file.write(offset, bytes),
      truncate: (size) => file.truncate(size),
      sync: (done) => this.#later((then) => file.sync(then), done),
      close: () => file.close(),
    }
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
