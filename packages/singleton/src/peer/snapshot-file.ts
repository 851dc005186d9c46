import type { SnapshotId, Snapshots } from '@tanist/core'
import type { SnapshotMeta } from '../succession/index.js'

/*
 * The content of a snapshot: version u32 (1) | length of the meta u32 | meta as JSON | the roles' state; little-endian.
 * The meta is plain data in a fixed order, so that equal snapshots are equal bytes on every peer.
 */
const VERSION = 1
const HEAD_BYTES = 8
/** Reads of this size: one block of the store's. */
export const SNAPSHOT_READ_BYTES: number = 64 * 1024

export function encodeSnapshotMeta(meta: SnapshotMeta): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(meta))
  const bytes = new Uint8Array(HEAD_BYTES + json.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, VERSION, true)
  view.setUint32(4, json.length, true)
  bytes.set(json, HEAD_BYTES)
  return bytes
}

/** Throws a `TypeError` when it is not ours. `stateAt`: where the roles' state begins. */
export function readSnapshotMeta(
  snapshots: Pick<Snapshots, 'read'>,
  id: SnapshotId,
): { readonly meta: SnapshotMeta; readonly stateAt: number } {
  const head = snapshots.read(id, 0, HEAD_BYTES)
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  if (head.length < HEAD_BYTES || view.getUint32(0, true) !== VERSION)
    throw new TypeError('a snapshot of an unknown version')
  const stateAt = HEAD_BYTES + view.getUint32(4, true)
  if (stateAt > id.bytes) throw new TypeError('a snapshot that ends in its head')
  const json = new TextDecoder().decode(snapshots.read(id, HEAD_BYTES, stateAt - HEAD_BYTES))
  let meta: SnapshotMeta
  try {
    meta = JSON.parse(json) as SnapshotMeta
  } catch (error) {
    throw new TypeError('a snapshot with a broken head', { cause: error })
  }
  if (meta.index !== id.index || meta.term !== id.term)
    throw new TypeError(`a snapshot of entry ${meta.index} under the name of entry ${id.index}`)
  return { meta, stateAt }
}
