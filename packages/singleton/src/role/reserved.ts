/*
 * Sessions that belong to the framework. `~ROLE:KEY` are the calls of a reaction, `!ROLE:KEY` a due command. No id of a
 * caller may begin so.
 */

export interface Reserved {
  readonly kind: 'reaction' | 'due'
  readonly role: string
  readonly key: string
}

/** The session of the calls that the reaction `key` of `role` makes. */
export function reactionSession(role: string, key: string): string {
  return `~${role}:${key}`
}

/** The session of the due command `key` of `role`. */
export function dueSession(role: string, key: string): string {
  return `!${role}:${key}`
}

export function isReserved(session: string): boolean {
  const first = session.charCodeAt(0)
  return first === 0x7e || first === 0x21
}

/** Null when it is no such session; `malformed` when it only begins like one. */
export function parseReserved(session: string): Reserved | 'malformed' | null {
  if (!isReserved(session)) return null
  const colon = session.indexOf(':')
  if (colon < 2 || colon === session.length - 1) return 'malformed'
  const kind = session.startsWith('~') ? 'reaction' : 'due'
  return { kind, role: session.slice(1, colon), key: session.slice(colon + 1) }
}
