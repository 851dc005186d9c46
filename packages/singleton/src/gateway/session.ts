import { isReserved, strayPrefixed } from '../role/index.js'

/** Of the name of a client's session; with its prefix, a `^`, and digits it stays within that of a command id. */
const SESSION_CHARS = 160

/** A name that a client may give its session. */
export function isSession(name: unknown): name is string {
  return typeof name === 'string' && name.length > 0 && name.length <= SESSION_CHARS && !isReserved(name)
}

/**
 * What the server knows the session of a client by: never that of a member, of the framework, or of another level. By
 * what the link proved, not by a token: that may be another one when the client comes again.
 */
export function sessionOf(proved: 'trusted' | 'stray', name: string): string {
  return proved === 'trusted' ? `t/${name}` : strayPrefixed(name)
}
