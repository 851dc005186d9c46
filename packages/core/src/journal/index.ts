export { JournalError } from './types.js'
export type { Entry, Journal, JournalErrorCode, Register } from './types.js'
