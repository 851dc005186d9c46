import { DiskError, type DiskFile } from '../host/index.js'
import { crc32 } from './crc32.js'
import { BLOCK_BYTES, blockAt, encodeBlock, encodeSnapshotHeader, type Verified } from './snapshot-file.js'
import type { SnapshotId } from './types.js'

/** So much is written between two syncs: the last one is short too, and nobody waits long behind it. */
const SYNC_BYTES = 1024 * 1024

const NONE: Verified = { blocks: 0, bytes: 0, checksum: 0 }

/**
 * Content that grows at the end of a snapshot file: whole blocks go to the file at once, the rest of a block
 * waits here. Synced in the background as it grows. After a failure nothing is written any more.
 */
export class BlockWriter {
  readonly #file: DiskFile
  readonly #pending: Uint8Array = new Uint8Array(BLOCK_BYTES)
  #pendingBytes = 0
  #blocks: number
  #bytes: number
  #checksum: number
  #unsynced = 0
  #syncing = false
  #closed = false
  #failure: DiskError | undefined
  #end: ((error?: DiskError) => void) | undefined

  constructor(file: DiskFile, found: Verified = NONE) {
    this.#file = file
    this.#blocks = found.blocks
    this.#bytes = found.bytes
    this.#checksum = found.checksum
  }

  /** Length and CRC-32 of the content so far. */
  get bytes(): number {
    return this.#bytes
  }

  get checksum(): number {
    return this.#checksum
  }

  get failure(): DiskError | undefined {
    return this.#failure
  }

  begin(id: SnapshotId): void {
    this.#try(() => this.#file.write(0, encodeSnapshotHeader(id)))
  }

  write(bytes: Uint8Array): void {
    if (this.#failure !== undefined) return
    this.#checksum = crc32(bytes, 0, bytes.length, this.#checksum)
    this.#bytes += bytes.length
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + BLOCK_BYTES - this.#pendingBytes)
      this.#pending.set(part, this.#pendingBytes)
      this.#pendingBytes += part.length
      at += part.length
      if (this.#pendingBytes === BLOCK_BYTES) this.#writeBlock()
    }
    if (this.#unsynced >= SYNC_BYTES) this.#sync()
  }

  /** Writes what is left, and the header unless it is there; `done` once everything is durable. */
  finish(id: SnapshotId | null, done: (error?: DiskError) => void): void {
    if (this.#pendingBytes > 0) this.#writeBlock()
    if (id !== null) this.begin(id)
    this.#end = done
    if (!this.#syncing) this.#sync()
  }

  /** Nothing is written or called back any more. */
  close(): void {
    if (!this.#closed) this.#file.close()
    this.#closed = true
    this.#end = undefined
  }

  #writeBlock(): void {
    const content = this.#pending.subarray(0, this.#pendingBytes)
    this.#try(() => this.#file.write(blockAt(this.#blocks), encodeBlock(this.#blocks, content)))
    this.#blocks++
    this.#unsynced += content.length
    this.#pendingBytes = 0
  }

  #sync(): void {
    if (this.#syncing || this.#closed) return
    const last = this.#end
    if (this.#failure !== undefined) return last?.(this.#failure)
    this.#unsynced = 0
    this.#syncing = true
    const ended = (error?: DiskError): void => {
      this.#syncing = false
      this.#failure ??= error
      if (this.#closed) return
      if (last !== undefined) last(this.#failure)
      else if (this.#end !== undefined || this.#unsynced >= SYNC_BYTES) this.#sync()
    }
    this.#try(() => this.#file.sync(ended))
    // The call itself was refused.
    if (this.#syncing && this.#failure !== undefined) ended(this.#failure)
  }

  #try(act: () => void): void {
    if (this.#failure !== undefined) return
    try {
      act()
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      this.#failure = error
    }
  }
}
