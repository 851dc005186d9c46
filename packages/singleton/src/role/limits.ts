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

/** The pause before the next one doubles so often: to 4 s. */
export const RESEND_DOUBLINGS: number = 3

/** First pause after a server said `retry`; doubles up to `RESEND_MS` while nobody answers. */
export const RETRY_PAUSE_MS: number = 25

/** How long a call waits when its caller says nothing. Longer than any take-over. */
export const DEFAULT_DEADLINE_MS: number = 10_000

/** Largest journal entry of one command: events and outcome together. Leaves room in a 4 MiB frame. */
export const MAX_ENTRY_BYTES: number = 1_048_576

/** A session that was not used for so long expires, unless the host is told otherwise: 24 hours. */
export const SESSION_IDLE_MS: number = 86_400_000

/** Sessions kept; of more the longest unused expire. About 300 bytes each, and their outcomes. */
export const SESSIONS_MAX: number = 10_000

/** Of those, of strays; of more the longest unused of them expire. The other 8,000 are out of their reach. */
export const STRAY_SESSIONS_MAX: number = 2_000

/** The time of the last use is known to this. */
export const SESSION_TOUCH_MS: number = 60_000

/**
 * A leader judges by its own clock no sooner than this after the begin of its reign: until then whoever is there
 * has used its session again, whatever the clock of the last leader said.
 */
export const SESSION_GRACE_MS: number = 600_000

/** Sessions that expire by one entry: about 64 KiB. */
export const EXPIRE_MAX: number = 500

/**
 * Clients without a position in their name that are remembered after they expired, about 100 bytes each. Then new
 * ones of that kind are refused.
 */
export const CLOSED_MAX: number = 1_000_000

/** From so many of strays on, strays are refused new ones of that kind. */
export const STRAY_CLOSED_MAX: number = 500_000

/** A caller that made no call for so long begins a new session: long before the old one may expire. */
export const SESSION_RENEW_MS: number = 600_000

/** Reactions that are settled by one entry. */
export const SETTLE_MAX: number = 256

/** What is kept of the text of a parked reaction, in characters. */
export const PARKED_TEXT_MAX: number = 500

/** Calls of one reaction: their outcomes are kept until it is settled. */
export const REACTION_CALLS_MAX: number = 1_024

/** Items that `due` may derive; more are taken for a mistake. */
export const DUE_MAX: number = 1_000_000

/** Due commands that one entry forgets; the next one of the role goes on. */
export const FORGET_MAX: number = 1_000
/** Of one command's input, unless its role says otherwise. */
export const INPUT_BYTES: number = 262_144

/** Of one event with its name, unless its role says otherwise. */
export const EVENT_BYTES: number = 262_144

/** Of the state of a role, unless it says otherwise: every replica holds it in memory, and every new one fetches it. */
export const STATE_BYTES: number = 1_073_741_824
/** Commands that are quarantined, about 300 bytes each. Of more the oldest are forgotten, and may be decided again. */
export const QUARANTINE_MAX: number = 100

/** So long after a server was lost the next one takes calls with ids of the application for repeated ones. */
export const SUSPECT_MS: number = 3_000
