import { fdatasync, fdatasyncSync, fsync, fsyncSync } from 'node:fs'
import type { DiskError, SyncDone } from '@tanist/core'
import { diskError } from './errors.js'
import type { SyncPolicy } from './sync-policy.js'

/** A descriptor whose syncs are in order; a failed sync is final for it. */
export interface SyncTarget {
  readonly fd: number
  readonly path: string
  readonly kind: 'file' | 'folder'
  failure: DiskError | undefined
  /** Syncs on the thread pool: the descriptor must stay open for them. */
  running: number
  /** Called when `running` is 0 again. */
  idle?: () => void
}

interface Slot {
  readonly done: SyncDone
  settled: boolean
  error: DiskError | undefined
}

/** The syncs of one folder: each `done` is called once, in the order of the calls. */
export class SyncLane {
  readonly #policy: SyncPolicy
  readonly #slots: Slot[] = []

  constructor(policy: SyncPolicy) {
    this.#policy = policy
  }

  sync(target: SyncTarget, done: SyncDone): void {
    const free = this.#slots.length === 0
    if (target.failure !== undefined && free) done(target.failure)
    else if (target.failure !== undefined) this.#slots.push({ done, settled: true, error: target.failure })
    else if (free && this.#policy.inPlace()) this.#inPlace(target, done)
    else this.#pooled(target, done)
  }

  #inPlace(target: SyncTarget, done: SyncDone): void {
    const startMs = performance.now()
    try {
      if (target.kind === 'file') fdatasyncSync(target.fd)
      else fsyncSync(target.fd)
    } catch (error) {
      target.failure = diskError(error, `sync ${target.path}`)
    }
    this.#policy.took('place', performance.now() - startMs)
    done(target.failure)
  }

  #pooled(target: SyncTarget, done: SyncDone): void {
    const slot: Slot = { done, settled: false, error: undefined }
    const startMs = performance.now()
    this.#slots.push(slot)
    target.running += 1
    const finished = (error: NodeJS.ErrnoException | null): void => {
      this.#policy.took('pool', performance.now() - startMs)
      if (error !== null) target.failure ??= diskError(error, `sync ${target.path}`)
      target.running -= 1
      if (target.running === 0) target.idle?.()
      slot.settled = true
      slot.error = target.failure
      this.#deliver()
    }
    if (target.kind === 'file') fdatasync(target.fd, finished)
    else fsync(target.fd, finished)
  }

  #deliver(): void {
    while (this.#slots[0]?.settled === true) {
      const slot = this.#slots.shift()
      slot?.done(slot.error)
    }
  }
}
