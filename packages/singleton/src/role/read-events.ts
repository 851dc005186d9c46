import { deepFreeze } from '@tanist/core'
import type { DecidedEvent } from '@tanist/core'
import { bringUpAll } from './bring-up.js'
import { decodeRoleEntry } from './entry.js'
import type { RoleEntry } from './entry.js'
import type { AnyRole } from './types.js'

export interface EntryEvents {
  readonly at: number
  readonly events: readonly DecidedEvent[]
}

/**
 * The events of a command's entry that are the role's, as this build reads them; null when the entry is not of this
 * role. Throws when this build cannot read them. Several readers of one entry share the decoding.
 */
export function eventsOf(role: AnyRole, payload: Uint8Array): EntryEvents | null {
  const entry = decodeShared(payload)
  if (!('events' in entry)) return null
  if (entry.role !== role.name && role.formerly?.includes(entry.role) !== true) return null
  // Before anything may change it: what is decoded is shared.
  deepFreeze(entry.events)
  const events = bringUpAll(role, entry.events)
  for (const { type, payload: value } of events) {
    if (!Object.hasOwn(role.events, type))
      throw new TypeError(`the role '${role.name}' has no event '${type}'`)
    deepFreeze(value)
  }
  return { at: entry.atMs, events }
}

/** By the bytes: recent entries are the same object for whoever reads them. */
const decoded = new WeakMap<Uint8Array, RoleEntry>()

function decodeShared(payload: Uint8Array): RoleEntry {
  const known = decoded.get(payload)
  if (known !== undefined) return known
  const entry = decodeRoleEntry(payload)
  decoded.set(payload, entry)
  return entry
}
