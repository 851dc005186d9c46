import type { Entry } from '../journal/index.js'
import { getU32, getU48, setU32, setU48 } from './bytes.js'
import { CodecError } from './error.js'
import { Slabs } from './text.js'

/*
 * entries  version u8 (1) | count u32 | index of the first u48 | records, little-endian
 * record   term u48 | kind u8 | payload length u32 | payload
 */
const VERSION = 1
const HEAD_BYTES = 11
const RECORD_BYTES = 11
/** On their way to other peers: gone once they are sent. */
const slabs = new Slabs()

/**
 * Entries on their way to another journal. Their indices are consecutive and their terms never decrease, and
 * the receiver may rely on it.
 *
 * @throws CodecError when they are not so
 */
export function encodeEntries(entries: readonly Entry[]): Uint8Array {
  let size = HEAD_BYTES
  for (const entry of entries) size += RECORD_BYTES + entry.payload.length
  const bytes = slabs.take(size)
  bytes[0] = VERSION
  setU32(bytes, 1, entries.length)
  setU48(bytes, 5, entries[0]?.index ?? 0)
  let at = HEAD_BYTES
  entries.forEach((entry, i) => {
    checkOrder(entries[i - 1], entry)
    setU48(bytes, at, entry.term)
    bytes[at + 6] = entry.kind
    setU32(bytes, at + 7, entry.payload.length)
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
  if (bytes[0] !== VERSION) throw new CodecError('entries of an unknown version')
  const count = getU32(bytes, 1)
  const first = getU48(bytes, 5)
  const entries: Entry[] = []
  let at = HEAD_BYTES
  for (let i = 0; i < count; i++) {
    const begin = at + RECORD_BYTES
    if (begin > bytes.length) throw new CodecError('entries that end too early')
    const end = begin + getU32(bytes, at + 7)
    if (end > bytes.length) throw new CodecError('entries that end too early')
    const entry: Entry = {
      index: first + i,
      term: getU48(bytes, at),
      kind: bytes[at + 6]!,
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
