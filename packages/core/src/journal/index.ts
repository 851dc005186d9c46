export { crc32 } from './crc32.js'
export { openRegister } from './register.js'
export type { RegisterOptions } from './register.js'
export { openJournal } from './segment-log.js'
export type { JournalOptions } from './segment-log.js'
export { openSnapshots } from './snapshots.js'
export type { SnapshotOptions } from './snapshots.js'
export { JournalError } from './types.js'
export type {
  Entry,
  Journal,
  JournalErrorCode,
  Register,
  SnapshotId,
  Snapshots,
  SnapshotWriter,
} from './types.js'
