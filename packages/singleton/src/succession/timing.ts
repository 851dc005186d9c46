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
  /** The leader of a pair goes on alone when its follower has not answered for this long. */
  readonly soloMs: number
  /** A follower of a pair counts proof of its leader's death only until this long before the leader could go alone. */
  readonly marginMs: number
  /** A voter that ranks before the leader gets the role after it has been fit for this long without a gap. */
  readonly homeAfterMs: number
  /** And at most once in this time. Doubles after each failure, up to ten minutes. */
  readonly homeEveryMs: number
  /** A server whose disk owes an answer for longer hands over, and stands no more until it has come. */
  readonly stallMs: number
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
  soloMs: 2_000,
  marginMs: 100,
  homeAfterMs: 10_000,
  homeEveryMs: 30_000,
  stallMs: 1_000,
  availableAfterMs: 5_000,
}
