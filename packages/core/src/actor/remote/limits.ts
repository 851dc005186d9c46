/** Every limit of actors across peers, with the arithmetic behind it. */
export const remoteLimits: Readonly<Record<RemoteLimit, number>> = {
  /** UTF-16 units of one message as JSON; at most three times as many bytes, still less than a frame of 4 MiB. */
  messageLength: 1024 * 1024,
  /** The sentence of a failure. */
  failureLength: 2_000,
  /** Messages and their length that wait for one peer or for its acknowledgement; one more is a dead letter. */
  queueMessages: 20_000,
  queueLength: 16 * 1024 * 1024,
  /**
   * Sent and not acknowledged, at most: heartbeats share the link, and 512 KiB are 5 ms of a gigabit line. One
   * message may exceed it.
   */
  windowMessages: 4_096,
  windowLength: 512 * 1024,
  /** One batch: a further one begins above it. */
  batchMessages: 1_024,
  batchLength: 64 * 1024,
  /** The receiver acknowledges after so many messages or so much text, a quarter of the window, or after `ackMs`. */
  ackMessages: 1_024,
  ackLength: 128 * 1024,
  ackMs: 20,
  /** While something is open, this machine looks after it so often. */
  tickMs: 500,
  /** Nothing was acknowledged for so many ticks: asks the other side where it is. */
  stalledTicks: 4,
  /** How long a peer that is no member and not linked is waited for. */
  unknownMs: 5_000,
  /** Asks of one peer that are handled here at once; one more fails as `full`. */
  openAsks: 20_000,
  /** Actors that one peer may watch here; one more is `lost` at once. */
  watches: 100_000,
  /** Peers with something open beyond the members; a ref to one more is `lost` at once. */
  peers: 128,
  /** A peer for which something waits and that has no link is asked for so often. */
  needMs: 5_000,
  /** Starts of members of which it is remembered that they are over. */
  ended: 1_024,
  /** Refs that one peer offers in its receptionist, and the length of a key: all go in one message. */
  offers: 1_000,
  keyLength: 200,
  /** Refs in one message. */
  refs: 10_000,
}

type RemoteLimit =
  | 'messageLength'
  | 'failureLength'
  | 'queueMessages'
  | 'queueLength'
  | 'windowMessages'
  | 'windowLength'
  | 'batchMessages'
  | 'batchLength'
  | 'ackMessages'
  | 'ackLength'
  | 'ackMs'
  | 'tickMs'
  | 'stalledTicks'
  | 'unknownMs'
  | 'openAsks'
  | 'watches'
  | 'peers'
  | 'needMs'
  | 'ended'
  | 'offers'
  | 'keyLength'
  | 'refs'
