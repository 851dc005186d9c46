import { DiskError } from '../../host/index.js'
import { JournalError } from '../../journal/index.js'

export type DurableErrorCode =
  /** Something that was durable cannot be read. Nothing was changed on the disk. */
  | 'damaged'
  /** A read, write or sync failed. What was not answered may or may not be kept. */
  | 'disk'
  /** Written by a version of Tanist that this one does not understand. */
  | 'format'
  /** A living actor or process uses the same folder. */
  | 'in-use'
  /** It was stopped before it had recovered. */
  | 'stopped'
  /** The system was given neither a disk nor a folder. */
  | 'no-folder'
  /** The journal holds an event for which the definition has no function. */
  | 'unknown-event'
  /** An event function threw, or returned no state. */
  | 'event'
  /** `upcast` threw, or gave something else than it should. */
  | 'upcast'
  /** Written by a newer version of the definition. */
  | 'newer'

/** Where in a journal: the entry, and the event in it, both counted from 1. */
export interface DurablePosition {
  readonly index: number
  readonly event: number
}

/** Why a durable actor has stopped, or never began. */
export class DurableError extends Error {
  readonly code: DurableErrorCode
  /** Of the first event that could not be taken, where it was one. */
  readonly position: DurablePosition | null
  constructor(
    code: DurableErrorCode,
    text: string,
    position: DurablePosition | null = null,
    cause?: unknown,
  ) {
    super(text, cause === undefined ? undefined : { cause })
    this.name = 'DurableError'
    this.code = code
    this.position = position
  }
}

/** Errors of the disk as those of the actor `id`; everything else as it is. */
export function durableError(id: string, error: unknown): unknown {
  if (error instanceof JournalError)
    return new DurableError(error.code, `${id}: ${error.message}`, null, error)
  if (!(error instanceof DiskError)) return error
  if (error.code === 'locked')
    return new DurableError(
      'in-use',
      `${id} runs already: ${error.message}. One actor at a time may use a folder; stop the other one first, or give this one another name.`,
      null,
      error,
    )
  return new DurableError('disk', `${id}: ${error.message}`, null, error)
}
