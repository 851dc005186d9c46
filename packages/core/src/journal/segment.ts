import { invariant } from '../invariant.js'
import type { DiskFile } from '../host/index.js'
import { damaged } from './failure.js'
import { encodeGroup, HEADER_BYTES, RecordReader } from './record.js'
import type { Entry } from './types.js'

const READ_BYTES = 256 * 1024

/** A file that grows is prepared for as much again as is in use, up to this. */
const AHEAD_BYTES = 256 * 1024
/** A group from here on goes without: its own bytes take longer than the file's new size, and zeros cost as much. */
const LARGE_GROUP_BYTES = 64 * 1024
/** What file systems give out. */
const BLOCK_BYTES = 4096

/** One file of the journal and where its records begin. What was written is readable at once. */
export class Segment {
  readonly name: string
  readonly path: string
  readonly first: number
  #file: DiskFile
  #positions: Uint32Array = new Uint32Array(64)
  #count = 0
  #size = HEADER_BYTES
  /** Up to here there are zeros behind what is in use, or should be: it may be less. */
  #prepared = 0
  #closed = false

  constructor(folder: string, first: number, file: DiskFile) {
    this.name = segmentName(first)
    this.path = `${folder}/${this.name}`
    this.first = first
    this.#file = file
  }

  get file(): DiskFile {
    return this.#file
  }

  /** What is in use is in another file now; the former one is closed. */
  replaceFile(file: DiskFile): void {
    this.#file = file
    this.#prepared = 0
  }

  /** Index behind the last entry. */
  get next(): number {
    return this.first + this.#count
  }

  /** Bytes in use: the next group goes here. */
  get size(): number {
    return this.#size
  }

  close(): void {
    if (!this.#closed) this.file.close()
    this.#closed = true
  }

  /** Takes note of a record that is in the file. */
  note(position: number, end: number): void {
    if (this.#count === this.#positions.length) {
      const wider = new Uint32Array(this.#count * 2)
      wider.set(this.#positions)
      this.#positions = wider
    }
    this.#positions[this.#count++] = position
    this.#size = end
  }

  /** Takes note of zeros behind what is in use, up to `size`. */
  notePrepared(size: number): void {
    this.#prepared = size
  }

  /** Prepares space for groups to come as well, where there is none, but not beyond `limitBytes`. */
  write(entries: readonly Entry[], limitBytes: number): void {
    const { bytes, positions } = encodeGroup(entries, this.first, this.#size)
    const end = this.#size + bytes.length
    if (end > this.#prepared && bytes.length < LARGE_GROUP_BYTES) {
      const wanted = Math.ceil((end + Math.min(end, AHEAD_BYTES)) / BLOCK_BYTES) * BLOCK_BYTES
      this.#prepared = Math.min(wanted, limitBytes)
      if (this.#prepared > end) this.file.prepare(this.#prepared)
    }
    this.file.write(this.#size, bytes)
    positions.forEach((position, i) => this.note(position, positions[i + 1] ?? end))
  }

  /** Cuts the file in front of `index`; the caller syncs. */
  cut(index: number): void {
    invariant(index >= this.first && index <= this.next, `cut at ${index} is inside segment ${this.name}`)
    if (index === this.next) return
    const size = this.#positions[index - this.first]!
    this.file.truncate(size)
    this.#prepared = size
    this.#size = size
    this.#count = index - this.first
  }

  /** Entries `from` to below `to` into `out`, until `maxBytes` of payload; returns the bytes left of it. */
  read(from: number, to: number, maxBytes: number, out: Entry[]): number {
    let left = maxBytes
    let index = from
    while (index < to) {
      const begin = this.#positions[index - this.first]!
      const needed = this.#end(index) - begin
      const length = Math.min(Math.max(needed, Math.min(READ_BYTES, left)), this.#end(to - 1) - begin)
      const reader = new RecordReader(this.file.read(begin, length), this.first, begin)
      while (index < to && this.#end(index) <= begin + length) {
        const position = this.#positions[index - this.first]!
        const record = reader.at(position)
        if (record === undefined || record.entry.index !== index) throw damaged(this.path, position, index)
        if (out.length > 0 && record.entry.payload.length > left) return 0
        out.push(record.entry)
        left -= record.entry.payload.length
        index++
        if (left <= 0) return 0
      }
    }
    return left
  }

  #end(index: number): number {
    return index + 1 < this.next ? this.#positions[index + 1 - this.first]! : this.#size
  }
}

export function segmentName(first: number): string {
  return `journal-${String(first).padStart(16, '0')}.seg`
}

/** The first index by a file's name; undefined for other files. */
export function segmentFirst(name: string): number | undefined {
  const digits = /^journal-(\d{16})\.seg$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
