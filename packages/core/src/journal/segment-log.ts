import { invariant } from '../invariant.js'
import { DiskError, type Folder, type Log, type SyncDone } from '../host/index.js'
import { diskFailed } from './failure.js'
import { NUMBER_LIMIT } from './record.js'
import { RecentEntries } from './recent.js'
import { createSegment, recover } from './recover.js'
import type { Segment } from './segment.js'
import { Sequence, type Step } from './sequence.js'
import { TermRuns } from './terms.js'
import type { Entry, Journal, JournalError } from './types.js'

export interface JournalOptions {
  /** A segment that reached this size gets no further group. Default 8 MiB. */
  readonly segmentBytes?: number
  /** Memory for recent entries, beside those that are not written yet. Default 8 MiB. */
  readonly cacheBytes?: number
  /**
   * The newest whole snapshot in the folder. A journal that ends before it, or has another term there, was being
   * reset when power failed: the reset is finished. What lies in front of it may be missing or damaged.
   */
  readonly base?: { readonly index: number; readonly term: number }
  /** The caller never calls `reset`: a journal that ends before `base` is damaged. Default false. */
  readonly neverReset?: boolean
  /**
   * Writes the last segment again before anything counts as durable. After a sync that failed the system may show
   * what is not on the disk, and a further sync passes over it: without this a journal that is opened again
   * before the machine starts again must not be trusted. Default false.
   */
  readonly rewrite?: boolean
  /** The caller knows that the journal was durable up to here: one that ends before is damaged, not torn. Default 0. */
  readonly least?: number
  readonly log?: Log
}

const MIB = 1024 * 1024
/** Queued appends join a group until it has this many bytes of payload. */
const GROUP_BYTES = 4 * MIB

type Done = (error?: JournalError) => void
type Job =
  | {
      readonly kind: 'append'
      readonly entries: readonly Entry[]
      /** Term of the entry in front of these, as of the append: later truncations must not change a header. */
      readonly prevTerm: number
      readonly done: Done
    }
  | { readonly kind: 'truncate'; readonly index: number }
  /** Everything goes; the next entry has `index`, after one of term `prevTerm`. */
  | { readonly kind: 'reset'; readonly index: number; readonly prevTerm: number }
  | { readonly kind: 'close'; readonly done: Done }

/**
 * Opens the journal in `folder`, or begins one. The caller keeps the folder and closes it after the journal.
 *
 * - Throws `JournalError`: `damaged` (something that was durable cannot be read, or the journal begins behind
 *   `base.index + 1`, without `base` behind 1, or ends before `least`: the disk stays as it is), `format`, `disk`. A torn tail is cut and logged as `journal-torn-tail`.
 * - What an earlier process wrote may still be only in the operating system's cache. It is synced first, and
 *   `durableIndex` counts it from then on. `append([], done)` waits for that, and for everything before it:
 *   a voter that restarts must do so before it answers for entries that it found.
 * - One write and one sync a group; a group is what was queued during the sync before it.
 * - Power may fail between any two steps: entries whose `done` came are there, unless a later truncation took
 *   them, and the rest is a prefix of what was queued; old and new entries never mix.
 * - After a failure of the disk every `done` gets the error, and the entries stay readable.
 */
export function openJournal(folder: Folder, options: JournalOptions = {}): Journal {
  const { segments, terms } = recover(folder, options)
  return new SegmentLog(folder, segments, terms, options)
}

class SegmentLog implements Journal {
  readonly #folder: Folder
  /** As on the disk, but for segments that are dropped: their files go later. */
  readonly #segments: Segment[]
  #firstIndex: number
  #terms: TermRuns
  #recent: RecentEntries
  readonly #segmentBytes: number
  readonly #cacheBytes: number
  readonly #log: Log | undefined
  readonly #sequence: Sequence
  readonly #steps: Step[] = []
  #jobs: Job[] = []
  /** The lowest index that a queued truncation takes away: from there on the disk holds something else. */
  #floor = Infinity
  /** Index behind the last entry that a sync covered. */
  #durableNext: number
  /** Behind what the newest queued reset makes nobody miss: its snapshot is durable. */
  #resetNext: number | undefined
  #failure: JournalError | undefined
  #closed = false

