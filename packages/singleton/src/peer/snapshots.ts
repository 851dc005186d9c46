import { CodecError, JournalError } from '@tanist/core'
import type { Host, SnapshotId, Snapshots, SnapshotWriter } from '@tanist/core'
import type { RoleHost, StateCapture, StateRestore } from '../role/index.js'
import type { SnapshotMeta, SnapshotsView, SuccessionInput } from '../succession/index.js'
import { Slices } from './slices.js'
import { encodeSnapshotMeta, readSnapshotMeta, SNAPSHOT_READ_BYTES } from './snapshot-file.js'
import type { Turns } from './turns.js'

export interface SnapshotPorts {
  readonly host: Pick<Host, 'clock' | 'timers' | 'log'>
  readonly snapshots: Snapshots
  readonly roles: RoleHost
  readonly turns: Pick<Turns, 'enqueue'>
  readonly step: (input: SuccessionInput) => void
  /** Whether succession would take this snapshot now. */
  readonly wants: (id: SnapshotId) => boolean
  /** The roles hold the state of this position now. */
  readonly restored: (meta: SnapshotMeta) => void
  readonly failed: (error: JournalError) => void
}

/**
 * Takes snapshots of the roles and restores received ones, in slices between which everything else goes on. A
 * capture holds the state as it was at its checkpoint; a restored state comes into force at once, in one turn with
 * the step of succession that says so.
 */
export class SnapshotKeeper {
  readonly #ports: SnapshotPorts
  readonly #capturing: Slices
  readonly #restoring: Slices
  #capture: { readonly capture: StateCapture; readonly writer: SnapshotWriter } | null = null
  #stopped = false

  constructor(ports: SnapshotPorts) {
    this.#ports = ports
    this.#capturing = new Slices(ports.host)
    this.#restoring = new Slices(ports.host)
  }

  /** The store as succession reads it: what cannot be read there is logged, and is nothing. */
  static view(snapshots: Snapshots, log: Host['log']): SnapshotsView {
    return {
      get whole() {
        return snapshots.whole
      },
      get partial() {
        return snapshots.partial
      },
      read: (id, offset, length) => {
        try {
          return snapshots.read(id, offset, length)
        } catch (error) {
          if (!(error instanceof JournalError)) throw error
          log.write('error', 'snapshot-unreadable', error.message, { index: id.index })
          return new Uint8Array()
        }
      },
    }
  }

  /** To be called when exactly the entries up to `meta.index` are applied. */
  capture(meta: SnapshotMeta): void {
    if (this.#stopped) return
    this.abort()
    const { snapshots, roles } = this.#ports
    const capture = roles.capture()
    this.#guard(() => {
      const writer = snapshots.begin(meta.index, meta.term)
      this.#capture = { capture, writer }
      writer.write(encodeSnapshotMeta(meta))
      this.#capturing.run(() => this.#guard(() => this.#captureStep(meta.index, capture, writer)) !== false)
    })
  }

  /** The state that is being captured is not what it should be. */
  abort(): void {
    this.#capturing.stop()
    this.#capture?.capture.release()
    this.#capture?.writer.abort()
    this.#capture = null
  }

  install(id: SnapshotId): void {
    if (this.#stopped) return
    const { snapshots, turns } = this.#ports
    this.#guard(() =>
      snapshots.complete((error) =>
        turns.enqueue(() => {
          if (!error) this.#restore(id)
          else if (error.code === 'damaged') this.#refuse(id, error.message)
          else this.#ports.failed(error)
        }),
      ),
    )
  }

  stop(): void {
    this.abort()
    this.#restoring.stop()
    this.#stopped = true
  }

  /** Done when it returns anything but false. */
  #captureStep(index: number, capture: StateCapture, writer: SnapshotWriter): boolean {
    let bytes: Uint8Array | null
    try {
      bytes = capture.next()
    } catch (error) {
      if (!(error instanceof CodecError)) throw error
      this.abort()
      this.#ports.turns.enqueue(() => this.#ports.step({ kind: 'uncaptured', index, why: error.message }))
      return true
    }
    if (bytes !== null) {
      writer.write(bytes)
      return false
    }
    // A capture that was ended from outside is not whole.
    if (capture.digest === null) {
      this.abort()
      return true
    }
    const digest = capture.comparable ? capture.digest : null
    capture.release()
    this.#capture = null
    const { turns, step, failed } = this.#ports
    writer.finish((error, id) =>
      turns.enqueue(() => {
        if (error) failed(error)
        else if (id) step({ kind: 'snapshotted', id, digest })
      }),
    )
    return true
  }

  #restore(id: SnapshotId): void {
    const { snapshots, roles, turns } = this.#ports
    const restoring = restoreSnapshot(snapshots, roles, id)
    const end = (restored: Restored): void => {
      if ('error' in restored) {
        snapshots.remove(id.index)
        return this.#refuse(id, restored.error)
      }
      if (!this.#ports.wants(id)) return this.#refuse(id, 'it is not wanted any more')
      const { meta, restore } = restored
      // What is being captured belongs to the state that goes.
      this.abort()
      const digest = restore.finish()
      this.#ports.restored(meta)
      this.#ports.step({ kind: 'installed', id, meta, digest })
    }
    this.#restoring.run(() => {
      const restored = restoring()
      if (restored) turns.enqueue(() => this.#stopped || end(restored))
      return restored !== null
    })
  }

  #refuse(id: SnapshotId, why: string): void {
    this.#ports.step({ kind: 'uninstalled', id, why })
  }

  /** What the disk throws ends this peer, in a turn of its own. */
  #guard<T>(act: () => T): T | undefined {
    try {
      return act()
    } catch (error) {
      if (!(error instanceof JournalError)) throw error
      this.#ports.turns.enqueue(() => this.#ports.failed(error))
      return undefined
    }
  }
}

export type Restored =
  | { readonly meta: SnapshotMeta; readonly restore: StateRestore }
  | { readonly error: string }

/** Reads a snapshot into a state that is not in force yet: one piece a call, null until all is read. */
export function restoreSnapshot(
  snapshots: Pick<Snapshots, 'read'>,
  roles: RoleHost,
  id: SnapshotId,
): () => Restored | null {
  let begun: { readonly meta: SnapshotMeta; readonly restore: StateRestore } | null = null
  let offset = 0
  return () => {
    try {
      if (begun === null) {
        const { meta, stateAt } = readSnapshotMeta(snapshots, id)
        begun = { meta, restore: roles.restore() }
        offset = stateAt
      }
      if (offset >= id.bytes) return begun
      const bytes = snapshots.read(id, offset, SNAPSHOT_READ_BYTES)
      begun.restore.write(bytes)
      offset += bytes.length
      return null
    } catch (error) {
      if (error instanceof TypeError || error instanceof JournalError) return { error: error.message }
      throw error
    }
  }
}
