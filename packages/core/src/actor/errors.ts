export type AskErrorCode =
  /** No reply within the deadline. The message may still be, or have been, handled. */
  | 'timeout'
  /** The actor is stopped or was stopped before it handled the message. */
  | 'stopped'
  /** The handler threw; `cause` is what it threw. Its state is fresh again. */
  | 'failed'
  /** The mailbox is full: the message was not taken. */
  | 'full'
  /** The actor has no handler of that name (now). */
  | 'unhandled'
  /** The peer it lives on is gone, or the link to it broke. The message may have been handled. */
  | 'lost'

/** Why an ask has no reply. */
export class AskError extends Error {
  readonly code: AskErrorCode
  constructor(code: AskErrorCode, text: string, cause?: unknown) {
    super(text, cause === undefined ? undefined : { cause })
    this.name = 'AskError'
    this.code = code
  }
}

export type SpawnErrorCode =
  /** A living (or still stopping) sibling has this name. */
  | 'taken'
  /** Empty, or contains a slash, a # or white space. */
  | 'name'
  /** The parent is stopped. */
  | 'stopped'

export class SpawnError extends Error {
  readonly code: SpawnErrorCode
  constructor(code: SpawnErrorCode, text: string) {
    super(text)
    this.name = 'SpawnError'
    this.code = code
  }
}

/** Thrown by `ctx.stash`: no room (a failure of the handler, unless it catches it), or nothing to stash (again). */
export class StashError extends Error {
  readonly code: 'full' | 'nothing'
  constructor(code: 'full' | 'nothing', text: string) {
    super(text)
    this.name = 'StashError'
    this.code = code
  }
}

/** The wait for a stop is over, the stop is not: `path` names the actor that does not end. */
export class StopError extends Error {
  readonly code: 'deadline'
  readonly path: string
  constructor(path: string, text: string) {
    super(text)
    this.name = 'StopError'
    this.code = 'deadline'
    this.path = path
  }
}
