import type { Entry } from '../journal/index.js'
import { CodecError } from './error.js'

/*
 * entries  version u8 (1) | count u32 | index of the first u48 | records, little-endian
 * record   term u48 | kind u8 | payload length u32 | payload
 */
const VERSION = 1
const HEAD_BYTES = 11
const RECORD_BYTES = 11
const TWO_32 = 2 ** 32

/**
 * Entries on their way to another journal. Their indices are consecutive and their terms never decrease, and
 * the receiver may rely on it.
 *
 * @throws CodecError when they are not so
 */
export function encodeEntries(entries: readonly Entry[]): Uint8Array {
  let size = HEAD_BYTES
  for (const entry of entries) size += RECORD_BYTES + entry.payload.length
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, VERSION)
  view.setUint32(1, entries.length, true)
  setU48(view, 5, entries[0]?.index ?? 0)
  let at = HEAD_BYTES
  entries.forEach((entry, i) => {
    checkOrder(entries[i - 1], entry)
    setU48(view, at, entry.term)
    view.setUint8(at + 6, entry.kind)
    view.setUint32(at + 7, entry.payload.length, true)
    bytes.set(entry.payload, at + RECORD_BYTES)
    at += RECORD_BYTES + entry.payload.length
  })
  return bytes
}

/**
 * The entries again; payloads are views into `bytes`.
 *
 * @throws CodecError when they are malformed
 */
export function decodeEntries(bytes: Uint8Array): Entry[] {
  if (bytes.length < HEAD_BYTES) throw new CodecError('entries without their head')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint8(0) !== VERSION) throw new CodecError('entries of an unknown version')
  const count = view.getUint32(1, true)
  const first = getU48(view, 5)
  const entries: Entry[] = []
  let at = HEAD_BYTES
  for (let i = 0; i < count; i++) {
    const begin = at + RECORD_BYTES
    if (begin > bytes.length) throw new CodecError('entries that end too early')
    const end = begin + view.getUint32(at + 7, true)
    if (end > bytes.length) throw new CodecError('entries that end too early')
    const entry: Entry = {
      index: first + i,
      term: getU48(view, at),
      kind: view.getUint8(at + 6),
      payload: bytes.subarray(begin, end),
    }
    checkOrder(entries[i - 1], entry)
    entries.push(entry)
    at = end
  }
  if (at !== bytes.length) throw new CodecError('entries with bytes behind their end')
  return entries
}

function checkOrder(before: Entry | undefined, entry: Entry): void {
  if (entry.index < 1) throw new CodecError('entries begin at index 1')
  if (before === undefined) return
  if (entry.index !== before.index + 1) throw new CodecError('entries with a gap')
  if (entry.term < before.term) throw new CodecError('entries whose term decreases')
}

function getU48(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint16(at + 4, true) * TWO_32
}

function setU48(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % TWO_32, true)
  view.setUint16(at + 4, Math.floor(value / TWO_32), true)
}
