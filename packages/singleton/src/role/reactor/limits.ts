/** Reactions of one role that run at once. */
export const RUNS_MAX: number = 16

/** Of a reaction that says nothing else; see `ReactionOptions`. */
export const REACTION_ATTEMPTS: number = 10
export const REACTION_TIMEOUT_MS: number = 30_000
export const REACTION_BACKOFF_MS: number = 200
export const REACTION_MAX_BACKOFF_MS: number = 30_000

/** Due commands that one turn decides. */
export const DUE_TURN_MAX: number = 256

/** Deriving due commands takes this share of the time at most. */
export const DUE_SHARE: number = 0.02

/** A turn that decides due commands takes so long at most, as far as the last derivation tells. */
export const DUE_TURN_MS: number = 20

/** Pause after a due command failed; doubles up to `DUE_MAX_BACKOFF_MS`. */
export const DUE_BACKOFF_MS: number = 1_000
export const DUE_MAX_BACKOFF_MS: number = 60_000

/** The wall clock may be set while a due command waits: it is looked at so often. */
export const DUE_LOOK_MS: number = 10_000
