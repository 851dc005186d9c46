/** Of the body of a command, in bytes, by what its caller has proved. Each role has its own limit besides. */
export const BODY_BYTES: Readonly<Record<'trusted' | 'stray', number>> = {
  stray: 64 * 1_024,
  trusted: 1_024 * 1_024,
}

/** Of one answer, in bytes: larger states are for clients that watch, and for backups. */
export const ANSWER_BYTES: number = 8 * 1_024 * 1_024

/** How long a caller may let a command or a read wait. */
export const DEADLINE_MAX_MS = 60_000
export const DEADLINE_MS = 10_000

/** Ids that strays bring make sessions, which every replica keeps: so many new ones at once, and then one a second. */
export const STRAY_SESSIONS = 1_000
