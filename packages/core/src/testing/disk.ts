import { type Disk, DiskError, type Folder, type Random, type SyncDone } from '../host/index.js'
import { SimFile } from './disk-file.js'
import { SimNames } from './disk-folder.js'
import { FolderHandle } from './disk-handles.js'
import type { Undo } from './path.js'

export interface SimDiskOptions {
  /** Runs something later in virtual time, never at once. */
  readonly schedule: (delayMs: number, run: () => void) => void
  /** Decides what a power cut leaves. */
  readonly random: Random
  /** How long the next sync takes, in virtual milliseconds. Default 1. */
  readonly syncMs?: () => number
  /** Told of `wrote`, `syncing` and `synced`, inside of what happens there. */
  readonly moment?: (name: 'wrote' | 'syncing' | 'synced') => void
}

function added<T>(set: Set<T>, fault: T): Undo {
  set.add(fault)
  return () => set.delete(fault)
}

/** What syncs share: a file's content or a folder's names. */
interface Syncable {
  readonly mark: number
  settle(mark: number, ok: boolean): void
  lie(mark: number): void
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
  #misdirections = 0
  /** Faults that are not undone. */
  readonly #fills = new Set<object>()
  readonly #lies = new Set<object>()
  readonly #delays = new Set<{ readonly ms: number }>()

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

  /**
   * Puts files into a folder, as if they had been written and synced before: those of a production peer, say. Of a
   * real data folder leave out the lock (`lock` and all that begin with `lock-`).
   */
  load(path: string, files: Readonly<Record<string, Uint8Array>>): void {
    const names = this.#folders.get(path) ?? new SimNames()
    this.#folders.set(path, names)
    for (const [name, bytes] of Object.entries(files)) {
      const file = new SimFile()
      file.write(0, bytes)
      file.settle(file.mark, true)
      names.create(name, file)
    }
    names.settle(names.mark, true)
  }

  /** The next `sync` that is called fails, and what it covered is never made durable. */
  failNextSync(): void {
    this.#failures++
  }

  /** Every later sync takes `ms` longer; 0 ends that. */
  slow(ms: number): void {
    this.#slowMs = ms
  }

  /** The disk is full until the undo. */
  fill(): Undo {
    return added(this.#fills, {})
  }

  /** Every sync takes `ms` longer until the undo, on top of what else slows it. */
  slowBy(ms: number): Undo {
    return added(this.#delays, { ms })
  }

  /** Until the undo, syncs end well and make nothing durable: a power cut takes it, unless an honest sync comes first. */
  lie(): Undo {
    return added(this.#lies, {})
  }

  /** The next write to a file that holds something lands elsewhere in it; where it should be, nothing changes. */
  misdirectNextWrite(): void {
    this.#misdirections++
  }

  /** As `rot`, at an offset by chance, in this file (a full path, or a name in any folder) or in any; if there is one. */
  rotSomewhere(file?: string): void {
    const { random } = this.#options
    const wanted = (path: string): boolean => file === undefined || path === file || path.endsWith(`/${file}`)
    const paths = this.files().filter((path) => wanted(path) && this.#fileAt(path).size > 0)
    const path = paths[Math.floor(random.next() * paths.length)]
    if (path !== undefined) this.rot(path, Math.floor(random.next() * this.#fileAt(path).size))
  }

  /** Works as a disk should from now on. What it has lost stays lost. */
  heal(): void {
    this.full = false
    this.#slowMs = 0
    this.#failures = 0
    this.#misdirections = 0
    this.#fills.clear()
    this.#lies.clear()
    this.#delays.clear()
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

  /** @internal */
  get isFull(): boolean {
    return this.full || this.#fills.size > 0
  }

  /** @internal */
  wrote(): void {
    this.#options.moment?.('wrote')
  }

  /** @internal Where this write goes. */
  aim(file: SimFile, offset: number, length: number): number {
    const places = Math.max(1, file.size - length + 1)
    if (this.#misdirections === 0 || places < 2) return offset
    this.#misdirections--
    const other = Math.floor(this.#options.random.next() * (places - 1))
    return other >= offset ? other + 1 : other
  }

  /** @internal On a full disk: a part that fits, by chance, and the error to throw. */
  room(path: string, growth: number): { kept: number; error: DiskError } | undefined {
    if (!this.isFull || growth <= 0) return undefined
    const kept = Math.floor(this.#options.random.next() * growth)
    return { kept, error: new DiskError('full', `no space left for ${path}`) }
  }

  /** @internal */
  sync(target: Syncable, path: string, done: SyncDone): void {
    const { mark } = target
    const fails = this.#failures > 0
    if (fails) this.#failures--
    const lies = this.#lies.size > 0
    this.#options.moment?.('syncing')
    let delayMs = (this.#options.syncMs?.() ?? 1) + this.#slowMs
    for (const { ms } of this.#delays) delayMs += ms
    const epoch = this.#epoch
    const line = this.#lines.get(target) ?? []
    this.#lines.set(target, line)
    const end = (): void => {
      if (epoch !== this.#epoch) return
      if (lies && !fails) target.lie(mark)
      else target.settle(mark, !fails)
      line.shift()
      if (line.length === 0) this.#lines.delete(target)
      line[0]?.()
      if (fails) {
        done(new DiskError('failed', `sync of ${path} failed`))
        return
      }
      this.#options.moment?.('synced')
      done()
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
