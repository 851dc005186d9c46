import type { LargeTimings, MembershipConfig } from './types.js'

/** The timings of `MembershipConfig` that suit a quiet local network. */
export const membershipDefaults: Omit<MembershipConfig, 'self' | 'seeds'> = {
  beatMs: 250,
  silenceMs: 1_000,
  removeMs: 3_000,
  helloMs: 1_000,
}

export const largeDefaults: LargeTimings = {
  meshMax: 16,
  neighbours: 5,
  beatMs: 500,
  hubBeatMs: 1_000,
  idleBeatMs: 2_000,
  silenceMs: 2_000,
  suspicionMult: 3,
  confirmations: 3,
  batchMs: 100,
  lingerMs: 10_000,
}

/** Fixed limits of the membership machine. */
export const limits = {
  /** A full mesh of 16 needs 15; the rest is for duplicates, joiners and observers. */
  links: 64,
  /** Links and peers beyond those of the view. */
  spareLinks: 64,
  /** Addresses that are neither seeds nor in the view. */
  hints: 64,
  /** Addresses named in one hello. */
  knownInHello: 32,
  /** Links on demand of a large cluster, and how long after they were last asked for. */
  needed: 256,
  neededMs: 30_000,
  /** In a large cluster: members whose round trips are told in a beat; peers to name in a hello. */
  toldInLarge: 16,
  /** The side that does not have to dial waits so long for the other one. */
  dialPauseMs: 1_000,
  /** In a large cluster a peer that is neither linked nor wanted is forgotten after this time. */
  forgetMs: 60_000,
  /** Peers remembered. One that is neither linked nor in the view is forgotten first. */
  peers: 128,
  /** Addresses that discovery found and that are dialled at a time; of one peer; and how far apart those are dialled. */
  found: 32,
  foundAddresses: 4,
  foundStepMs: 250,
  /** A hint is dropped after this many failed dials in a row. */
  hintFailures: 5,
  retryFirstMs: 50,
  retryMaxMs: 1_000,
  /** After a refusal neither side can be right soon: ask again slowly. */
  refusedRetryMs: 5_000,
  /** A link that lived shorter than this does not reset the back-off. */
  stableLinkMs: 1_000,
  /** A link closed by the other side and a refused redial prove an end only when this close together. */
  proofWindowMs: 2_000,
  /** Right after a process died its host may reset a dial before it refuses: ask at once, then after 1, 2, 4 ms. */
  resetStepMs: 1,
  resetTries: 8,
  /** Beats of silence after which a link is replaced when the own network has changed. */
  proofBeats: 2,
  /** What one member says of itself, as JSON. */
  aboutBytes: 2_048,
  /** Records in one message, and entries of one list in a message. */
  recordsInMessage: 1_024,
  /** Bad links that a record names. */
  badInRecord: 64,
  /** A bucket of the largest cluster whose members all say something. */
  marksInMessage: 4_096,
  /** Rows of a view. */
  viewMembers: 16_384,
  /** Records that say no more than the view are kept so long, and so many of them, against late rumours. */
  idleRecordMs: 60_000,
  idleRecords: 1_024,
} as const
