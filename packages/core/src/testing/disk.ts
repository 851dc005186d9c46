import {
  DiskError,
  type Disk,
  type DiskFile,
  type Folder,
  type Random,
  type SyncDone,
} from '../host/index.js'
import { SimFile } from './disk-file.js'
import { SimNames } from './disk-folder.js'

export interface SimDiskOptions {
  /** Runs something later in virtual time, never at once. */
  readonly schedule: (delayMs: number, run: () => void) => void
  /** Decides what a power cut leaves. */
  readonly random: Random
  /** How long the next sync takes, in virtual milliseconds. Default 1. */
  readonly syncMs?: () => number
}

/** What syncs share: a file's content or a folder's names. */
interface Syncable {
  readonly mark: number
  settle(mark: number, ok: boolean): void
}

/**
 * A disk in memory that forgets what was not synced, as real ones do, and fails on request.
 *
 * - Reads and writes act on a cache that outlives the process. `sync` of a file covers its content at the time
 *   of the call, `sync` of a folder its names at that time; a file's name needs the folder's sync. Syncs of one
 *   file or folder end in the order of the calls, always by `schedule`.
 * - `crash` ends the process: the cache stays, locks are free, handles throw, callbacks never come.
 * - `powerOff` is a crash that also takes the cache: every change that was not synced is kept or lost, each by
 *   its own chance; with `tear`, the last write to each file may be there in parts.
 * - Equal seeds and equal calls give equal disks.
 */
export class SimDisk implements Disk {
  /** While set, nothing can grow: writes behind the end keep a part and throw `full`, creations throw. */
  full = false
  readonly #options: SimDiskOptions
  readonly #folders = new Map<string, SimNames>()
  #lines = new Map<Syncable, Array<() => void>>()
  #epoch = 0
  #slowMs = 0
  #failures = 0

  constructor(options: SimDiskOptions) {
    this.#options = options
  }

  openFolder(path: string): Folder {
    const names = this.#folders.get(path) ?? new SimNames()
    if (names.locked) throw new DiskError('locked', `${path} is in use by a living process`)
    this.#folders.set(path, names)
    names.locked = true
    return new FolderHandle(this, path, names)
  }

