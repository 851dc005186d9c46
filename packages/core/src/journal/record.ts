import { crc32 } from './crc32.js'
import type { Entry } from './types.js'

/*
 * A segment file is a header and then records, little-endian.
 *
 *   header   crc u32 | magic 'TANJ' | version u32 | first index u48 | term of the entry before it u48
 *   record   crc u32 | payload length u32 | index u48 | term u48 | kind u8 | back u32 | payload
 *
 * A checksum covers everything behind it and starts from the place (segment and offset), so that bytes that
 * got somewhere else, or that a payload happens to contain, never pass for a record. `back` is the distance to
 * the first byte of the record's group. A group is written by one call and alone between two syncs, and a power
 * cut may keep any of its sectors: a broken record with a whole one of the same group behind it is a torn
 * write, one with a whole record of a later group behind it is damage to something that was durable.
 */
export const HEADER_BYTES = 24
export const RECORD_BYTES = 25
const MAGIC = 0x4a4e4154
const VERSION = 1
const TWO_32 = 2 ** 32
/** Indices and terms have 48 bits. */
export const NUMBER_LIMIT: number = 2 ** 48

export interface Header {
  readonly first: number
  readonly prevTerm: number
}

export interface Record {
  readonly entry: Entry
  /** Offset of the first byte of its group. */
  readonly group: number
  /** Offset behind the record. */
  readonly end: number
}

export function encodeHeader(header: Header): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = viewOf(bytes)
  view.setUint32(4, MAGIC, true)
  view.setUint32(8, VERSION, true)
  setU48(view, 12, header.first)
  setU48(view, 18, header.prevTerm)
  view.setUint32(0, crc32(bytes, 4, HEADER_BYTES), true)
  return bytes
}

/** The header, or `version` when it is whole but of another version, or `broken`. */
export function decodeHeader(bytes: Uint8Array): Header | 'version' | 'broken' {
  if (bytes.length < HEADER_BYTES) return 'broken'
  const view = viewOf(bytes)
  if (view.getUint32(4, true) !== MAGIC) return 'broken'
  if (view.getUint32(0, true) !== crc32(bytes, 4, HEADER_BYTES)) return 'broken'
  if (view.getUint32(8, true) !== VERSION) return 'version'
  return { first: getU48(view, 12), prevTerm: getU48(view, 18) }
}

/** One group, as it is written at `offset` of the segment that begins at index `first`. */
export function encodeGroup(
  entries: readonly Entry[],
  first: number,
  offset: number,
): { bytes: Uint8Array; positions: number[] } {
  let size = 0
  for (const entry of entries) size += RECORD_BYTES + entry.payload.length
  const bytes = new Uint8Array(size)
  const view = viewOf(bytes)
  const positions: number[] = []
  let at = 0
  for (const entry of entries) {
    const end = at + RECORD_BYTES + entry.payload.length
    view.setUint32(at + 4, entry.payload.length, true)
    setU48(view, at + 8, entry.index)
    setU48(view, at + 14, entry.term)
    view.setUint8(at + 20, entry.kind)
    view.setUint32(at + 21, at, true)
    bytes.set(entry.payload, at + RECORD_BYTES)
    view.setUint32(at, crc32(bytes, at + 4, end, seedOf(first, offset + at)), true)
    positions.push(offset + at)
    at = end
  }
  return { bytes, positions }
}

/** Reads records out of a part of a segment that begins at `base` in the file. Payloads are views. */
export class RecordReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #first: number
  readonly #base: number

  constructor(bytes: Uint8Array, first: number, base = 0) {
    this.#bytes = bytes
    this.#view = viewOf(bytes)
    this.#first = first
    this.#base = base
  }

  /** The record at file offset `offset`, or undefined when it is not whole. */
  at(offset: number): Record | undefined {
    const at = offset - this.#base
    const view = this.#view
    if (at + RECORD_BYTES > this.#bytes.length) return undefined
    const end = at + RECORD_BYTES + view.getUint32(at + 4, true)
    if (end > this.#bytes.length) return undefined
    if (view.getUint32(at, true) !== crc32(this.#bytes, at + 4, end, seedOf(this.#first, offset))) {
      return undefined
    }
    return {
      entry: {
        index: getU48(view, at + 8),
        term: getU48(view, at + 14),
        kind: view.getUint8(at + 20),
        payload: this.#bytes.subarray(at + RECORD_BYTES, end),
      },
      group: offset - view.getUint32(at + 21, true),
      end: this.#base + end,
    }
  }

  /** Whether a whole record of a group that began behind `offset`, with an index from `index` on, follows. */
  laterGroupFollows(offset: number, index: number): boolean {
    const last = this.#bytes.length - RECORD_BYTES
    for (let at = offset - this.#base + 1; at <= last; at++) {
      const found = getU48(this.#view, at + 8)
      // Nearly every wrong place ends here, without a checksum.
      if (found < index || found > index + at / RECORD_BYTES) continue
      const record = this.at(at + this.#base)
      if (record !== undefined && record.group > offset) return true
    }
    return false
  }
}

function seedOf(first: number, offset: number): number {
  return (Math.imul(first % TWO_32, 0x9e3779b1) ^ offset) >>> 0
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function getU48(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint16(at + 4, true) * TWO_32
}

function setU48(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % TWO_32, true)
  view.setUint16(at + 4, Math.floor(value / TWO_32), true)
}
