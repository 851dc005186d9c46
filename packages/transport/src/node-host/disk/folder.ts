import {
  close,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { DiskFile, Folder, SyncDone } from '@tanist/core'
import { invariant } from '@tanist/core'
import { guarded } from './errors.js'
import { closeWhenIdle, NodeFile } from './file.js'
import { isLockName, lockFolder } from './lock.js'
import type { FolderLock } from './lock.js'
import { SyncLane } from './sync-lane.js'
import type { SyncTarget } from './sync-lane.js'
import type { SyncPolicy } from './sync-policy.js'

/** Windows has no sync of a folder; its file system journals names by itself. */
const syncsFolders = process.platform !== 'win32'

export class NodeFolder implements Folder {
  readonly path: string
  readonly #lane: SyncLane
  readonly #lock: FolderLock
  /** Undefined on Windows. */
  readonly #target: SyncTarget | undefined
  #open = true

  constructor(path: string, policy: SyncPolicy) {
    this.path = resolve(path)
    this.#lane = new SyncLane(policy)
    guarded(`create the folder ${this.path}`, () => createFolder(this.path))
    this.#lock = lockFolder(this.path)
    if (syncsFolders) {
      const fd = guarded(`open the folder ${this.path}`, () => openSync(this.path, constants.O_RDONLY))
      this.#target = { fd, path: this.path, kind: 'folder', failure: undefined, running: 0 }
    }
  }

  list(): string[] {
    this.#check()
    const entries = guarded(`list the folder ${this.path}`, () =>
      readdirSync(this.path, { withFileTypes: true }),
    )
    const names = entries
      .filter((entry) => entry.isFile() && !isLockName(entry.name))
      .map((entry) => entry.name)
    return names.toSorted()
  }

  open(name: string, mode: 'existing' | 'create'): DiskFile {
    const flags = constants.O_RDWR | (mode === 'create' ? constants.O_CREAT : 0)
    return new NodeFile(this.#file(name), flags, this.#lane)
  }

  rename(from: string, to: string): void {
    const [old, now] = [this.#file(from), this.#file(to)]
    guarded(`rename ${old} to ${now}`, () => renameSync(old, now))
  }

  remove(name: string): void {
    const path = this.#file(name)
    guarded(`remove ${path}`, () => removeFile(path))
  }

  sync(done: SyncDone): void {
    this.#check()
    if (this.#target === undefined) done()
    else this.#lane.sync(this.#target, done)
  }

  close(): void {
    this.#check()
    this.#open = false
    if (this.#target !== undefined) closeWhenIdle(this.#target)
    guarded(`unlock the folder ${this.path}`, () => this.#lock.release())
  }

  #file(name: string): string {
    this.#check()
    invariant(
      name === basename(name) && name !== '' && name !== '.' && name !== '..',
      `"${name}" is no file name`,
    )
    invariant(!isLockName(name), `"${name}" is the name of a lock file`)
    return join(this.path, name)
  }

  #check(): void {
    invariant(this.#open, `the folder ${this.path} is used after its close`)
  }
}

/**
 * The name is gone at once. Giving back the blocks of a large file takes tens of milliseconds, in the call that lets
 * go of it last: that is a close on the thread pool.
 */
function removeFile(path: string): void {
  const held = syncsFolders ? holdOpen(path) : undefined
  try {
    unlinkSync(path)
  } finally {
    if (held !== undefined) close(held)
  }
}

/** Undefined when that cannot be: the file can be removed all the same, only more slowly. */
function holdOpen(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY)
  } catch {
    return undefined
  }
}

/** Also makes the new folders themselves survive a power cut. */
function createFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: 0o700 })
  if (first === undefined || !syncsFolders) return
  const top = dirname(first)
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const fd = openSync(folder, constants.O_RDONLY)
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    if (folder === top) return
  }
}
