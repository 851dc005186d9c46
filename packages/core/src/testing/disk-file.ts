import type { Random } from '../host/index.js'

/** Bytes that grow. What lies between the old end and a write behind it is zero, as in a file. */
class Bytes {
  #data: Uint8Array = new Uint8Array(0)
  size = 0

  read(offset: number, length: number): Uint8Array {
    return this.#data.slice(Math.min(offset, this.size), Math.min(offset + length, this.size))
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#reserve(offset + bytes.length)
    this.#data.set(bytes, offset)
    this.size = Math.max(this.size, offset + bytes.length)
  }

  truncate(size: number): void {
    this.#reserve(size)
    if (size < this.size) this.#data.fill(0, size, this.size)
    this.size = size
  }

  flip(offset: number): void {
    if (offset < this.size) this.#data[offset] = this.#data[offset]! ^ 0x10
  }

  copy(): Bytes {
    const copy = new Bytes()
    copy.write(0, this.read(0, this.size))
    return copy
  }

  #reserve(size: number): void {
    if (size <= this.#data.length) return
    const wider = new Uint8Array(Math.max(size, this.#data.length * 2, 256))
    wider.set(this.#data.subarray(0, this.size))
    this.#data = wider
  }
}

type Change =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly size: number }
  | { readonly kind: 'rot'; readonly offset: number }

/**
 * `stuck`: a sync failed over it; later syncs pass it by, as Linux does with pages it failed to write.
 * `lied`: a sync only claimed to have covered it; a later honest one does.
 */
interface Pending {
  readonly id: number
  readonly change: Change
  state: 'unsynced' | 'stuck' | 'lied' | 'synced'
}

const SECTOR_BYTES = 512

/** The content of a simulated file: what processes see, what the platter holds, and the changes between. */
export class SimFile {
  #cache: Bytes = new Bytes()
  #platter: Bytes = new Bytes()
  #pending: Pending[] = []
  #lastId = 0

  get size(): number {
    return this.#cache.size
  }

  /** The last change so far, for `settle`. */
  get mark(): number {
    return this.#lastId
  }

  read(offset: number, length: number): Uint8Array {
    return this.#cache.read(offset, length)
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#change({ kind: 'write', offset, bytes: bytes.slice() }, 'unsynced')
  }

  truncate(size: number): void {
    this.#change({ kind: 'truncate', size }, 'unsynced')
  }

  /** Flips a bit, in the cache and on the platter. */
  rot(offset: number): void {
    this.#change({ kind: 'rot', offset }, 'synced')
  }

  /** A sync of everything up to `mark` claims to have ended well. */
  lie(mark: number): void {
    for (const pending of this.#pending) {
      if (pending.id <= mark && pending.state === 'unsynced') pending.state = 'lied'
    }
  }

  /** A sync of everything up to `mark` ended, well or not. */
  settle(mark: number, ok: boolean): void {
    for (const pending of this.#pending) {
      if (pending.id > mark) break
      if (pending.state === 'unsynced' || pending.state === 'lied') pending.state = ok ? 'synced' : 'stuck'
    }
    this.#fold()
  }

  /** Power is gone: each change that was not synced is on the platter or not, by chance; a lie never is. */
  powerOff(random: Random, tear: boolean): void {
    const last = this.#pending.findLast((p) => p.state !== 'synced' && p.change.kind === 'write')
    for (const pending of this.#pending) {
      if (pending.state === 'synced') apply(this.#platter, pending.change)
      else if (pending.state === 'lied') continue
      else if (tear && pending === last) applyTorn(this.#platter, pending.change, random)
      else if (random.next() < 0.5) apply(this.#platter, pending.change)
    }
    this.#pending = []
    this.#cache = this.#platter.copy()
  }

  #change(change: Change, state: 'unsynced' | 'synced'): void {
    apply(this.#cache, change)
    this.#pending.push({ id: ++this.#lastId, change, state })
    this.#fold()
  }

  #fold(): void {
    const open = this.#pending.findIndex((p) => p.state !== 'synced')
    const folded = this.#pending.splice(0, open === -1 ? this.#pending.length : open)
    for (const { change } of folded) apply(this.#platter, change)
  }
}

function apply(bytes: Bytes, change: Change): void {
  if (change.kind === 'write') bytes.write(change.offset, change.bytes)
  else if (change.kind === 'truncate') bytes.truncate(change.size)
  else bytes.flip(change.offset)
}

/** A write of which the disk kept a beginning, a beginning and zeros, or some of its sectors. */
function applyTorn(platter: Bytes, change: Change, random: Random): void {
  if (change.kind !== 'write') return
  const { offset, bytes } = change
  const kept = Math.floor(random.next() * (bytes.length + 1))
  const how = random.next()
  if (how < 0.5) return platter.write(offset, bytes.subarray(0, kept))
  // The file already has its new size; sectors that were not written read as zeros, or as what was there.
  if (platter.size < offset + bytes.length) platter.truncate(offset + bytes.length)
  if (how < 0.7) return platter.write(offset, bytes.subarray(0, kept))
  let from = offset
  while (from < offset + bytes.length) {
    const to = Math.min((Math.floor(from / SECTOR_BYTES) + 1) * SECTOR_BYTES, offset + bytes.length)
    if (random.next() < 0.5) platter.write(from, bytes.subarray(from - offset, to - offset))
    from = to
  }
}
