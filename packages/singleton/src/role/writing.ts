import { encodeEvents, fromEncoded, toEncodedFrozen } from '@tanist/core'
import type { AnyEvent, Encoded } from '@tanist/core'
import { versionToday } from './bring-up.js'
import type { StoredEvent } from './bring-up.js'
import type { Reader } from './build.js'
import type { CommandEntry } from './entry.js'
import type { AnyRole } from './types.js'

export type JournalEvent =
  | readonly [type: string, payload: Encoded]
  | readonly [type: string, payload: Encoded, version: number]

/** Events in their journal form, and as everybody who reads that will see them. */
export interface JournalEvents {
  readonly pairs: readonly JournalEvent[]
  readonly decoded: readonly StoredEvent[]
}

export type Written =
  | {
      readonly kind: 'written'
      /** How the entry calls the role. */
      readonly as: Pick<CommandEntry, 'role' | 'was'>
      readonly events: JournalEvents
    }
  /** A clause: which peers cannot read what. */
  | { readonly kind: 'not-yet'; readonly text: string }

/**
 * Events in a form that every one of `readers` can read: under a former name, or in an older version by `downcast`,
 * where that is needed. A reader without the role says nothing about it: what it passes over it does not serve, and
 * a caller that joined without roles must not stop everybody.
 */
export function writeEvents(
  of: AnyRole,
  events: readonly AnyEvent[],
  readers: readonly Reader[] = [],
): Written {
  if (readers.length === 0)
    return {
      kind: 'written',
      as: nameIn(of, of.name),
      events: of.versions ? withVersions(of, events) : encodeEvents(events),
    }
  const names = [of.name, ...(of.formerly ?? [])]
  const having = readers.filter(({ reads }) => names.some((name) => Object.hasOwn(reads, name)))
  const name = names.find((one) => having.every(({ reads }) => Object.hasOwn(reads, one)))
  if (name === undefined)
    return {
      kind: 'not-yet',
      text: `the builds of ${list(having)} have no common name for the role '${of.name}'`,
    }
  const written: { readonly type: string; readonly version: number; readonly payload: unknown }[] = []
  for (const { type, payload } of events) {
    const form = formFor(of, name, type, having)
    if ('text' in form) return { kind: 'not-yet', text: form.text }
    written.push({ ...form, payload: bringDown(of, type, form.version, payload) })
  }
  return { kind: 'written', as: nameIn(of, name), events: encode(written) }
}

function nameIn({ name, formerly }: AnyRole, role: string): Pick<CommandEntry, 'role' | 'was'> {
  return role !== name || formerly === undefined || formerly.length === 0 ? { role } : { role, was: formerly }
}

/** The name and version that all can read, the newest there is; or who cannot. */
function formFor(
  of: AnyRole,
  role: string,
  type: string,
  having: readonly Reader[],
): { readonly type: string; readonly version: number } | { readonly text: string } {
  const today = versionToday(of, type)
  const formers = Object.entries(of.renamed ?? {}).flatMap(([former, now]) => (now === type ? [former] : []))
  const knownAs = ({ reads }: Reader, name: string): number => {
    const events = reads[role] ?? {}
    return Object.hasOwn(events, name) ? (events[name] ?? 0) : 0
  }
  let best = { type, version: 0 }
  for (const name of [type, ...formers]) {
    const version = Math.min(today, ...having.map((reader) => knownAs(reader, name)))
    if (version > best.version) best = { type: name, version }
  }
  if (best.version === today || (best.version > 0 && hasWayDown(of, type, today, best.version))) return best
  const behind = having.filter((reader) => [type, ...formers].every((name) => knownAs(reader, name) < today))
  const what = today === 1 ? `the event '${type}'` : `version ${today} of the event '${type}'`
  return { text: `the builds of ${list(behind.length > 0 ? behind : having)} cannot read ${what}` }
}

function hasWayDown({ downcast }: AnyRole, type: string, today: number, to: number): boolean {
  const steps = downcast && Object.hasOwn(downcast, type) ? downcast[type] : {}
  for (let from = today; from > to; from--) if (steps?.[from] === undefined) return false
  return true
}

function bringDown(of: AnyRole, type: string, to: number, payload: unknown): unknown {
  const today = versionToday(of, type)
  if (to === today) return payload
  let old = fromEncoded(toEncodedFrozen(payload).encoded)
  for (let from = today; from > to; from--) {
    old = (of.downcast?.[type]?.[from] as (payload: unknown) => unknown)(old)
    if (old === undefined)
      throw new TypeError(`downcast.${type}[${from}] of the role '${of.name}' returned nothing`)
  }
  return old
}

function withVersions(of: AnyRole, events: readonly AnyEvent[]): JournalEvents {
  return encode(events.map(({ type, payload }) => ({ type, payload, version: versionToday(of, type) })))
}

function encode(
  events: readonly { readonly type: string; readonly payload: unknown; readonly version: number }[],
): JournalEvents {
  const pairs: JournalEvent[] = []
  const decoded: StoredEvent[] = []
  for (const { type, payload, version } of events) {
    const own = toEncodedFrozen(payload)
    pairs.push(version === 1 ? [type, own.encoded] : [type, own.encoded, version])
    decoded.push(version === 1 ? { type, payload: own.value } : { type, payload: own.value, version })
  }
  return { pairs, decoded }
}

function list(readers: readonly Reader[]): string {
  const names = readers.map(({ name }) => name)
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
