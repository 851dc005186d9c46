import type { Disk, DiskFile, Folder, SyncDone } from '@tanist/core'

interface Bytes {
  content: Uint8Array
  size: number
}

/** Files that are gone with the play. One folder, which nobody else opens. */
export class MemoryDisk implements Disk {
  readonly #files = new Map<string, Bytes>()
  readonly #later: (done: () => void) => void

  constructor(later: (done: () => void) => void) {
    this.#later = later
  }

  openFolder(path: string): Folder {
    const files = this.#files
    const sync = (done: SyncDone): void => this.#later(() => done())
    return {
      path,
      list: () => [...files.keys()].toSorted(),
      open: (name) => {
        const bytes = files.get(name) ?? { content: new Uint8Array(1_024), size: 0 }
        files.set(name, bytes)
        return fileOf(bytes, sync)
      },
      rename: (from, to) => {
        const bytes = files.get(from)
        if (bytes) files.set(to, bytes)
        files.delete(from)
      },
      remove: (name) => void files.delete(name),
      sync,
      close: () => {},
    }
  }
}

function fileOf(bytes: Bytes, sync: (done: SyncDone) => void): DiskFile {
  return {
    get size() {
      return bytes.size
    },
    read: (offset, length) => bytes.content.slice(offset, Math.min(offset + length, bytes.size)),
    write: (offset, added) => {
      grow(bytes, offset + added.length)
      bytes.content.set(added, offset)
    },
    truncate: (size) => {
      if (size < bytes.size) bytes.content.fill(0, size)
      grow(bytes, size)
      bytes.size = size
    },
    prepare: () => {},
    sync,
    close: () => {},
  }
}

function grow(bytes: Bytes, size: number): void {
  if (size > bytes.content.length) {
    const wider = new Uint8Array(2 * size)
    wider.set(bytes.content)
    bytes.content = wider
  }
  bytes.size = Math.max(bytes.size, size)
}
