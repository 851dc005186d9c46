import { DiskError, type Folder, type Log } from '../host/index.js'
import { damaged, diskFailed, otherVersion, prefixMissing, tailMissing } from './failure.js'
import { decodeHeader, encodeHeader, HEADER_BYTES, RecordReader } from './record.js'
import { Segment, segmentFirst, segmentName } from './segment.js'
import { TermRuns } from './terms.js'
import type { JournalError } from './types.js'

/** The last entry that a snapshot covers. */
export interface Base {
  readonly index: number
  readonly term: number
}

export interface RecoverOptions {
  readonly base?: Base
  readonly neverReset?: boolean
  readonly least?: number
  readonly log?: Log
}

/** What is on the disk, verified. The last segment is the one to write to; it and the folder are not synced. */
export interface Recovered {
  readonly segments: Segment[]
  readonly terms: TermRuns
}

/**
 * Reads every segment. Throws `JournalError`, with the disk unchanged, unless all is whole but a torn tail and
 * what the snapshot up to `base` covers.
 */
export function recover(folder: Folder, options: RecoverOptions): Recovered {
  const { base, neverReset = false, log } = options
  const least = Math.max(options.least ?? 0, neverReset ? (base?.index ?? 0) : 0)
  const replaced = neverReset ? 0 : (base?.index ?? 0)
  const reading = new Reading(folder, base)
  try {
    const firsts = folder
      .list()
      .map(segmentFirst)
      .filter((first) => first !== undefined)
      .toSorted((a, b) => a - b)
    if (firsts.length === 0) {
      const { index, term } = base ?? NOTHING
      if (replaced < least) throw tailMissing(folder.path, replaced, least)
      reading.segments.push(createSegment(folder, index + 1, term))
      return { segments: reading.segments, terms: new TermRuns(index, term) }
    }
    const terms = reading.all(firsts)
    const last = Math.max(reading.segments.at(-1)!.next - 1, replaced)
    if (last < least) throw tailMissing(folder.path, last, least)
    reading.repair(log)
    return { segments: reading.segments, terms }
  } catch (error) {
    for (const segment of reading.segments) segment.close()
    throw error instanceof DiskError ? diskFailed(`The journal in ${folder.path}`, error) : error
  }
}

/** A segment without entries; the caller syncs the file, then the folder, before a group goes into it. */
export function createSegment(folder: Folder, first: number, prevTerm: number): Segment {
  const file = folder.open(segmentName(first), 'create')
  file.truncate(0)
  file.write(0, encodeHeader({ first, prevTerm }))
  return new Segment(folder.path, first, file)
}

const NOTHING: Base = { index: 0, term: 0 }

class Reading {
  readonly segments: Segment[] = []
  readonly #folder: Folder
  readonly #base: Base
  /** Segments that the snapshot covers, in front of a gap or of damage. */
  #covered: string[] = []
  /** What is to be put right at the end of the last segment, once nothing can be refused any more. */
  #tail: { readonly size: number; readonly header: Uint8Array | null } | undefined
  #terms: TermRuns | undefined

  constructor(folder: Folder, base: Base | undefined) {
    this.#folder = folder
    this.#base = base ?? NOTHING
  }

