import { invariant } from '../invariant.js'
import { DiskError, type DiskFile, type Folder } from '../host/index.js'
import { diskFailed, otherVersion, registerDamaged } from './failure.js'
import { encodeRegisterRecord, scanRegister } from './register-record.js'
import { Sequence, type Step } from './sequence.js'
import { JournalError, type Register } from './types.js'

const REWRITE_BYTES = 64 * 1024

type Done = (error?: JournalError) => void

export interface RegisterOptions {
  /**
   * When to write the second copy of a value that is durable: calls `write` once, later. Default at once. Until then
   * the value rests on one record; a save that comes meanwhile waits for the copy's sync.
   */
  readonly whenCalm?: (write: () => void) => void
}

/**
 * Opens the register `name` in `folder`, or begins one.
 *
 * - `parse` turns what was read into a value; when it throws, opening throws a `JournalError` of code `format`.
 * - The last whole record counts; half a record behind it was never acknowledged and is cut. Each value is written
 *   a second time once it is durable, so that no flipped bit brings an older one back. When both copies of a
 *   value that was durable are broken, as far as that can be told, opening throws `damaged`.
 * - A save appends and syncs; above 64 KiB the file is replaced by a fresh one (temporary file, sync, rename,
 *   sync of the folder), so that a power cut finds the old value or the new one. Saves that wait for the disk
 *   are written as one, and their `done`s come in order.
 * - What an earlier process wrote may still be only in the operating system's cache: who answers for a value
 *   that was read (a vote, say) saves it once more first.
 * - A failure of the disk is final, as in the journal. `close` lets queued saves end.
 */
export function openRegister<T>(
  folder: Folder,
  name: string,
  parse: (value: unknown) => T,
  options: RegisterOptions = {},
): Register<T> {
  const path = `${folder.path}/${name}`
  try {
    const file = folder.open(name, 'create')
    try {
      const found = scanRegister(file.read(0, file.size))
      if (found.durable > found.number) throw registerDamaged(path)
      const value = found.json === undefined ? undefined : parseWith(parse, found.json, path)
      if (found.end < file.size) file.truncate(found.end)
      return new FileRegister<T>(folder, name, file, { ...found, value }, options)
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
  readonly #whenCalm: (write: () => void) => void
  readonly #sequence: Sequence
  readonly #steps: Step[] = []
  #file: DiskFile
  #size: number
  #value: T | undefined
  /** The number of the newest value in the file, and its text while a second copy of it is wanted. */
  #number: number
  #single: Uint8Array | undefined
  #calm = false
  #waiting: Done[] = []
  #failure: JournalError | undefined
  #closed = false
  #fileClosed = false

  constructor(
    folder: Folder,
    name: string,
    file: DiskFile,
    found: { value: T | undefined; number: number; end: number; twice: boolean },
    options: RegisterOptions,
  ) {
    this.#folder = folder
    this.#name = name
    this.#file = file
    this.#size = found.end
    this.#value = found.value
    this.#number = found.number
    this.#whenCalm = options.whenCalm ?? ((write) => write())
    this.#sequence = new Sequence(
      () => this.#steps.shift() ?? this.#plan(),
      (error) => this.#fail(error),
    )
    // The file's name, a cut tail and what was read must be durable before anything follows.
    this.#steps.push(
      (done) => this.#file.sync(done),
      (done) =>
        this.#folder.sync((error) => {
          if (error === undefined && found.number > 0 && !found.twice) this.#wantCopy(encoded(found.value))
          done(error)
        }),
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
      if (this.#single !== undefined && (this.#calm || this.#closed)) return this.#copyStep(this.#single)
      if (this.#closed) this.#closeFile()
      return undefined
    }
    const dones = this.#waiting
    const text = encoded(this.#value)
    const finish = (): void => {
      this.#waiting = this.#waiting.slice(dones.length)
      for (const done of dones) this.#sequence.call(done)
    }
    // The list is kept until the sync, so that a failure tells these too; later saves get a list of their own.
    this.#waiting = [...dones]
    this.#number++
    this.#single = undefined
    const record = encodeRegisterRecord(text, this.#number, 0, this.#size)
    if (this.#size + 2 * record.length > REWRITE_BYTES && this.#size > 0)
      return this.#rewriteStep(text, finish)
    return this.#appendStep(record, () => {
      finish()
      this.#wantCopy(text)
    })
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

  #wantCopy(text: Uint8Array): void {
    this.#single = text
    this.#calm = false
    if (this.#closed) return
    this.#whenCalm(() => {
      if (this.#single !== text) return
      this.#calm = true
      this.#sequence.run()
    })
  }

  /** Whoever closes does not wait for the copy's sync: the copy is as good as there. */
  #copyStep(text: Uint8Array): Step {
    this.#single = undefined
    return (done) => {
      const copy = encodeRegisterRecord(text, this.#number, 1, this.#size)
      this.#file.write(this.#size, copy)
      this.#size += copy.length
      if (this.#closed) done()
      else this.#file.sync(done)
    }
  }

  #rewriteStep(text: Uint8Array, finish: () => void): Step {
    const temporary = `${this.#name}.new`
    return (done) => {
      const fresh = this.#folder.open(temporary, 'create')
      const record = encodeRegisterRecord(text, this.#number, 0, 0)
      const copy = encodeRegisterRecord(text, this.#number, 1, record.length)
      fresh.truncate(0)
      fresh.write(0, record)
      fresh.write(record.length, copy)
      this.#steps.push((renamed) => {
        this.#folder.rename(temporary, this.#name)
        this.#file.close()
        this.#file = fresh
        this.#size = record.length + copy.length
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

function encoded(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
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