  /** The process died. */
  crash(): void {
    this.#epoch++
    this.#lines = new Map()
    for (const names of this.#folders.values()) names.locked = false
  }

  /** The machine lost power. */
  powerOff(options: { readonly tear?: boolean } = {}): void {
    this.crash()
    const files = new Set<SimFile>()
    for (const names of this.#folders.values()) {
      for (const file of names.powerOff(this.#options.random)) files.add(file)
    }
    for (const file of files) file.powerOff(this.#options.random, options.tear ?? false)
  }

  /** The machine got an empty disk. */
  wipe(): void {
    this.crash()
    this.#folders.clear()
  }

  /** The next `sync` that is called fails, and what it covered is never made durable. */
  failNextSync(): void {
    this.#failures++
  }

  /** Every later sync takes `ms` longer; 0 ends that. */
  slow(ms: number): void {
    this.#slowMs = ms
  }

  /** Flips a bit of the file at this full path, unnoticed. */
  rot(path: string, offset: number): void {
    this.#fileAt(path).rot(offset)
  }

  /** Full paths of all files, sorted. */
  files(): string[] {
    return [...this.#folders].flatMap(([path, names]) => names.list().map((n) => `${path}/${n}`)).toSorted()
  }

  /** What a process would read from the file at this full path. */
  content(path: string): Uint8Array {
    const file = this.#fileAt(path)
    return file.read(0, file.size)
  }

  /** @internal */
  get epoch(): number {
    return this.#epoch
  }

  /** @internal Handles of an earlier process get nothing any more. */
  alive(epoch: number, path: string): void {
    if (epoch !== this.#epoch) throw new DiskError('failed', `${path} was opened by a process that is dead`)
  }

  /** @internal On a full disk: a part that fits, by chance, and the error to throw. */
  room(path: string, growth: number): { kept: number; error: DiskError } | undefined {
    if (!this.full || growth <= 0) return undefined
    const kept = Math.floor(this.#options.random.next() * growth)
    return { kept, error: new DiskError('full', `no space left for ${path}`) }
  }

  /** @internal */
  sync(target: Syncable, path: string, done: SyncDone): void {
    const { mark } = target
    const fails = this.#failures > 0
    if (fails) this.#failures--
    const delayMs = (this.#options.syncMs?.() ?? 1) + this.#slowMs
    const epoch = this.#epoch
    const line = this.#lines.get(target) ?? []
    this.#lines.set(target, line)
    const end = (): void => {
      if (epoch !== this.#epoch) return
      target.settle(mark, !fails)
      line.shift()
      line[0]?.()
      if (fails) done(new DiskError('failed', `sync of ${path} failed`))
      else done()
    }
    line.push(() => this.#options.schedule(delayMs, end))
    if (line.length === 1) line[0]!()
  }

  #fileAt(path: string): SimFile {
    const slash = path.lastIndexOf('/')
    const file = this.#folders.get(path.slice(0, slash))?.get(path.slice(slash + 1))
    if (file === undefined) throw new DiskError('missing', `there is no file ${path}`)
    return file
  }
}

class FolderHandle implements Folder {
  readonly path: string
  readonly #disk: SimDisk
  readonly #names: SimNames
  readonly #epoch: number
  #closed = false

  constructor(disk: SimDisk, path: string, names: SimNames) {
    this.path = path
    this.#disk = disk
    this.#names = names
    this.#epoch = disk.epoch
  }

  list(): string[] {
    this.#check()
    return this.#names.list()
  }

  open(name: string, mode: 'existing' | 'create'): DiskFile {
    this.#check()
    const path = `${this.path}/${name}`
    let file = this.#names.get(name)
    if (file === undefined) {
      if (mode === 'existing') throw new DiskError('missing', `there is no file ${path}`)
      if (this.#disk.full) throw new DiskError('full', `no space left for ${path}`)
      file = new SimFile()
      this.#names.create(name, file)
    }
    return new FileHandle(this.#disk, path, file)
  }

  rename(from: string, to: string): void {
    this.#check()
    this.#names.rename(from, to, this.#existing(from))
  }

  remove(name: string): void {
    this.#check()
    this.#existing(name)
    this.#names.remove(name)
  }

  sync(done: SyncDone): void {
    this.#check()
    this.#disk.sync(this.#names, this.path, done)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#epoch === this.#disk.epoch) this.#names.locked = false
  }

  #existing(name: string): SimFile {
    const file = this.#names.get(name)
    if (file === undefined) throw new DiskError('missing', `there is no file ${this.path}/${name}`)
    return file
  }

  #check(): void {
    this.#disk.alive(this.#epoch, this.path)
    if (this.#closed) throw new DiskError('failed', `the folder ${this.path} is closed`)
  }
}

class FileHandle implements DiskFile {
  readonly #disk: SimDisk
  readonly #path: string
  readonly #file: SimFile
  readonly #epoch: number
  #closed = false

  constructor(disk: SimDisk, path: string, file: SimFile) {
    this.#disk = disk
    this.#path = path
    this.#file = file
    this.#epoch = disk.epoch
  }

  get size(): number {
    this.#check()
    return this.#file.size
  }

  read(offset: number, length: number): Uint8Array {
    this.#check()
    return this.#file.read(offset, length)
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#check()
    const growth = offset + bytes.length - Math.max(this.#file.size, offset)
    const room = this.#disk.room(this.#path, growth)
    if (room === undefined) return this.#file.write(offset, bytes)
    this.#file.write(offset, bytes.subarray(0, bytes.length - growth + room.kept))
    throw room.error
  }

  truncate(size: number): void {
    this.#check()
    const room = this.#disk.room(this.#path, size - this.#file.size)
    if (room !== undefined) throw room.error
    this.#file.truncate(size)
  }

  sync(done: SyncDone): void {
    this.#check()
    this.#disk.sync(this.#file, this.#path, done)
  }

  close(): void {
    this.#closed = true
  }

  #check(): void {
    this.#disk.alive(this.#epoch, this.#path)
    if (this.#closed) throw new DiskError('failed', `the file ${this.#path} is closed`)
  }
}