  constructor(folder: Folder, segments: Segment[], terms: TermRuns, options: JournalOptions) {
    this.#folder = folder
    this.#segments = segments
    this.#terms = terms
    this.#segmentBytes = options.segmentBytes ?? 8 * MIB
    this.#cacheBytes = options.cacheBytes ?? 8 * MIB
    this.#log = options.log
    invariant(this.#segmentBytes > 0 && this.#segmentBytes <= 1024 * MIB, 'segmentBytes is 1 to 1 GiB')
    this.#firstIndex = segments[0]!.first
    this.#recent = new RecentEntries(this.#active.next)
    this.#durableNext = this.#active.first
    this.#sequence = new Sequence(
      () => this.#steps.shift() ?? this.#plan(),
      (error) => this.#fail(error),
    )
    if (options.rewrite === true) this.#steps.push(...this.#rewrite())
    this.#steps.push(...this.#settle())
    const { base } = options
    if (base !== undefined && !this.#reaches(base)) this.reset(base.index, base.term)
    this.#sequence.run()
  }

  get firstIndex(): number {
    return this.#firstIndex
  }

  get lastIndex(): number {
    return this.#recent.next - 1
  }

  get durableIndex(): number {
    return (this.#resetNext ?? Math.min(this.#durableNext, this.#floor)) - 1
  }

  termAt(index: number): number {
    // Only what is broken needs a sentence: this is the path of every command, as below.
    if (index < this.firstIndex - 1 || index > this.lastIndex)
      invariant(
        false,
        `the journal has no term at ${index}, only ${this.firstIndex - 1} to ${this.lastIndex}`,
      )
    return this.#terms.at(index)
  }

  read(from: number, maxBytes: number): Entry[] {
    if (from < this.firstIndex) invariant(false, `the journal begins at ${this.firstIndex}, not at ${from}`)
    const out: Entry[] = []
    let left = maxBytes
    let index = from
    for (let s = this.#segmentOf(from); index < this.#recent.from && s < this.#segments.length; s++) {
      const segment = this.#segments[s]!
      const to = Math.min(segment.next, this.#recent.from)
      left = this.#readSegment(segment, index, to, left, out)
      if (left <= 0) return out
      index = to
    }
    for (; index < this.#recent.next; index++) {
      const entry = this.#recent.at(index)!
      if (out.length > 0 && entry.payload.length > left) break
      out.push(entry)
      left -= entry.payload.length
    }
    return out
  }

  append(entries: readonly Entry[], done: Done): void {
    invariant(!this.#closed, 'append on a closed journal')
    const prevTerm = this.#terms.last
    for (const entry of entries) this.#accept(entry)
    this.#enqueue({ kind: 'append', entries: [...entries], prevTerm, done })
  }

  truncateFrom(index: number): void {
    invariant(!this.#closed, 'truncateFrom on a closed journal')
    invariant(
      index >= this.firstIndex && index <= this.#recent.next,
      `cannot truncate from ${index}: the journal holds ${this.firstIndex} to ${this.lastIndex}`,
    )
    if (index === this.#recent.next) return
    this.#recent.truncateFrom(index)
    this.#terms.truncateFrom(index)
    this.#floor = Math.min(this.#floor, index)
    this.#enqueue({ kind: 'truncate', index })
  }

  dropPrefix(index: number): void {
    invariant(!this.#closed, 'dropPrefix on a closed journal')
    invariant(index <= this.#recent.next, `cannot drop up to ${index}: the journal ends at ${this.lastIndex}`)
    // A queued reset takes them all.
    if (this.#resetNext !== undefined) return
    // The last one is being written to, and a queued truncation needs the one that it cuts.
    const end = Math.min(index, this.#floor)
    while (this.#segments.length > 1 && this.#segments[0]!.next <= end) {
      const segment = this.#segments.shift()!
      segment.close()
      this.#steps.push((done) => {
        this.#removeCovered(segment)
        done()
      })
    }
    if (this.#segments[0]!.first === this.#firstIndex) return
    this.#firstIndex = this.#segments[0]!.first
    this.#terms.dropBefore(this.#firstIndex - 1)
    this.#recent.dropBefore(this.#firstIndex)
    this.#sequence.run()
  }

  reset(index: number, term: number): void {
    invariant(!this.#closed, 'reset on a closed journal')
    invariant(index >= 0 && index < NUMBER_LIMIT && term >= 0 && term < NUMBER_LIMIT, `reset to ${index}`)
    this.#firstIndex = index + 1
    this.#terms = new TermRuns(index, term)
    this.#recent = new RecentEntries(index + 1)
    this.#floor = Math.min(this.#floor, index + 1)
    this.#resetNext = index + 1
    this.#enqueue({ kind: 'reset', index: index + 1, prevTerm: term })
  }

  close(done: Done): void {
    invariant(!this.#closed, 'the journal is already closed')
    this.#closed = true
    this.#enqueue({ kind: 'close', done })
  }

  get #active(): Segment {
    return this.#segments[this.#segments.length - 1]!
  }

  #reaches({ index, term }: { readonly index: number; readonly term: number }): boolean {
    return index <= this.lastIndex && (index < this.#firstIndex - 1 || this.#terms.at(index) === term)
  }

  #accept(entry: Entry): void {
    const { index, term, kind } = entry
    if (index !== this.#recent.next) invariant(false, `the next index is ${this.#recent.next}, not ${index}`)
    if (!(term >= this.#terms.last && term < NUMBER_LIMIT))
      invariant(false, `term ${term} follows ${this.#terms.last}`)
    if (!(Number.isInteger(kind) && kind >= 0 && kind <= 255)) invariant(false, `kind ${kind} is not a byte`)
    this.#terms.push(index, term)
    this.#recent.push(entry)
  }

  #enqueue(job: Job): void {
    if (this.#failure === undefined) this.#jobs.push(job)
    else this.#refuse(job, this.#failure)
    this.#sequence.run()
  }

  /** The next step for the job at the head of the queue, which stays there until it is done. */
  #plan(): Step | undefined {
    const job = this.#failure === undefined ? this.#jobs[0] : undefined
    if (job === undefined) return undefined
    if (job.kind === 'truncate') return this.#truncateStep(job.index)
    if (job.kind === 'reset') return this.#resetStep(job.index, job.prevTerm)
    if (job.kind === 'close') return (done) => this.#finishClose(job.done, done)
    const full = this.#active.size >= this.#segmentBytes && this.#active.next > this.#active.first
    if (full && job.entries.length > 0) return this.#rollStep(job.prevTerm)
    return this.#groupStep()
  }

  /** The last segment as a new file in its place: the content, then the name, are new to the disk. */
  #rewrite(): Step[] {
    const copyName = `${this.#active.name}.copy`
    return [
      (done) => {
        const segment = this.#active
        const copy = this.#folder.open(copyName, 'create')
        copy.truncate(0)
        copy.write(0, segment.file.read(0, segment.size))
        copy.sync((error) => {
          copy.close()
          done(error)
        })
      },
      (done) => {
        const segment = this.#active
        segment.file.close()
        this.#folder.rename(copyName, segment.name)
        segment.replaceFile(this.#folder.open(segment.name, 'existing'))
        done()
      },
    ]
  }

  /** Makes what recovery found or changed durable; nothing else is written before. */
  #settle(): Step[] {
    return [
      (done) => this.#active.file.sync(done),
      (done) =>
        this.#folder.sync((error) => {
          if (error === undefined) this.#durableNext = this.#active.next
          done(error)
        }),
    ]
  }

  /** A new segment and its name are durable before the first group goes into it. */
  #rollStep(prevTerm: number): Step {
    return (done) => {
      const segment = createSegment(this.#folder, this.#active.next, prevTerm)
      this.#segments.push(segment)
      this.#steps.push((next) => this.#folder.sync(next))
      segment.file.sync(done)
    }
  }

  #groupStep(): Step {
    const entries: Entry[] = []
    const dones: Done[] = []
    let bytes = 0
    for (const job of this.#jobs) {
      if (job.kind !== 'append' || bytes >= GROUP_BYTES) break
      for (const entry of job.entries) {
        entries.push(entry)
        bytes += entry.payload.length
      }
      dones.push(job.done)
    }
    const finish = (): void => {
      this.#jobs.splice(0, dones.length)
      this.#durableNext = this.#active.next
      for (const done of dones) this.#sequence.call(done)
    }
    return (done) => {
      if (entries.length > 0) {
        this.#active.write(entries, this.#segmentBytes)
        this.#trim()
        this.#active.file.sync(andThen(finish, done))
      } else {
        finish()
        done()
      }
    }
  }

  /**
   * One file at a time, the newest first, each durable before the next: wherever power fails, a prefix of the
   * old history is left, and nothing new was written behind it yet.
   */
  #truncateStep(index: number): Step {
    const segment = this.#active
    if (segment.first >= index && this.#segments.length > 1) {
      return (done) => this.#removeNewest(done)
    }
    const finish = (): void => {
      this.#jobs.shift()
      this.#durableNext = Math.min(this.#durableNext, index)
      this.#findFloor()
    }
    return (done) => {
      segment.cut(index)
      segment.file.sync(andThen(finish, done))
    }
  }

  /** As a truncation, so that a prefix of the old history is left or nothing; then the new segment. */
  #resetStep(index: number, prevTerm: number): Step {
    const segment = this.#active
    if (this.#segments.length > 1) return (done) => this.#removeNewest(done)
    const finish = (): void => {
      this.#jobs.shift()
      this.#durableNext = index
      this.#resetNext = undefined
      this.#findFloor()
    }
    const begin: Step = (done) => {
      this.#segments[0] = createSegment(this.#folder, index, prevTerm)
      this.#steps.push((next) => this.#folder.sync(andThen(finish, next)))
      this.#active.file.sync(done)
    }
    return (done) => {
      segment.close()
      this.#folder.remove(segment.name)
      this.#steps.push(begin)
      this.#folder.sync(done)
    }
  }

  #removeNewest(done: SyncDone): void {
    const segment = this.#segments.pop()!
    segment.close()
    this.#folder.remove(segment.name)
    this.#durableNext = Math.min(this.#durableNext, segment.first)
    this.#folder.sync(done)
  }

  /** A file that stays is no harm: the next start finds it covered, and tries again. */
  #removeCovered({ name, path }: Segment): void {
    try {
      this.#folder.remove(name)
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      const text = `The file ${path}, which a snapshot covers, could not be removed: ${error.message}`
      this.#log?.write('warn', 'journal-covered-stays', text, { file: path })
    }
  }

  #findFloor(): void {
    this.#floor = Infinity
    for (const job of this.#jobs) {
      if (job.kind === 'reset') this.#resetNext = job.index
      if (job.kind === 'reset' || job.kind === 'truncate') this.#floor = Math.min(this.#floor, job.index)
    }
    this.#trim()
  }

  /** Memory may forget what the disk gives back: written, and not about to be truncated there. */
  #trim(): void {
    this.#recent.trim(this.#cacheBytes, Math.min(this.#active.next, this.#floor))
  }

  #finishClose(closed: Done, done: SyncDone): void {
    this.#jobs.shift()
    for (const segment of this.#segments) segment.close()
    this.#sequence.call(closed)
    done()
  }

  #fail(error: DiskError): void {
    const failure = diskFailed(`The journal in ${this.#folder.path}`, error)
    this.#failure = failure
    this.#steps.length = 0
    this.#log?.write('error', 'journal-failed', failure.message, { folder: this.#folder.path })
    for (const job of this.#jobs) this.#refuse(job, failure)
    this.#jobs = []
  }

  #refuse(job: Job, failure: JournalError): void {
    if (job.kind === 'truncate' || job.kind === 'reset') return
    if (job.kind === 'close') for (const segment of this.#segments) segment.close()
    this.#sequence.call(() => job.done(failure))
  }

  #readSegment(segment: Segment, from: number, to: number, maxBytes: number, out: Entry[]): number {
    try {
      return segment.read(from, to, maxBytes, out)
    } catch (error) {
      throw error instanceof DiskError ? diskFailed(`The file ${segment.path}`, error) : error
    }
  }

  #segmentOf(index: number): number {
    let low = 0
    let high = this.#segments.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#segments[middle]!.first <= index) low = middle
      else high = middle - 1
    }
    return low
  }
}

function andThen(finish: () => void, done: SyncDone): SyncDone {
  return (error) => {
    if (error === undefined) finish()
    done(error)
  }
}
