import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { DiskError, invariant } from '@tanist/core'
import type { DiskFile, SyncDone } from '@tanist/core'
import { guarded } from './errors.js'
import type { SyncLane, SyncTarget } from './sync-lane.js'

const zeros = new Uint8Array(64 * 1024)

export class NodeFile implements DiskFile {
  readonly #target: SyncTarget
  readonly #lane: SyncLane
  #size: number
  #open = true

  constructor(path: string, flags: number, lane: SyncLane) {
    const fd = guarded(`open ${path}`, () => openSync(path, flags, 0o600))
    this.#target = { fd, path, kind: 'file', failure: undefined, running: 0 }
    this.#lane = lane
    this.#size = guarded(`open ${path}`, () => fstatSync(fd).size)
  }

  get size(): number {
    return this.#size
  }

  read(offset: number, length: number): Uint8Array {
    const { fd, path } = this.#opened()
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.#size - offset)))
    const count = guarded(`read ${path}`, () => {
      let at = 0
      while (at < bytes.length) {
        const got = readSync(fd, bytes, at, bytes.length - at, offset + at)
        if (got === 0) break
        at += got
      }
      return at
    })
    return bytes.subarray(0, count)
  }

  write(offset: number, bytes: Uint8Array): void {
    const { fd, path } = this.#opened()
    guarded(`write to ${path}`, () => {
      let at = 0
      while (at < bytes.length) {
        at += writeSync(fd, bytes, at, bytes.length - at, offset + at)
        this.#size = Math.max(this.#size, offset + at)
      }
    })
  }

  prepare(size: number): void {
    try {
      while (this.#size < size) this.write(this.#size, zeros.subarray(0, size - this.#size))
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== 'full') throw error
    }
  }

  truncate(size: number): void {
    const { fd, path } = this.#opened()
    guarded(`cut ${path}`, () => ftruncateSync(fd, size))
    this.#size = size
  }

  sync(done: SyncDone): void {
    this.#lane.sync(this.#opened(), done)
  }

  close(): void {
    const target = this.#opened()
    this.#open = false
    closeWhenIdle(target)
  }

  #opened(): SyncTarget {
    invariant(this.#open, `the file ${this.#target.path} is used after its close`)
    return this.#target
  }
}

/** A descriptor number is reused at once: closing it under a running sync would sync another file. */
export function closeWhenIdle(target: SyncTarget): void {
  if (target.running === 0) closeSync(target.fd)
  else target.idle = () => closeSync(target.fd)
}
