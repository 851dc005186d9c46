/** A follower may have this much unacknowledged: 32 messages of at most 256 KiB are 8 MiB in flight. */
export const IN_FLIGHT_MESSAGES = 32
export const APPEND_BYTES: number = 256 * 1024

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
