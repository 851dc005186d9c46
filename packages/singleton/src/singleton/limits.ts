/** Every limit of singletons, with the arithmetic behind it. */
export const singletonLimits = {
  /** Tells and asks of one member that wait for a server: at 300 bytes 3 MB. */
  waiting: 10_000,
  /** How long a tell waits for a server: two elections and a slow start. */
  waitMs: 10_000,
  /**
   * How long the actor may take to stop, its children and `postStop` included, before the reign ends without it. A
   * hand-over is given up after 2 s (`transferMs`): the rest is for the successor.
   */
  stopMs: 1_500,
  /** Within this time the second failure is one too many. */
  windowMs: 300_000,
  /** Failures that are remembered. Two decide. */
  failures: 8,
  /** Bytes of an error's text that travel. */
  text: 500,
  restartMs: 10_000,
  /** Servers whose last word is remembered. The present one counts. */
  servers: 8,
  /** What was not heard is said again. */
  againMs: 500,
} as const
