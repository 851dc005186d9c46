import type { DiskFile } from '../host/index.js'
import { crc32 } from './crc32.js'
import type { SnapshotId } from './types.js'

/*
 * A snapshot file is a header and then blocks, little-endian.
 *
 *   header   crc u32 | magic 'TSNP' | version u32 | index u48 | term u48 | bytes u48 | checksum u32
 *   block    crc u32 | up to 64 KiB of content; only the last one is shorter
 *
 * A block's checksum starts from its number: what a reader gets was verified, wherever it begins to read, and
 * after a restart the blocks that are whole tell how much of a transfer is there. The header comes last when a
 * snapshot is written and first when it is received.
 */
export const BLOCK_BYTES: number = 64 * 1024
const HEADER_BYTES = 34
const FRAME_BYTES: number = 4 + BLOCK_BYTES
const MAGIC = 0x504e5354
const VERSION = 1
const TWO_32 = 2 ** 32
/** Blocks are read and verified in pieces of this many. */
const PIECE_BLOCKS = 16

export function encodeSnapshotHeader(id: SnapshotId): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(4, MAGIC, true)
  view.setUint32(8, VERSION, true)
  setU48(view, 12, id.index)
  setU48(view, 18, id.term)
  setU48(view, 24, id.bytes)
  view.setUint32(30, id.checksum, true)
  view.setUint32(0, crc32(bytes, 4, HEADER_BYTES), true)
  return bytes
}

export function readSnapshotHeader(file: DiskFile): SnapshotId | 'version' | 'broken' {
  const bytes = file.read(0, HEADER_BYTES)
  if (bytes.length < HEADER_BYTES) return 'broken'
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(4, true) !== MAGIC) return 'broken'
  if (view.getUint32(0, true) !== crc32(bytes, 4, HEADER_BYTES)) return 'broken'
  if (view.getUint32(8, true) !== VERSION) return 'version'
  return {
    index: getU48(view, 12),
    term: getU48(view, 18),
    bytes: getU48(view, 24),
    checksum: view.getUint32(30, true),
  }
}

/** Where block `n` begins in the file. */
export function blockAt(n: number): number {
  return HEADER_BYTES + n * FRAME_BYTES
}

export function encodeBlock(n: number, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + content.length)
  bytes.set(content, 4)
  new DataView(bytes.buffer).setUint32(0, crc32(content, 0, content.length, n), true)
  return bytes
}

/** What the whole blocks at the begin of a file hold; `checksum` is that of their content. */
export interface Verified {
  readonly blocks: number
  readonly bytes: number
  readonly checksum: number
}

/** Reads up to the first block that is not whole; of `bytes` of content, only the last may be short. */
export function verifyBlocks(file: DiskFile, bytes: number): Verified {
  const count = Math.ceil(bytes / BLOCK_BYTES)
  let checksum = 0
  for (let n = 0; n < count; n += PIECE_BLOCKS) {
    const piece = file.read(blockAt(n), PIECE_BLOCKS * FRAME_BYTES)
    for (let i = 0; i < PIECE_BLOCKS && n + i < count; i++) {
      const length = Math.min(BLOCK_BYTES, bytes - (n + i) * BLOCK_BYTES)
      const content = blockIn(piece, i * FRAME_BYTES, n + i, length)
      if (content === undefined) return { blocks: n + i, bytes: (n + i) * BLOCK_BYTES, checksum }
      checksum = crc32(content, 0, length, checksum)
    }
  }
  return { blocks: count, bytes, checksum }
}

/** `length` bytes of content from `offset` of a snapshot of `bytes`; undefined when one of its blocks is broken. */
export function readBlocks(
  file: DiskFile,
  bytes: number,
  offset: number,
  length: number,
): Uint8Array | undefined {
  const end = Math.min(offset + length, bytes)
  if (offset >= end) return new Uint8Array(0)
  const first = Math.floor(offset / BLOCK_BYTES)
  const last = Math.floor((end - 1) / BLOCK_BYTES)
  const piece = file.read(blockAt(first), (last - first + 1) * FRAME_BYTES)
  const out = new Uint8Array(end - offset)
  for (let n = first; n <= last; n++) {
    const begin = n * BLOCK_BYTES
    const content = blockIn(piece, (n - first) * FRAME_BYTES, n, Math.min(BLOCK_BYTES, bytes - begin))
    if (content === undefined) return undefined
    const from = Math.max(offset, begin)
    out.set(content.subarray(from - begin, Math.min(end, begin + content.length) - begin), from - offset)
  }
  return out
}

function blockIn(piece: Uint8Array, at: number, n: number, length: number): Uint8Array | undefined {
  if (at + 4 + length > piece.length) return undefined
  const content = piece.subarray(at + 4, at + 4 + length)
  const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength)
  return view.getUint32(at, true) === crc32(content, 0, length, n) ? content : undefined
}

function getU48(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint16(at + 4, true) * TWO_32
}

function setU48(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % TWO_32, true)
  view.setUint16(at + 4, Math.floor(value / TWO_32), true)
}
