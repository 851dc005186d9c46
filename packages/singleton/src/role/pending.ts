import { bringUp, canRead, nameToday } from './bring-up.js'
import type { StoredEvent } from './bring-up.js'
import type { PendingReaction } from './host-contract.js'
import type { OutboxItem } from './outbox.js'
import type { HostedRoles } from './replica.js'
import type { Hosted } from './role-table.js'
import { sentence } from './run.js'

/** An item of the outbox as this build reads it. */
export function pendingOf(roles: HostedRoles, item: OutboxItem): PendingReaction {
  const { role, key, index, n, term, atMs, event, parked } = item
  return { role, key, index, n, term, atMs, parked, ...readEvent(roles, role, event) }
}

function readEvent(
  roles: HostedRoles,
  role: string,
  event: StoredEvent,
): Pick<PendingReaction, 'type' | 'payload' | 'unreadable'> {
  const { type, payload, version = 1 } = event
  const hosted = roles.get(role)
  if (hosted === undefined)
    return { type, payload, unreadable: `This build does not know the role '${role}'.` }
  if (!canRead(hosted.role, event)) {
    const what = version === 1 ? `the event '${type}'` : `version ${version} of the event '${type}'`
    return { type, payload, unreadable: `This build does not know ${what} of the role '${role}'.` }
  }
  try {
    const now = bringUp(hosted.role, event)
    return { type: now.type, payload: now.payload }
  } catch (error) {
    return { type, payload, unreadable: sentence(error) }
  }
}

/** Positions of the events that have a reaction in this build; they may have been written under a former name. */
export function reactingOf(
  { role, reacting }: Hosted,
  events: readonly StoredEvent[],
): readonly number[] | undefined {
  if (reacting === null) return undefined
  const positions = events.flatMap(({ type }, n) => (reacting.has(nameToday(role, type)) ? [n] : []))
  return positions.length === 0 ? undefined : positions
}

/** The events of a role that have a reaction; null when none has. */
export function reactingEvents(
  reactions: Readonly<Record<string, unknown>> | undefined,
): ReadonlySet<string> | null {
  const names = Object.entries(reactions ?? {}).flatMap(([name, one]) => (one === undefined ? [] : [name]))
  return names.length === 0 ? null : new Set(names)
}
