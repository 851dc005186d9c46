/** One reading of both clocks, in milliseconds. Every step machine gets one with each input. */
export interface Now {
  /** Never jumps and never goes back; may stand still while the machine sleeps. For timeouts and leases. */
  readonly monotonicMs: number
  /** Milliseconds since 1970; may jump either way. For display, and to notice a sleep. */
  readonly wallMs: number
}

export interface Clock {
  now(): Now
}

/** Timers of the host. A callback never runs inside `set`, and never after `cancel`. */
export interface Timers {
  /** Runs `fire` once, `delayMs` (0 or more) from now on the monotonic clock. */
  set(delayMs: number, fire: () => void): Timer
}

export interface Timer {
  cancel(): void
}

/** The only source of randomness. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
  /** 128 random bits as 32 lower-case hexadecimal digits. */
  id(): string
}
