import { deepFreeze, fromEncoded, toEncoded } from '@tanist/core'
import type { DecidedEvent } from '@tanist/core'
import type { AnyRole } from './types.js'
import type { AnySteps } from './versions.js'

/** An event as the journal has it: by the name and in the version in which it was written. */
export interface StoredEvent extends DecidedEvent {
  /** Absent: 1. */
  readonly version?: number
}

type Step = (old: unknown) => unknown

/** Today's name of an event. */
export function nameToday({ events, renamed }: AnyRole, type: string): string {
  if (renamed === undefined || Object.hasOwn(events, type) || !Object.hasOwn(renamed, type)) return type
  return renamed[type] ?? type
}

/** The version of an event in this build, by today's name. */
export function versionToday({ versions }: AnyRole, type: string): number {
  return versions !== undefined && Object.hasOwn(versions, type) ? (versions[type] ?? 1) : 1
}

/** Whether this build has the event, under whatever name, in this version or a newer one. */
export function canRead(of: AnyRole, { type, version = 1 }: StoredEvent): boolean {
  const name = nameToday(of, type)
  return Object.hasOwn(of.events, name) && version <= versionToday(of, name)
}

/** What the events are today, for the event functions. Throws a sentence about the first that cannot be brought up. */
export function bringUpAll(of: AnyRole, events: readonly StoredEvent[]): readonly DecidedEvent[] {
  if (of.versions === undefined && of.renamed === undefined && areFirst(events)) return events
  return events.map((event) => bringUp(of, event))
}

function areFirst(events: readonly StoredEvent[]): boolean {
  for (const { version } of events) if (version !== undefined) return false
  return true
}

/** The event under today's name and in today's version. Throws when there is no way up. */
export function bringUp(of: AnyRole, event: StoredEvent): DecidedEvent {
  const { type, version = 1 } = event
  const name = nameToday(of, type)
  if (!Object.hasOwn(of.events, name)) return event
  const today = versionToday(of, name)
  if (version > today)
    throw new TypeError(
      `the event '${type}' is of version ${version}, and this build of the role '${of.name}' knows it up to ${today}`,
    )
  if (version === today)
    return name === type && event.version === undefined ? event : { ...event, type: name }
  // Steps may change what they are given: others see the same payload.
  let payload = fromEncoded(toEncoded(event.payload))
  for (let at = version; at < today; at++)
    payload = step(of.upcast?.[name], at, payload, () => named(event, at))
  try {
    return { type: name, payload: fromEncoded(toEncoded(payload)) }
  } catch (error) {
    throw new TypeError(`${named(event, today - 1)}: what upcast gave cannot be kept: ${sentence(error)}`, {
      cause: error,
    })
  }
}

function named({ type, version = 1 }: StoredEvent, from: number): string {
  const was = version === from ? '' : `, as version ${from}`
  return `the event '${type}' of version ${version}${was}`
}

/** A state of an older version as it would be stored today, frozen. Steps get a frozen one, too. */
export function bringUpState(of: AnyRole, state: unknown, version: number): unknown {
  let now = state
  for (let at = version; at < (of.stateVersion ?? 1); at++) {
    now = deepFreeze(step(of.upcastState, at, now, () => `its state of version ${at}`))
    if (now === undefined)
      throw new TypeError(`the step of its state up to version ${at + 1} returned nothing`)
  }
  return now
}

function step(steps: AnySteps | undefined, from: number, old: unknown, what: () => string): unknown {
  const run = steps?.[from] as Step | undefined
  if (run === undefined) throw new TypeError(`${what()} has no step up to version ${from + 1}`)
  try {
    return run(old)
  } catch (error) {
    throw new TypeError(`${what()} cannot be brought up to ${from + 1}: ${sentence(error)}`, { cause: error })
  }
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
