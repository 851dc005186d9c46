import type { DiskFile, Folder, LogLevel } from '../../src/host/index.js'
import type { Entry } from '../../src/journal/index.js'
import { SimDisk } from '../../src/testing/disk.js'

/** A small seeded generator (mulberry32). */
export function random(seed: number): { next(): number; id(): string } {
  let a = seed >>> 0
  const next = (): number => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return { next, id: () => String(next()) }
}

/** A simulated disk whose syncs end when the test says so. */
export class Bench {
  readonly disk: SimDisk
  #due: Array<() => void> = []
  folder: Folder

  constructor(seed = 1) {
    this.disk = new SimDisk({ schedule: (_ms, run) => this.#due.push(run), random: random(seed) })
    this.folder = this.disk.openFolder('data')
  }

  /** Ends one outstanding sync; false when there is none. */
  step(): boolean {
    const run = this.#due.shift()
    run?.()
    return run !== undefined
  }

  settle(): void {
    while (this.step());
  }

  crash(): void {
    this.disk.crash()
    this.folder = this.disk.openFolder('data')
  }

  powerOff(tear = true): void {
    this.disk.powerOff({ tear })
    this.folder = this.disk.openFolder('data')
  }
}

/** A folder that calls `before` in front of each act on the disk: the place to cut the power. */
export function watched(folder: Folder, before: (act: string) => void): Folder {
  const file = (inner: DiskFile): DiskFile => ({
    get size() {
      return inner.size
    },
    read: (offset, length) => inner.read(offset, length),
    write: (offset, bytes) => (before('write'), inner.write(offset, bytes)),
    truncate: (size) => (before('truncate'), inner.truncate(size)),
    prepare: (size) => (before('prepare'), inner.prepare(size)),
    sync: (done) => (before('sync'), inner.sync(done)),
    close: () => inner.close(),
  })
  return {
    path: folder.path,
    list: () => folder.list(),
    open: (name, mode) => (before('open'), file(folder.open(name, mode))),
    rename: (from, to) => (before('rename'), folder.rename(from, to)),
    remove: (name) => (before('remove'), folder.remove(name)),
    sync: (done) => (before('sync-folder'), folder.sync(done)),
    close: () => folder.close(),
  }
}

/** A folder whose syncs end in place, as a fast disk's may. */
export function inPlace(folder: Folder): Folder {
  const file = (inner: DiskFile): DiskFile => ({
    get size() {
      return inner.size
    },
    read: (offset, length) => inner.read(offset, length),
    write: (offset, bytes) => inner.write(offset, bytes),
    truncate: (size) => inner.truncate(size),
    prepare: (size) => inner.prepare(size),
    sync: (done) => done(),
    close: () => inner.close(),
  })
  return {
    path: folder.path,
    list: () => folder.list(),
    open: (name, mode) => file(folder.open(name, mode)),
    rename: (from, to) => folder.rename(from, to),
    remove: (name) => folder.remove(name),
    sync: (done) => done(),
    close: () => folder.close(),
  }
}

export function entry(index: number, term: number, size = 12): Entry {
  const payload = new Uint8Array(size).map((_, i) => (index * 31 + term * 7 + i) % 256)
  return { index, term, kind: index % 5, payload }
}

export function entries(from: number, to: number, term: number, size = 12): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, i) => entry(from + i, term, size))
}

/** `index:term` of each, with a check of the payloads. */
export function picture(found: readonly Entry[]): string {
  return found
    .map((e) => {
      const same = entry(e.index, e.term, e.payload.length).payload.every((b, i) => b === e.payload[i])
      return `${e.index}:${e.term}${same ? '' : '!'}`
    })
    .join(' ')
}

export function logLines(): {
  lines: string[]
  write(level: LogLevel, event: string): void
} {
  const lines: string[] = []
  return { lines, write: (level, event) => void lines.push(`${level} ${event}`) }
}
