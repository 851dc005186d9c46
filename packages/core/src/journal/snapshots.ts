import { invariant } from '../invariant.js'
import { DiskError, type DiskFile, type Folder, type Log } from '../host/index.js'
import { diskFailed, otherVersion, snapshotDamaged } from './failure.js'
import { NUMBER_LIMIT } from './record.js'
import { BlockWriter } from './snapshot-blocks.js'
import { blockAt, readBlocks, readSnapshotHeader, verifyBlocks } from './snapshot-file.js'
import type { JournalError, SnapshotId, Snapshots, SnapshotWriter } from './types.js'

export interface SnapshotOptions {
  readonly log?: Log
}

type Done = (error?: JournalError, id?: SnapshotId) => void

interface Whole {
  readonly id: SnapshotId
  file: DiskFile | undefined
}

interface Partial {
  readonly id: SnapshotId
  readonly name: string
  readonly blocks: BlockWriter
  completing: boolean
}

/**
 * Opens the snapshots in `folder`, which the caller keeps and closes after them. Every whole one is read and
 * verified; one that is not is left out and logged as `snapshot-damaged`. Unfinished ones are removed, but for
 * what was received of a transfer: of that, what is whole counts.
 *
 * A snapshot is written under a temporary name, synced as it grows, renamed, and listed after the sync of the
 * folder: wherever power fails it is whole or not there. Throws `JournalError`: `disk`, `format`.
 *
 * @example
 * const snapshots = openSnapshots(folder, { log })
 * const writer = snapshots.begin(journal.durableIndex, journal.termAt(journal.durableIndex))
 * for (const slice of encode(state)) writer.write(slice)
 * writer.finish((error, id) => {
 *   if (id) journal.dropPrefix(id.index - 10_000)
 * })
 */
export function openSnapshots(folder: Folder, options: SnapshotOptions = {}): Snapshots {
  return guarded(folder, () => new FolderSnapshots(folder, options.log))
}

class FolderSnapshots implements Snapshots {
  readonly #folder: Folder
  readonly #log: Log | undefined
  #whole: Whole[] = []
  /** Indices of files that are whole by name only: removed once a newer snapshot is there. */
  #broken: number[] = []
  #partial: Partial | undefined
  #writing: FileWriter | undefined
  #lastNumber = 0
  #closed = false

  constructor(folder: Folder, log: Log | undefined) {
    this.#folder = folder
    this.#log = log
    for (const name of folder.list()) {
      const index = wholeIndex(name)
      if (index !== undefined) this.#findWhole(name, index)
      else if (name.startsWith('snapshot-') && name.endsWith('.partial')) this.#findPartial(name)
      else if (name.startsWith('snapshot-') && name.endsWith('.writing')) folder.remove(name)
    }
  }

  get whole(): readonly SnapshotId[] {
    return this.#whole.map(({ id }) => id)
  }

  get partial(): { readonly id: SnapshotId; readonly received: number } | null {
    return this.#partial ? { id: this.#partial.id, received: this.#partial.blocks.bytes } : null
  }

