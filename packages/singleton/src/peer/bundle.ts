import { crc32, decodeEntries, encodeEntries } from '@tanist/core'
import type { DiskFile, Entry, Folder, SnapshotId } from '@tanist/core'

/*
 * A bundle keeps part of a journal in one file: what was set aside, or a backup.
 *
 * file    magic 'TANB' | version u32 | blocks                       little-endian
 * block   length u32 | crc u32 of place and bytes | bytes
 *
 * The first block is a header as JSON, the last one is empty. Those between are the bytes of the snapshot that the
 * header names, if any, in pieces of 64 KiB, and then entries as they travel on links.
 */
const MAGIC = [84, 65, 78, 66]
const VERSION = 1
const HEAD_BYTES = 8
const BLOCK_BYTES = 8
const ENTRY_BYTES = 1 << 20
const PIECE_BYTES = 64 * 1024
/** Other work goes on between so many bytes of a snapshot. */
const PAUSE_BYTES = 1 << 20

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
  /** What the journal does not hold any more is in this snapshot, which is in the bundle as well. */
  readonly snapshot?: SnapshotId
}

export interface EntrySource {
  read(from: number, maxBytes: number): Entry[]
}

export interface PieceSource {
  read(id: SnapshotId, offset: number, length: number): Uint8Array
}

/** What a bundle is made from. */
export interface BundleSource {
  readonly journal: EntrySource
  readonly snapshots: PieceSource
}

/**
 * Writes the bundle under a temporary name, makes it durable, and only then gives it its own. With `pause`, other
 * work goes on between two blocks of about 1 MiB.
 */
export function writeBundle(
  folder: Folder,
  name: string,
  header: BundleHeader,
  source: BundleSource,
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

function* writeBlocks(
  file: DiskFile,
  header: BundleHeader,
  { journal, snapshots }: BundleSource,
): Generator<void> {
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
  const { snapshot } = header
  const size = snapshot?.bytes ?? 0
  for (let offset = 0; offset < size; ) {
    const piece = snapshots.read(snapshot as SnapshotId, offset, PIECE_BYTES)
    block(piece)
    offset += piece.length
    if (offset % PAUSE_BYTES === 0) yield
  }
  for (let from = header.from; from <= header.to; ) {
    const entries = journal.read(from, ENTRY_BYTES).filter(({ index }) => index <= header.to)
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

  /** The bytes of the snapshot, a piece at a time; nothing when there is none. */
  *pieces(): Generator<Uint8Array> {
    const size = this.header.snapshot?.bytes ?? 0
    for (let offset = 0, at = this.#first; offset < size; ) {
      const piece = this.#block(at)
      if (piece.length === 0) throw new TypeError(`The snapshot in ${this.#name} ends too early.`)
      yield piece
      at += BLOCK_BYTES + piece.length
      offset += piece.length
    }
  }

  /** All entries, a block at a time. */
  *entries(): Generator<readonly Entry[]> {
    let next = this.header.from
    const snapshot = this.header.snapshot?.bytes ?? 0
    const pieces = Math.ceil(snapshot / PIECE_BYTES)
    for (let at = this.#first + snapshot + pieces * BLOCK_BYTES; ; ) {
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
