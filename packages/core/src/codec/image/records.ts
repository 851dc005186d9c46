/*
 * image    records; one list of values, whose items are those of the source
 * record   tag u8 | length of the payload u32, little-endian | payload
 *
 *   (        items of the open container: a list in JSON. Keys and values of records, maps and tables take turns in it
 *   <        the same with values that JSON does not carry (rich.ts)
 *   [ { m s k  opens a list, record, map, set or table, which is the next item of the open container
 *   ]        closes it
 *   t T      a part of a long string as JSON, the last part: the next item
 *   b B      the same of bytes
 *   .        the end: the hash of everything, 16 digits
 */
export const Tag = {
  items: 0x28,
  richItems: 0x3c,
  list: 0x5b,
  record: 0x7b,
  map: 0x6d,
  set: 0x73,
  table: 0x6b,
  close: 0x5d,
  text: 0x74,
  lastText: 0x54,
  bytes: 0x62,
  lastBytes: 0x42,
  end: 0x2e,
} as const

export const HEAD_BYTES = 5
/** Much more than a record ever comes to: what is longer is none. */
export const MAX_RECORD_BYTES = 16_777_216
/** Characters or bytes of one part. */
export const PART_SIZE = 32_768
/** Levels of nesting; also ends circles. */
export const MAX_DEPTH = 1_000

export type Container = 'list' | 'record' | 'map' | 'set' | 'table'
