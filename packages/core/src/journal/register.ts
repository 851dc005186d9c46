import { invariant } from '../invariant.js'
import { DiskError, type DiskFile, type Folder } from '../host/index.js'
import { crc32 } from './crc32.js'
import { diskFailed, otherVersion } from './failure.js'
import { Sequence, type Step } from './sequence.js'
import { JournalError, type Register } from './types.js'

/** `[length u32][crc u32][json]`; the checksum covers the length too and starts from the record's offset. */
const HEAD_BYTES = 8
const REWRITE_BYTES = 64 * 1024

type Done = (error?: JournalError) => void

/**
 * Opens the register `name` in `folder`, or begins one.
 *
 * - `parse` turns what was read into a value; when it throws, opening throws a `JournalError` of code `format`.
 * - The last whole record counts; half a record behind it was never acknowledged and is cut.
 * - A save appends and syncs; above 64 KiB the file is replaced by a fresh one (temporary file, sync, rename,
 *   sync of the folder), so that a power cut finds the old value or the new one. Saves that wait for the disk
 *   are written as one, and their `done`s come in order.
 * - What an earlier process wrote may still be only in the operating system's cache: who answers for a value
 *   that was read (a vote, say) saves it once more first.
 * - A failure of the disk is final, as in the journal. `close` lets queued saves end.
 */
export function openRegister<T>(folder: Folder, name: string, parse: (value: unknown) => T): Register<T> {
  const path = `${folder.path}/${name}`
  try {
    const file = folder.open(name, 'create')
    try {
      const bytes = file.read(0, file.size)
      const { json, end } = lastRecord(bytes)
      const value = json === undefined ? undefined : parseWith(parse, json, path)
      if (end < bytes.length) file.truncate(end)
      return new FileRegister<T>(folder, name, file, end, value)
    } catch (error) {
      file.close()
      throw error
    }
  } catch (error) {
    throw error instanceof DiskError ? diskFailed(`The file ${path}`, error) : error
  }
}

class FileRegister<T> implements Register<T> {
  readonly #folder: Folder
  readonly #name: string
  readonly #sequence: Sequence
  readonly #steps: Step[] = []
  #file: DiskFile
  #size: number
  #value: T | undefined
  #waiting: Done[] = []
  #failure: JournalError | undefined
  #closed = false
  #fileClosed = false

  constructor(folder: Folder, name: string, file: DiskFile, size: number, value: T | undefined) {
    this.#folder = folder
    this.#name = name
    this.#file = file
    this.#size = size
    this.#value = value
    this.#sequence = new Sequence(
      () => this.#steps.shift() ?? this.#plan(),
      (error) => this.#fail(error),
    )
    // The file's name, a cut tail and what was read must be durable before anything follows.
    this.#steps.push(
      (done) => this.#file.sync(done),
      (done) => this.#folder.sync(done),
    )
    this.#sequence.run()
  }

  get value(): T | undefined {
    return this.#value
  }

  save(value: T, done: Done): void {
    invariant(!this.#closed, `save on the closed register ${this.#name}`)
    this.#value = value
    const failure = this.#failure
    if (failure === undefined) this.#waiting.push(done)
    else this.#sequence.call(() => done(failure))
    this.#sequence.run()
  }

  close(): void {
    this.#closed = true
    this.#sequence.run()
    if (this.#failure !== undefined) this.#closeFile()
  }

  #plan(): Step | undefined {
    if (this.#failure !== undefined) return undefined
    if (this.#waiting.length === 0) {
      if (this.#closed) this.#closeFile()
      return undefined
    }
    const dones = this.#waiting
    const text = new TextEncoder().encode(JSON.stringify(this.#value))
    const finish = (): void => {
      this.#waiting = this.#waiting.slice(dones.length)
      for (const done of dones) this.#sequence.call(done)
    }
    // The list is kept until the sync, so that a failure tells these too; later saves get a list of their own.
    this.#waiting = [...dones]
    const record = encodeRecord(text, this.#size)
    return this.#size + record.length > REWRITE_BYTES && this.#size > 0
      ? this.#rewriteStep(text, finish)
      : this.#appendStep(record, finish)
  }

  #appendStep(record: Uint8Array, finish: () => void): Step {
    return (done) => {
      this.#file.write(this.#size, record)
      this.#size += record.length
      this.#file.sync((error) => {
        if (error === undefined) finish()
        done(error)
      })
    }
  }

  #rewriteStep(text: Uint8Array, finish: () => void): Step {
    const temporary = `${this.#name}.new`
    return (done) => {
      const fresh = this.#folder.open(temporary, 'create')
      const record = encodeRecord(text, 0)
      fresh.truncate(0)
      fresh.write(0, record)
      this.#steps.push((renamed) => {
        this.#folder.rename(temporary, this.#name)
        this.#file.close()
        this.#file = fresh
        this.#size = record.length
        this.#folder.sync((error) => {
          if (error === undefined) finish()
          renamed(error)
        })
      })
      fresh.sync(done)
    }
  }

  #fail(error: DiskError): void {
    const failure = diskFailed(`The file ${this.#folder.path}/${this.#name}`, error)
    this.#failure = failure
    this.#steps.length = 0
    for (const done of this.#waiting) this.#sequence.call(() => done(failure))
    this.#waiting = []
    if (this.#closed) this.#closeFile()
  }

  #closeFile(): void {
    if (!this.#fileClosed) this.#file.close()
    this.#fileClosed = true
  }
}

function encodeRecord(text: Uint8Array, offset: number): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + text.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, text.length, true)
  bytes.set(text, HEAD_BYTES)
  view.setUint32(4, crcOf(bytes, 0, bytes.length, offset), true)
  return bytes
}

function crcOf(bytes: Uint8Array, at: number, end: number, offset: number): number {
  return crc32(bytes, at + HEAD_BYTES, end, crc32(bytes, at, at + 4, offset))
}

/** The last whole record, also behind a broken one: older values do not matter. */
function lastRecord(bytes: Uint8Array): { json: string | undefined; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let json: string | undefined
  let end = 0
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const next = at + HEAD_BYTES + view.getUint32(at, true)
    if (
      next > at + HEAD_BYTES &&
      next <= bytes.length &&
      view.getUint32(at + 4, true) === crcOf(bytes, at, next, at)
    ) {
      json = new TextDecoder().decode(bytes.subarray(at + HEAD_BYTES, next))
      end = next
      at = next
    } else {
      at++
    }
  }
  return { json, end }
}

function parseWith<T>(parse: (value: unknown) => T, json: string, path: string): T {
  try {
    return parse(JSON.parse(json))
  } catch (error) {
    const format = otherVersion(path)
    const why = error instanceof Error ? error.message : String(error)
    throw new JournalError('format', `${format.message} (${why})`)
  }
}
