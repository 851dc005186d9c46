export type JoinErrorCode =
  /** An option has a value that is not allowed. */
  | 'option'
  /** The port is taken, may not be used, or was lost. */
  | 'listen'
  /** The data folder is locked, unreadable, damaged, full, or belongs to another application or mode. */
  | 'data'
  /** Another application, secret, version, mode or cluster answered. */
  | 'refused'
  /** An operator sent this member away; `rejoin: true` lets it come back. */
  | 'evicted'
  /** The peer was stopped before it had joined. */
  | 'stopped'
  /** Something that must never happen; the peer stopped rather than go on wrongly. */
  | 'broken'

/** Why a peer could not join, or had to stop. `message` is a sentence that says what to do. */
export class JoinError extends Error {
  readonly code: JoinErrorCode
  constructor(code: JoinErrorCode, text: string, cause?: unknown) {
    super(text, cause === undefined ? undefined : { cause })
    this.name = 'JoinError'
    this.code = code
  }
}
