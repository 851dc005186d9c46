import { crc32, decodeEntries, encodeEntries } from '@tanist/core'
import type { DiskFile, Entry, Folder } from '@tanist/core'

/*
 * A bundle keeps part of a journal in one file: what was set aside, or a backup.
 *
 * file    magic 'TANB' | version u32 | blocks                       little-endian
 * block   length u32 | crc u32 of place and bytes | bytes
 *
 * The first block is a header as JSON, the last one is empty; those between are entries as they travel on links.
 */
const MAGIC = [84, 65, 78, 66]
const VERSION = 1
const HEAD_BYTES = 8
const BLOCK_BYTES = 8
const ENTRY_BYTES = 1 << 20

/** What a bundle of either kind says of itself. */
export interface BundleHeader {
  readonly kind: 'aside' | 'backup'
  readonly app: string
  readonly clusterId: string
  /** The branch of the last entry. */
  readonly branch: string
  /** First and last position in it. */
  readonly from: number
  readonly to: number
  /** Up to here it was known to be committed. */
  readonly committed: number
  readonly atMs: number
  /** Voters at that position, in a backup. */
  readonly voters?: number
}

export interface EntrySource {
  read(from: number, maxBytes: number): Entry[]
}

/**
 * Writes the bundle under a temporary name, makes it durable, and only then gives it its own. With `pause`, other
 * work goes on between two blocks of about 1 MiB.
 */
export function writeBundle(
  folder: Folder,
  name: string,
  header: BundleHeader,
  source: EntrySource,
  done: (error?: Error) => void,
  pause: ((then: () => void) => void) | null = null,
): void {
  const part = `${name}.part`
  const file = folder.open(part, 'create')
  file.truncate(0)
  const blocks = writeBlocks(file, header, source)
  const durable = (): void =>
    file.sync((error) => {
      file.close()
      if (error) return done(error)
      folder.rename(part, name)
      folder.sync(done)
    })
  const go = (): void => {
    try {
      for (let step = blocks.next(); step.done !== true; step = blocks.next()) if (pause) return pause(go)
    } catch (error) {
      file.close()
      return done(error as Error)
    }
    durable()
  }
  go()
}

function* writeBlocks(file: DiskFile, header: BundleHeader, source: EntrySource): Generator<void> {
  const head = new Uint8Array(HEAD_BYTES)
  head.set(MAGIC)
  new DataView(head.buffer).setUint32(4, VERSION, true)
  file.write(0, head)
  let at = HEAD_BYTES
  const block = (bytes: Uint8Array): void => {
    const framed = new Uint8Array(BLOCK_BYTES + bytes.length)
    framed.set(bytes, BLOCK_BYTES)
    const view = new DataView(framed.buffer)
    view.setUint32(0, bytes.length, true)
    view.setUint32(4, crc32(framed, BLOCK_BYTES, framed.length, at), true)
    file.write(at, framed)
    at += framed.length
  }
  block(new TextEncoder().encode(JSON.stringify(header)))
  for (let from = header.from; from <= header.to; ) {
    const entries = source.read(from, ENTRY_BYTES).filter(({ index }) => index <= header.to)
    block(encodeEntries(entries))
    from += entries.length
    yield
  }
  block(new Uint8Array(0))
}

/** An open bundle, whose header was read. Throws a `TypeError` with a sentence for bytes that are not one. */
export class Bundle {
  readonly header: BundleHeader
  readonly #file: DiskFile
  readonly #name: string
  readonly #first: number

  constructor(folder: Folder, name: string) {
    this.#name = name
    this.#file = folder.open(name, 'existing')
    try {
      const head = this.#file.read(0, HEAD_BYTES)
      const version =
        head.length === HEAD_BYTES ? new DataView(head.buffer, head.byteOffset).getUint32(4, true) : 0
      if (!MAGIC.every((byte, i) => head[i] === byte) || version !== VERSION)
        throw new TypeError(`The file ${name} is no bundle of this version.`)
      const first = this.#block(HEAD_BYTES)
      this.header = JSON.parse(new TextDecoder().decode(first)) as BundleHeader
      this.#first = HEAD_BYTES + BLOCK_BYTES + first.length
    } catch (error) {
      this.#file.close()
      throw error
    }
  }

  /** All entries, a block at a time. */
  *entries(): Generator<readonly Entry[]> {
    let next = this.header.from
    for (let at = this.#first; ; ) {
      const bytes = this.#block(at)
      at += BLOCK_BYTES + bytes.length
      if (bytes.length === 0) break
      const entries = decodeEntries(bytes)
      if (entries[0]?.index !== next) throw new TypeError(`Entry ${next} is missing in ${this.#name}.`)
      next += entries.length
      yield entries
    }
    if (next !== this.header.to + 1) throw new TypeError(`Entry ${next} is missing in ${this.#name}.`)
  }

  close(): void {
    this.#file.close()
  }

  #block(at: number): Uint8Array {
    const head = this.#file.read(at, BLOCK_BYTES)
    if (head.length < BLOCK_BYTES) throw new TypeError(`The file ${this.#name} ends too early.`)
    const view = new DataView(head.buffer, head.byteOffset)
    const bytes = this.#file.read(at + BLOCK_BYTES, view.getUint32(0, true))
    const whole = bytes.length === view.getUint32(0, true)
    if (!whole || crc32(bytes, 0, bytes.length, at) !== view.getUint32(4, true))
      throw new TypeError(`The file ${this.#name} is damaged at byte ${at}.`)
    return bytes
  }
}
