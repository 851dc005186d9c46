/** Numbers in bytes, little-endian. Without a `DataView`, whose making costs more than a few of these. */

const TWO_32 = 2 ** 32

export function setU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

/** The bytes must be there. */
export function getU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

export function setU48(bytes: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / TWO_32)
  setU32(bytes, at, value % TWO_32)
  bytes[at + 4] = high
  bytes[at + 5] = high >>> 8
}

/** The bytes must be there. */
export function getU48(bytes: Uint8Array, at: number): number {
  return getU32(bytes, at) + (bytes[at + 4]! | (bytes[at + 5]! << 8)) * TWO_32
}
