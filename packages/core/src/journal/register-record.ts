import { crc32 } from './crc32.js'

/*
 * A register file is a row of records, little-endian.
 *
 *   record   length u32 | number u48 | copy u8 | head crc u32 | text crc u32 | text (JSON)
 *
 * Each value has a number, and is written twice: copy 1 follows once copy 0 is durable. Checksums start from the
 * record's offset. The head has one of its own, so that a record that cannot be read still says which it was:
 * whoever finds copy 1 of a value, or anything of a later one, knows that the value was durable.
 */
const HEAD_BYTES = 19
const TWO_32 = 2 ** 32

export interface Found {
  readonly json: string | undefined
  /** The number of that value; 0 when there is none. */
  readonly number: number
  /** The highest number of a value that was durable, as far as heads can tell. */
  readonly durable: number
  /** Whether both copies of that value are whole. */
  readonly twice: boolean
  /** Offset behind the last whole record. */
  readonly end: number
}

export function encodeRegisterRecord(
  text: Uint8Array,
  number: number,
  copy: 0 | 1,
  offset: number,
): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + text.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, text.length, true)
  view.setUint32(4, number % TWO_32, true)
  view.setUint16(8, Math.floor(number / TWO_32), true)
  view.setUint8(10, copy)
  view.setUint32(11, crc32(bytes, 0, 11, offset), true)
  view.setUint32(15, crc32(text, 0, text.length, offset), true)
  bytes.set(text, HEAD_BYTES)
  return bytes
}

/** The newest whole value, wherever something broken lies in front of it or behind. */
export function scanRegister(bytes: Uint8Array): Found {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let best: Found = { json: undefined, number: 0, durable: 0, twice: false, end: 0 }
  let durable = 0
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const from = at + HEAD_BYTES
    const end = from + view.getUint32(at, true)
    // Nearly every wrong place ends here, without a checksum.
    if (view.getUint8(at + 10) > 1 || view.getUint32(at + 11, true) !== crc32(bytes, at, at + 11, at)) {
      at++
      continue
    }
    const number = view.getUint32(at + 4, true) + view.getUint16(at + 8, true) * TWO_32
    const copy = view.getUint8(at + 10)
    durable = Math.max(durable, copy === 1 ? number : number - 1)
    // What lies behind a record was written once that record was durable.
    if (bytes.subarray(end).some((byte) => byte !== 0)) durable = Math.max(durable, number)
    if (end > bytes.length || view.getUint32(at + 15, true) !== crc32(bytes, from, end, at)) {
      at++
      continue
    }
    if (number >= best.number) {
      const json = new TextDecoder().decode(bytes.subarray(from, end))
      best = { json, number, durable: 0, twice: number === best.number, end }
    }
    at = end
  }
  return { ...best, durable }
}
