/** A follower may have this much unacknowledged: 32 messages of at most 256 KiB are 8 MiB in flight. */
export const IN_FLIGHT_MESSAGES = 32
export const APPEND_BYTES: number = 256 * 1024

/** ... and this much of it at most, whatever the size of single entries. */
export const IN_FLIGHT_BYTES: number = 8 * 1024 * 1024

/** When snapshots are taken, how they travel, and what of the journal is kept besides. */
export interface SnapshotLimits {
  /** A snapshot is due after so many bytes of entries, or as many as the last one is long, if that is more. */
  readonly bytes: number
  /** It is due after so many entries in any case. */
  readonly entries: number
  /** The journal keeps this much from before the snapshot, for those who are a little behind. */
  readonly keepEntries: number
  readonly keepBytes: number
  /** Whoever is further behind is waited for within so many bytes of entries, or as many snapshots' worth. */
  readonly catchUpBytes: number
  readonly catchUpSnapshots: number
  /** A snapshot travels in pieces of this size, so many at a time. */
  readonly pieceBytes: number
  readonly piecesInFlight: number
}

/**
 * A window of 4 x 64 KiB fills a gigabit at 2 ms, and holds up a beat behind it for 20 ms at 100 megabits: well within
 * the shortest silence.
 */
export const defaultSnapshotLimits: SnapshotLimits = {
  bytes: 4 * 1024 * 1024,
  entries: 50_000,
  keepEntries: 1_000,
  keepBytes: 1024 * 1024,
  catchUpBytes: 64 * 1024 * 1024,
  catchUpSnapshots: 3,
  pieceBytes: 64 * 1024,
  piecesInFlight: 4,
}

/** Entries are handed out as committed in portions of this size, so that a long replay holds up nothing. */
export const COMMIT_BYTES: number = 1024 * 1024

/** Voters of a group: the oldest, an odd number; one more loss is survived by each further pair. */
export const VOTERS_MAX = 5

/** A learner this close to the end of the journal counts as caught up. */
export const CAUGHT_UP_ENTRIES = 256

/** Voters among so many members. One, two, then odd: an even set is no safer than the odd one below it, only slower. */
export function seatsFor(members: number): number {
  const most = Math.min(VOTERS_MAX, members)
  return most <= 2 ? most : most - ((most + 1) % 2)
}

/** An operator's request that no leader answered within this time has an unknown outcome. */
export const OPERATE_MS = 10_000

/** Evicted members that a cluster remembers; the oldest are forgotten first. */
export const EVICTED_MAX = 256