  all(firsts: readonly number[]): TermRuns {
    firsts.forEach((first, i) => {
      const segment = new Segment(this.#folder.path, first, this.#folder.open(segmentName(first), 'existing'))
      this.segments.push(segment)
      const failure = this.#read(segment, i === firsts.length - 1)
      if (failure === undefined) return
      const next = firsts[i + 1]
      if (next === undefined || next > this.#base.index + 1) throw failure
      this.#forget(this.segments.length)
    })
    const first = this.segments[0]!.first
    if (first > this.#base.index + 1) throw prefixMissing(this.#folder.path, first, this.#base.index)
    return this.#terms!
  }

  repair(log: Log | undefined): void {
    for (const name of this.#covered) this.#folder.remove(name)
    if (this.#covered.length > 0) {
      log?.write(
        'info',
        'journal-covered-removed',
        `Removed ${this.#covered.length} files of the journal in ${this.#folder.path} that the snapshot up to ` +
          `entry ${this.#base.index} covers: what was left of a drop, or damaged.`,
        { folder: this.#folder.path, files: this.#covered, snapshotIndex: this.#base.index },
      )
    }
    if (this.#tail === undefined) return
    const segment = this.segments.at(-1)!
    cut(segment, this.#tail.size, log)
    if (this.#tail.header !== null) segment.file.write(0, this.#tail.header)
  }

  #read(segment: Segment, last: boolean): JournalError | undefined {
    const { first } = segment
    const bytes = segment.file.read(0, segment.file.size)
    const reader = new RecordReader(bytes, first)
    const header = decodeHeader(bytes)
    if (header === 'version') throw otherVersion(segment.path)
    if (header === 'broken') {
      // A header is synced before anything follows it: only a segment that never got an entry may lack it.
      if (!last || reader.laterGroupFollows(0, first)) return damaged(segment.path, 0, first)
      const prevTerm = this.#termBefore(first)
      if (prevTerm === undefined) return damaged(segment.path, 0, first)
      this.#join(first, prevTerm)
      this.#tail = { size: 0, header: encodeHeader({ first, prevTerm }) }
      return undefined
    }
    if (header.first !== first) return damaged(segment.path, 0, first)
    const terms = this.#join(first, header.prevTerm)
    readRecords(segment, reader, terms)
    if (onlyZeros(bytes, segment.size)) {
      segment.notePrepared(bytes.length)
      return undefined
    }
    if (!last || reader.laterGroupFollows(segment.size, segment.next)) {
      return damaged(segment.path, segment.size, segment.next)
    }
    this.#tail = { size: segment.size, header: null }
    return undefined
  }

  /** A sealed segment that lost its end shows only here: the next one begins too late, or after another term. */
  #join(first: number, prevTerm: number): TermRuns {
    const before = this.segments.at(-2)
    if (before !== undefined && (before.next !== first || this.#terms!.last !== prevTerm)) {
      if (first > this.#base.index + 1) throw damaged(before.path, before.size, before.next)
      this.#forget(this.segments.length - 1)
    }
    this.#terms ??= new TermRuns(first - 1, prevTerm)
    return this.#terms
  }

  #termBefore(first: number): number | undefined {
    if (this.segments.at(-2)?.next === first) return this.#terms!.last
    if (first === this.#base.index + 1) return this.#base.term
    // It ends before the snapshot, so that it is replaced at once: any term will do.
    return first <= this.#base.index || first === 1 ? 0 : undefined
  }

  #forget(count: number): void {
    for (const segment of this.segments.splice(0, count)) {
      segment.close()
      this.#covered.push(segment.name)
    }
    this.#terms = undefined
  }
}

function readRecords(segment: Segment, reader: RecordReader, terms: TermRuns): void {
  for (let at = HEADER_BYTES; ; ) {
    const record = reader.at(at)
    if (record === undefined) return
    const { index, term } = record.entry
    if (index !== segment.next || term < terms.last) return
    terms.push(index, term)
    segment.note(at, record.end)
    at = record.end
  }
}

/** Space that was prepared for groups that never came. */
function onlyZeros(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < bytes.length; at++) if (bytes[at] !== 0) return false
  return true
}

function cut(segment: Segment, size: number, log: Log | undefined): void {
  const bytes = segment.file.size - size
  if (bytes === 0) return
  log?.write(
    'warn',
    'journal-torn-tail',
    `Cut ${bytes} bytes off the end of ${segment.path}: a write that power or process ended half-way and ` +
      'that nobody was told about.',
    { file: segment.path, offset: size, bytes, nextIndex: segment.next },
  )
  segment.file.truncate(size)
}
