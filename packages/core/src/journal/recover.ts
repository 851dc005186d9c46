import { DiskError, type Folder, type Log } from '../host/index.js'
import { damaged, diskFailed, otherVersion } from './failure.js'
import { decodeHeader, encodeHeader, HEADER_BYTES, RecordReader } from './record.js'
import { Segment, segmentFirst, segmentName } from './segment.js'
import { TermRuns } from './terms.js'

/** What is on the disk, verified. The last segment is the one to write to; it and the folder are not synced. */
export interface Recovered {
  readonly segments: Segment[]
  readonly terms: TermRuns
}

/** Reads every segment. Throws `JournalError`, with the disk unchanged, unless all but a torn tail is whole. */
export function recover(folder: Folder, log: Log | undefined): Recovered {
  const segments: Segment[] = []
  try {
    const firsts = folder
      .list()
      .map(segmentFirst)
      .filter((first) => first !== undefined)
      .toSorted((a, b) => a - b)
    if (firsts.length === 0) {
      segments.push(createSegment(folder, 1, 0))
      return { segments, terms: new TermRuns(0, 0) }
    }
    return { segments, terms: readAll(folder, firsts, segments, log) }
  } catch (error) {
    for (const segment of segments) segment.file.close()
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

function readAll(
  folder: Folder,
  firsts: readonly number[],
  segments: Segment[],
  log: Log | undefined,
): TermRuns {
  let terms: TermRuns | undefined
  firsts.forEach((first, i) => {
    const segment = new Segment(folder.path, first, folder.open(segmentName(first), 'existing'))
    segments.push(segment)
    const last = i === firsts.length - 1
    const bytes = segment.file.read(0, segment.file.size)
    const reader = new RecordReader(bytes, first)
    const header = decodeHeader(bytes)
    if (header === 'version') throw otherVersion(segment.path)
    if (header === 'broken') {
      // A header is synced before anything follows it: only a segment that never got an entry may lack it.
      const fresh = last && (terms !== undefined || first === 1) && !reader.laterGroupFollows(0, first)
      if (!fresh) throw damaged(segment.path, 0, first)
      terms ??= new TermRuns(0, 0)
      checkJoint(segments, first, terms, terms.last)
      cut(segment, 0, log)
      segment.file.write(0, encodeHeader({ first, prevTerm: terms.last }))
      return
    }
    terms ??= new TermRuns(header.first - 1, header.prevTerm)
    if (header.first !== first) throw damaged(segment.path, 0, first)
    checkJoint(segments, first, terms, header.prevTerm)
    readRecords(segment, reader, terms)
    if (segment.size === bytes.length) return
    if (!last || reader.laterGroupFollows(segment.size, segment.next)) {
      throw damaged(segment.path, segment.size, segment.next)
    }
    cut(segment, segment.size, log)
  })
  return terms!
}

/** A sealed segment that lost its end shows only here: the next one begins too late, or after another term. */
function checkJoint(segments: readonly Segment[], first: number, terms: TermRuns, prevTerm: number): void {
  const before = segments.at(-2)
  if (before !== undefined && (before.next !== first || terms.last !== prevTerm)) {
    throw damaged(before.path, before.size, before.next)
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
