/** Every timer of succession, in milliseconds. `docs/configuration.md` says which failure each one trades. */
export interface Timing {
  /** The leader speaks to voters this often. */
  readonly beatMs: number
  /** The leader speaks to learners this often. */
  readonly learnerBeatMs: number
  /** Least and greatest silence of the leader after which a voter stands; also the vote promise of a voter. */
  readonly silenceMinMs: number
  readonly silenceMaxMs: number
  /** The k-th in the line of succession waits k of these before it stands. */
  readonly rankStepMs: number
  /** How long a voter that is told of a death looks for own evidence before it refuses. */
  readonly holdMs: number
  /** The lease is shorter than the promise it rests on by this share and by `leaseMarginMs`. */
  readonly driftRatio: number
  readonly leaseMarginMs: number
  /** A leader that reached no majority for this long becomes a follower. */
  readonly checkQuorumMs: number
  /** A peer without a cluster looks for others this long before it founds one. */
  readonly settleMs: number
  /** A restarted lone voter listens this long before it serves. */
  readonly listenMs: number
  /** A hand-over that did not succeed within this time is given up. */
  readonly transferMs: number
  /** Followers learn of a commit after at most this time when nothing else is sent. */
  readonly commitNoticeMs: number
  /** A peer that waits for admission asks again this often. */
  readonly admitMs: number
  /** Mode `available`: without a leader and without a majority in sight for this long, a peer goes on alone. */
  readonly availableAfterMs: number
}

/** With 9 voters: 8 x 20 = 160 beats a second at the leader, 20 at each follower. */
export const defaultTiming: Timing = {
  beatMs: 50,
  learnerBeatMs: 250,
  silenceMinMs: 150,
  silenceMaxMs: 1_000,
  rankStepMs: 30,
  holdMs: 25,
  driftRatio: 0.05,
  leaseMarginMs: 20,
  checkQuorumMs: 1_000,
  settleMs: 1_500,
  listenMs: 500,
  transferMs: 2_000,
  commitNoticeMs: 5,
  admitMs: 200,
  availableAfterMs: 5_000,
}
