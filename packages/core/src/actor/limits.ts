/** Every limit of the actor layer, with the arithmetic behind it. */
export const actorLimits = {
  /** Messages of one actor per turn. Cheap handlers (1 µs) then hold a turn for 0.06 ms. */
  batchMessages: 64,
  /**
   * A turn also ends when it is older than this. Looked at after `budgetEvery` messages, and more seldom, up to once
   * in a turn, by actors whose handlers have been quick so far: a reading of the clock costs as much as a message.
   */
  turnBudgetMs: 2,
  budgetEvery: 8,
  /** Turns per loop turn of the process: 256 x 64 messages x 0.1 µs = 1.6 ms without timers and sockets. */
  sliceTurns: 256,
  /** Promise steps that an idle slice waits for more: an `await` of a reply in an `async` function takes up to three. */
  sliceLinger: 4,
  /** With a clock, a slice also ends after this time: well below the 50 ms between two heartbeats. */
  sliceMs: 2,
  /** Messages waiting for one actor. 100,000 x about 100 bytes = 10 MB before anything is refused. */
  mailboxCapacity: 100_000,
  stashCapacity: 1_000,
  askTimeoutMs: 5_000,
  /** An asynchronous handler that has not returned for so long is reported. Twice the usual ask has given up by then. */
  handlerLimitMs: 10_000,
  /** Lines per kind (failures, dead letters) and window, for all actors of a system together. */
  logLines: 50,
  logWindowMs: 10_000,
  /** Restarts within the window before an actor is given up. */
  restartMax: 10,
  restartWindowMs: 60_000,
} as const
