/** Eight tables of 256: table k advances a byte that has k further bytes behind it (slicing by eight). */
const TABLES: Uint32Array = makeTables()

/**
 * CRC-32 (polynomial 0xEDB88320, as in zlib) of `bytes[from..to)`. `seed` is the checksum of what came before,
 * or any number that binds the result to a place. Plain arithmetic: `core` imports nothing from Node.
 */
export function crc32(bytes: Uint8Array, from: number, to: number, seed = 0): number {
  const t = TABLES
  let crc = ~seed
  let i = from
  for (const end = to - 7; i < end; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    crc =
      t[1792 + (crc & 255)]! ^
      t[1536 + ((crc >>> 8) & 255)]! ^
      t[1280 + ((crc >>> 16) & 255)]! ^
      t[1024 + (crc >>> 24)]! ^
      t[768 + bytes[i + 4]!]! ^
      t[512 + bytes[i + 5]!]! ^
      t[256 + bytes[i + 6]!]! ^
      t[bytes[i + 7]!]!
  }
  for (; i < to; i++) crc = (crc >>> 8) ^ t[(crc ^ bytes[i]!) & 255]!
  return ~crc >>> 0
}

function makeTables(): Uint32Array {
  const t = new Uint32Array(8 * 256)
  for (let n = 0; n < 256; n++) {
    let c = n
    for (let bit = 0; bit < 8; bit++) c = (c & 1) === 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
    t[n] = c
  }
  for (let i = 256; i < t.length; i++) {
    const c = t[i - 256]!
    t[i] = (c >>> 8) ^ t[c & 255]!
  }
  return t
}
