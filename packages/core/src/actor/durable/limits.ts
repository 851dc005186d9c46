/** Every limit of durable actors. */
export const durableLimits = {
  /** Entries between two snapshots: replaying 1,000 small ones takes a few milliseconds. */
  snapshotEvery: 1_000,
  /** Bytes of entries between two snapshots. */
  snapshotBytes: 4_194_304,
  /** The newest may turn out damaged; then the one before it and the journal behind that still give the state. */
  snapshotsKept: 2,
  /** A segment of the journal: what a snapshot covers is removed by whole segments. */
  segmentBytes: 1_048_576,
  /** Memory for recent entries of one actor: they are read again by nobody. */
  cacheBytes: 65_536,
  /** Read at once in a recovery, then other actors, timers and sockets have their turn: about 3 ms. */
  sliceBytes: 131_072,
  /** Not durable yet; at more the actor waits, so that its mailbox bounds what is under way. */
  inFlightEntries: 4_096,
  inFlightBytes: 4_194_304,
  /** The events of one command. */
  entryBytes: 16_777_216,
  /** A name in a folder: file systems take 255 bytes, some tools less. */
  folderNameBytes: 200,
} as const
