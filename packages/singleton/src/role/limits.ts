/**
 * Outcomes kept per session. A caller has at most this span of own sequence numbers between the lowest
 * unanswered one and the newest one sent, so that the server never forgets an outcome still waited for.
 */
export const SESSION_WINDOW: number = 1_024

/** Calls sent and not yet answered, per caller (own ids are bounded further by the window). */
export const MAX_IN_FLIGHT: number = 4_096

/** Calls waiting to be sent, per caller. At 1 KiB each that is 64 MiB; beyond it a call is `busy`. */
export const MAX_QUEUED: number = 65_536

/** A call without an answer is sent again after this time. Duplicates cost a table look-up at the server. */
export const RESEND_MS: number = 500

/** First pause after a server said `retry`; doubles up to `RESEND_MS` while nobody answers. */
export const RETRY_PAUSE_MS: number = 25

/** How long a call waits when its caller says nothing. Longer than any take-over. */
export const DEFAULT_DEADLINE_MS: number = 10_000

/** Largest journal entry of one command: events and outcome together. Leaves room in a 4 MiB frame. */
export const MAX_ENTRY_BYTES: number = 1_048_576
