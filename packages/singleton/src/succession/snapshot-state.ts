import type { SnapshotId } from '@tanist/core'
import type { TermRun } from './branches.js'
import { defaultSnapshotLimits } from './limits.js'
import type { SnapshotLimits } from './limits.js'
import type { SuccessionConfig } from './types.js'

/** A snapshot on its way to one receiver. */
export interface Sending {
  readonly id: SnapshotId
  /** The next byte to send, and up to where the receiver said to have it. */
  next: number
  acked: number
  /** Not known how much the receiver has: one question at a time. */
  probing: boolean
  asked: boolean
  /** When it was begun, or last got on (monotonic). */
  sinceMs: number
}

export interface SnapshotState {
  readonly limits: SnapshotLimits
  /** Entries and bytes that were committed since the last checkpoint. */
  entries: number
  bytes: number
  /** A checkpoint of this peer's reign in `term` that may not be committed yet. */
  proposed: { readonly index: number; readonly term: number }
  /** Somebody needs a newer snapshot than there is. */
  wanted: boolean
  /** The terms of all entries up to `termsTo`, which the newest snapshot covers: the last runs of them. */
  terms: readonly TermRun[]
  termsTo: number
  /** Snapshots, and what is in the journal behind them, that are being copied: kept as long as they are in here. */
  readonly held: Set<{ readonly index: number }>
  /** The own snapshot of this entry cannot be read any more: sent to nobody, and a new one is due. */
  rotten: number
  /** The checkpoint that is being written; one at a time. */
  capturing: number | null
  /** How many bytes had been committed, counted from the start, at some positions: rising. */
  total: number
  marks: { readonly index: number; readonly total: number }[]
  /** Digests of the state at checkpoints: the own ones, and the first that was journalled. */
  readonly own: Map<number, string>
  readonly journalled: Map<number, string>
  /** Up to here they have been compared. */
  comparedTo: number
  /** They differ: to be seen to at the end of the step's commits. */
  differs: { readonly index: number; readonly own: string; readonly journalled: string } | null
  /** Since this checkpoint the own state is known to be wrong; it is to be replaced. */
  diverged: { readonly index: number } | null
  receiving: { readonly id: SnapshotId; received: number; installing: boolean } | null
  /** At the leader: who says that its state differs, by checkpoint. */
  accused: { readonly index: number; readonly by: Set<string> }
}

export function createSnapshotState(config: SuccessionConfig): SnapshotState {
  const { base = null, baseDigest, snapshots, snapshotLimits = defaultSnapshotLimits } = config
  const index = base?.index ?? 0
  const partial = snapshots?.partial
  return {
    limits: snapshotLimits,
    entries: 0,
    bytes: 0,
    proposed: { index: 0, term: 0 },
    wanted: false,
    terms: base?.terms ?? (base ? [[base.index, base.term]] : []),
    termsTo: index,
    held: new Set(),
    rotten: 0,
    capturing: null,
    total: 0,
    marks: [{ index, total: 0 }],
    own: new Map(baseDigest === undefined ? [] : [[index, baseDigest]]),
    journalled: new Map(),
    comparedTo: index - 1,
    differs: null,
    diverged: null,
    receiving: partial ? { ...partial, installing: false } : null,
    accused: { index: 0, by: new Set() },
  }
}