  read(id: SnapshotId, offset: number, length: number): Uint8Array {
    const found = this.#whole.find((one) => sameId(one.id, id))
    invariant(found, `there is no whole snapshot of entry ${id.index} with checksum ${id.checksum}`)
    const name = wholeName(id.index)
    return guarded(this.#folder, () => {
      found.file ??= this.#folder.open(name, 'existing')
      const bytes = readBlocks(found.file, id.bytes, offset, length)
      if (bytes === undefined) throw snapshotDamaged(`${this.#folder.path}/${name}`, id.index)
      return bytes
    })
  }

  begin(index: number, term: number): SnapshotWriter {
    invariant(!this.#closed, 'begin on closed snapshots')
    invariant(index >= 0 && index < NUMBER_LIMIT && term >= 0 && term < NUMBER_LIMIT, `snapshot of ${index}`)
    this.#writing?.abort()
    const name = this.#name('writing')
    const blocks = new BlockWriter(guarded(this.#folder, () => this.#folder.open(name, 'create')))
    this.#writing = new FileWriter(blocks, {
      finish: (done) => {
        const id = { index, term, bytes: blocks.bytes, checksum: blocks.checksum }
        blocks.finish(id, (error) => this.#rename(name, id, blocks, error, done))
      },
      abort: () => this.#discard(name, blocks),
    })
    return this.#writing
  }

  receive(id: SnapshotId, offset: number, bytes: Uint8Array): number {
    invariant(!this.#closed, 'receive on closed snapshots')
    if (this.#partial === undefined || !sameId(this.#partial.id, id)) {
      this.#dropPartial()
      const name = this.#name('partial')
      const blocks = new BlockWriter(guarded(this.#folder, () => this.#folder.open(name, 'create')))
      blocks.begin(id)
      this.#partial = { id, name, blocks, completing: false }
    }
    const { blocks } = this.#partial
    if (offset === blocks.bytes) blocks.write(bytes.subarray(0, id.bytes - offset))
    if (blocks.failure === undefined) return blocks.bytes
    this.#dropPartial()
    throw diskFailed(`The snapshots in ${this.#folder.path}`, blocks.failure)
  }

  complete(done: (error?: JournalError) => void): void {
    const partial = this.#partial
    invariant(partial !== undefined && !partial.completing, 'a snapshot was received')
    const { id, name, blocks } = partial
    invariant(blocks.bytes === id.bytes, `${blocks.bytes} of ${id.bytes} bytes were received`)
    if (blocks.checksum !== id.checksum) {
      this.#dropPartial()
      return done(snapshotDamaged(`${this.#folder.path}/${name}`, id.index))
    }
    partial.completing = true
    blocks.finish(null, (failed) =>
      this.#rename(name, id, blocks, failed, (error) => {
        if (this.#partial === partial) this.#partial = undefined
        done(error)
      }),
    )
  }

  remove(index: number): void {
    const found = this.#whole.find(({ id }) => id.index === index)
    invariant(found, `there is no whole snapshot of entry ${index}`)
    found.file?.close()
    this.#whole = this.#whole.filter((one) => one !== found)
    this.#removeFile(wholeName(index))
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const { file } of this.#whole) file?.close()
    this.#partial?.blocks.close()
    this.#writing?.abort()
    this.#writing?.blocks.close()
  }

  #findWhole(name: string, index: number): void {
    const file = this.#folder.open(name, 'existing')
    const id = readSnapshotHeader(file)
    const path = `${this.#folder.path}/${name}`
    if (id === 'version') throw otherVersion(path)
    if (id !== 'broken' && id.index === index) {
      const { bytes, checksum } = verifyBlocks(file, id.bytes)
      if (bytes === id.bytes && checksum === id.checksum) {
        this.#whole.push({ id, file })
        return
      }
    }
    file.close()
    this.#broken.push(index)
    const { message } = snapshotDamaged(path, index)
    this.#log?.write('error', 'snapshot-damaged', message, { file: path, index })
  }

  #findPartial(name: string): void {
    const file = this.#folder.open(name, 'existing')
    const id = readSnapshotHeader(file)
    if (this.#partial !== undefined || id === 'version' || id === 'broken') {
      file.close()
      this.#folder.remove(name)
      return
    }
    const found = verifyBlocks(file, id.bytes)
    const size = found.bytes === id.bytes ? file.size : blockAt(found.blocks)
    if (size < file.size) file.truncate(size)
    this.#partial = { id, name, blocks: new BlockWriter(file, found), completing: false }
  }

  /** Everything is in the file `name`: gives it its name for good. */
  #rename(
    name: string,
    id: SnapshotId,
    blocks: BlockWriter,
    failed: DiskError | undefined,
    done: Done,
  ): void {
    const end = (error?: DiskError): void => {
      if (this.#closed) return
      if (error === undefined) this.#listed(id)
      else this.#discard(name, blocks)
      done(error && diskFailed(`The snapshots in ${this.#folder.path}`, error), error ? undefined : id)
    }
    if (failed !== undefined) return end(failed)
    try {
      blocks.close()
      this.#folder.rename(name, wholeName(id.index))
      this.#folder.sync(end)
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      end(error)
    }
  }

  #listed(id: SnapshotId): void {
    // A reader of the one that was replaced has another handle from now on: equal ids, equal bytes.
    const replaced = this.#whole.find((one) => one.id.index === id.index)
    replaced?.file?.close()
    this.#whole = [...this.#whole.filter((one) => one !== replaced), { id, file: undefined }]
    this.#whole.sort((a, b) => a.id.index - b.id.index)
    for (const index of this.#broken) {
      if (index < id.index) this.#removeFile(wholeName(index))
    }
    this.#broken = this.#broken.filter((index) => index > id.index)
  }

  #dropPartial(): void {
    const partial = this.#partial
    this.#partial = undefined
    // What is complete already becomes whole.
    if (partial && !partial.completing) this.#discard(partial.name, partial.blocks)
  }

  #discard(name: string, blocks: BlockWriter): void {
    blocks.close()
    this.#removeFile(name)
  }

  /** A file that stays does no harm: the next start looks again. */
  #removeFile(name: string): void {
    try {
      if (this.#folder.list().includes(name)) this.#folder.remove(name)
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      const path = `${this.#folder.path}/${name}`
      this.#log?.write('warn', 'snapshot-stays', `${path} could not be removed: ${error.message}`, {
        file: path,
      })
    }
  }

  /** A name that no file has, also not one that is being removed. */
  #name(kind: 'writing' | 'partial'): string {
    const names = guarded(this.#folder, () => this.#folder.list())
    for (;;) {
      const name = `snapshot-${++this.#lastNumber}.${kind}`
      if (!names.includes(name)) return name
    }
  }
}

class FileWriter implements SnapshotWriter {
  readonly blocks: BlockWriter
  readonly #acts: { finish(done: Done): void; abort(): void }
  #state: 'open' | 'finishing' | 'aborted' = 'open'

  constructor(blocks: BlockWriter, acts: { finish(done: Done): void; abort(): void }) {
    this.blocks = blocks
    this.#acts = acts
  }

  write(bytes: Uint8Array): void {
    invariant(this.#state === 'open', `write to a snapshot that is ${this.#state}`)
    this.blocks.write(bytes)
  }

  finish(done: Done): void {
    invariant(this.#state === 'open', `finish of a snapshot that is ${this.#state}`)
    this.#state = 'finishing'
    this.#acts.finish(done)
  }

  abort(): void {
    if (this.#state !== 'open') return
    this.#state = 'aborted'
    this.#acts.abort()
  }
}

function sameId(a: SnapshotId, b: SnapshotId): boolean {
  return a.index === b.index && a.term === b.term && a.bytes === b.bytes && a.checksum === b.checksum
}

function wholeName(index: number): string {
  return `snapshot-${String(index).padStart(16, '0')}.snap`
}

function wholeIndex(name: string): number | undefined {
  const digits = /^snapshot-(\d{16})\.snap$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

function guarded<T>(folder: Folder, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw error instanceof DiskError ? diskFailed(`The snapshots in ${folder.path}`, error) : error
  }
}
