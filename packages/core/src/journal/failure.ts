import type { DiskError } from '../host/index.js'
import { JournalError } from './types.js'

export function damaged(path: string, offset: number, index: number): JournalError {
  return new JournalError(
    'damaged',
    `The journal file ${path} is damaged at byte ${offset}: entry ${index} cannot be read, although it was ` +
      'written for good.',
  )
}

export function prefixMissing(folder: string, first: number, covered: number): JournalError {
  return new JournalError(
    'damaged',
    `The journal in ${folder} begins with entry ${first}, but ${
      covered === 0 ? 'there is no whole snapshot' : `the newest whole snapshot ends with entry ${covered}`
    }: what was in between cannot be read.`,
  )
}

export function tailMissing(folder: string, last: number, least: number): JournalError {
  return new JournalError(
    'damaged',
    `The journal in ${folder} ends with entry ${last}, although it was written for good up to entry ${least} at ` +
      'least.',
  )
}

export function snapshotDamaged(path: string, index: number): JournalError {
  return new JournalError(
    'damaged',
    `The snapshot file ${path} is damaged: the state up to entry ${index} cannot be read from it, although it ` +
      'was written for good. It is not used.',
  )
}

export function registerDamaged(path: string): JournalError {
  return new JournalError(
    'damaged',
    `The file ${path} is damaged: its newest value was written for good and cannot be read in either copy, and an ` +
      'older one must not count.',
  )
}

export function otherVersion(path: string): JournalError {
  return new JournalError(
    'format',
    `The file ${path} was written by a version of Tanist that this one does not understand. Start the newer ` +
      'version again, or give this peer an empty folder.',
  )
}

export function diskFailed(what: string, error: DiskError): JournalError {
  const advice =
    error.code === 'full'
      ? 'The disk is full: make room, then start this peer again.'
      : 'Nothing is retried, because what a failed sync left on the disk is unknown: check the disk, then start this peer again.'
  return new JournalError('disk', `${what} could not be read or written (${error.message}). ${advice}`, error)
}
