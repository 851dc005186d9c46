import type { Entry, SnapshotId } from '@tanist/core'
import type { SnapshotMeta, SnapshotsView } from '../../succession/index.js'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** What machines have for a state: a number that every committed entry changes. */
export function nextState(state: number, { index, term, kind, payload }: Entry): number {
  let sum = Math.imul(state ^ index, 0x01000193) ^ (term << 8) ^ kind
  for (let i = 0; i < payload.length && i < 24; i++) sum = Math.imul(sum ^ (payload[i] as number), 0x01000193)
  return sum >>> 0
}

export interface MachineSnapshot {
  readonly meta: SnapshotMeta
  readonly state: number
}

interface Kept {
  readonly id: SnapshotId
  readonly content: Uint8Array
}

/** Snapshots of one machine in memory: those that are on the platter, and one that is being received. */
export class MachineSnapshots implements SnapshotsView {
  #kept: Kept[] = []
  #partial: { id: SnapshotId; bytes: Uint8Array; received: number } | null = null

  get whole(): readonly SnapshotId[] {
    return this.#kept.map(({ id }) => id)
  }

  get partial(): { readonly id: SnapshotId; readonly received: number } | null {
    return this.#partial
  }

  /** The newest one, read. */
  get newest(): MachineSnapshot | null {
    const kept = this.#kept.at(-1)
    return kept ? decode(kept.content) : null
  }

  read(id: SnapshotId, offset: number, length: number): Uint8Array {
    const kept = this.#kept.find((one) => one.id.index === id.index && one.id.checksum === id.checksum)
    if (!kept) throw new Error(`there is no snapshot of entry ${id.index}`)
    return kept.content.slice(offset, offset + length)
  }

  /** On the platter from now on. */
  keep(kept: Kept): void {
    this.#kept = [...this.#kept.filter(({ id }) => id.index !== kept.id.index), kept].toSorted(
      (a, b) => a.id.index - b.id.index,
    )
  }

  forget(gone: SnapshotId): void {
    this.#kept = this.#kept.filter(({ id }) => !same(id, gone))
  }

  receive(id: SnapshotId, offset: number, bytes: Uint8Array): void {
    if (this.#partial === null || !same(this.#partial.id, id))
      this.#partial = { id, bytes: new Uint8Array(id.bytes), received: 0 }
    if (offset !== this.#partial.received) return
    this.#partial.bytes.set(bytes, offset)
    this.#partial.received += bytes.length
  }

  /** What was received, when it is what it should be. */
  complete(): Kept | null {
    const partial = this.#partial
    this.#partial = null
    if (!partial || partial.received !== partial.id.bytes) return null
    return checksum(partial.bytes) === partial.id.checksum ? { id: partial.id, content: partial.bytes } : null
  }

  powerOff(share: number): void {
    if (this.#partial) this.#partial.received = Math.floor(this.#partial.received * share)
  }
}

/** The bytes of a snapshot; `padTo` makes it longer, for transfers in pieces. */
export function encode(snapshot: MachineSnapshot, padTo: number): Kept {
  const content = encoder.encode(JSON.stringify(snapshot).padEnd(padTo))
  const { index, term } = snapshot.meta
  return { id: { index, term, bytes: content.length, checksum: checksum(content) }, content }
}

export function decode(content: Uint8Array): MachineSnapshot {
  return JSON.parse(decoder.decode(content)) as MachineSnapshot
}

function checksum(bytes: Uint8Array): number {
  let sum = 0
  for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) >>> 0
  return sum
}

function same(a: SnapshotId, b: SnapshotId): boolean {
  return a.index === b.index && a.term === b.term && a.checksum === b.checksum && a.bytes === b.bytes
}
