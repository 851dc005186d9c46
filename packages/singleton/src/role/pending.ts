import type { DecidedEvent } from '@tanist/core'
import type { PendingReaction } from './host-contract.js'
import type { OutboxItem } from './outbox.js'
import type { HostedRoles } from './replica.js'

/** An item of the outbox as this build reads it. */
export function pendingOf(roles: HostedRoles, item: OutboxItem): PendingReaction {
  const { role, key, index, n, term, atMs, event, parked } = item
  return { role, key, index, n, term, atMs, parked, ...readEvent(roles, role, event) }
}

function readEvent(
  roles: HostedRoles,
  role: string,
  { type, payload }: DecidedEvent,
): Pick<PendingReaction, 'type' | 'payload' | 'unreadable'> {
  const hosted = roles.get(role)
  if (hosted === undefined)
    return { type, payload, unreadable: `This build does not know the role '${role}'.` }
  if (!Object.hasOwn(hosted.role.events, type))
    return {
      type,
      payload,
      unreadable: `This build does not know the event '${type}' of the role '${role}'.`,
    }
  return { type, payload }
}

/** Positions of the events that have a reaction in this build. */
export function reactingOf(
  reacting: ReadonlySet<string> | null,
  events: readonly DecidedEvent[],
): readonly number[] | undefined {
  if (reacting === null) return undefined
  const positions = events.flatMap(({ type }, n) => (reacting.has(type) ? [n] : []))
  return positions.length === 0 ? undefined : positions
}

/** The events of a role that have a reaction; null when none has. */
export function reactingEvents(
  reactions: Readonly<Record<string, unknown>> | undefined,
): ReadonlySet<string> | null {
  const names = Object.entries(reactions ?? {}).flatMap(([name, one]) => (one === undefined ? [] : [name]))
  return names.length === 0 ? null : new Set(names)
}
