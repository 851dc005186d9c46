import { deepFreeze, ImageReader } from '../../codec/index.js'
import { type DecidedEvent, applyEvents } from '../../events/index.js'
import { type Entry, JournalError, type SnapshotId } from '../../journal/index.js'
import { DurableError, durableError, type DurablePosition } from './errors.js'
import { decodeEntryOf, EVENTS_KIND, type EventsEntry, versionOf } from './record.js'
import type { Store } from './store.js'
import type { AnyDurable, StoredEvent } from './types.js'

/**
 * The state that the newest snapshot and the journal behind it hold: read in slices, with `pause` between them.
 * Throws `DurableError`.
 */
export async function replay(of: AnyDurable, store: Store, pause: () => Promise<void>): Promise<unknown> {
  const { newest } = store
  try {
    let state = newest === undefined ? deepFreeze(of.state()) : await readSnapshot(of, store, newest, pause)
    for (let next = (newest?.index ?? 0) + 1; next <= store.lastIndex; ) {
      const entries = store.read(next)
      for (const entry of entries) state = applyEntry(of, state, entry)
      next += entries.length
      await pause()
    }
    return state
  } catch (error) {
    throw durableError(of.id, error)
  }
}

async function readSnapshot(
  of: AnyDurable,
  store: Store,
  id: SnapshotId,
  pause: () => Promise<void>,
): Promise<unknown> {
  const values: unknown[] = []
  const reader = new ImageReader((value) => values.push(value))
  const what = `The snapshot up to entry ${id.index} of ${of.id}`
  let version: number
  try {
    for (let offset = 0; offset < id.bytes; ) {
      const bytes = store.readSnapshot(id, offset)
      reader.write(bytes)
      offset += bytes.length
      await pause()
    }
    if (reader.digest === null || values.length !== 2) throw new TypeError('it ends too early')
    version = versionOf(values[0])
  } catch (error) {
    throw error instanceof JournalError
      ? error
      : new DurableError('damaged', `${what} cannot be read: ${sentence(error)}.`, null, error)
  }
  checkVersion(of, version, what)
  if (version === of.version) return values[1]
  try {
    const state = of.upcast!.state(values[1], version)
    if (state === undefined) throw new TypeError('it returned no state')
    return deepFreeze(state)
  } catch (error) {
    throw new DurableError(
      'upcast',
      `${what} could not be brought up by upcast.state: ${sentence(error)}.`,
      null,
      error,
    )
  }
}

function applyEntry(of: AnyDurable, state: unknown, entry: Entry): unknown {
  let stored: EventsEntry
  try {
    if (entry.kind !== EVENTS_KIND) throw new TypeError(`it is of the unknown kind ${entry.kind}`)
    stored = decodeEntryOf(entry.payload)
  } catch (error) {
    const text = `Entry ${entry.index} of ${of.id} cannot be read: ${sentence(error)}.`
    throw new DurableError('damaged', text, { index: entry.index, event: 1 }, error)
  }
  checkVersion(of, stored.version, `Entry ${entry.index} of ${of.id}`)
  let next = state
  stored.events.forEach((event, i) => {
    const position = { index: entry.index, event: i + 1 }
    for (const current of bringUp(of, { ...event, version: stored.version }, position))
      next = applyEvent(of, next, current, position)
  })
  return next
}

function bringUp(of: AnyDurable, stored: StoredEvent, position: DurablePosition): readonly DecidedEvent[] {
  if (stored.version === of.version) return [stored]
  try {
    const events = of.upcast!.event(stored)
    const list: readonly unknown[] = Array.isArray(events) ? events : [events]
    return list.map((event) => {
      if (typeof event === 'object' && event !== null && 'type' in event && typeof event.type === 'string')
        return { type: event.type, payload: 'payload' in event ? event.payload : undefined }
      throw new TypeError('it gave something that is no event: { type, payload } or a list of those')
    })
  } catch (error) {
    const text = `${at(of, stored.type, position)} (version ${stored.version}) could not be brought up by upcast.event: ${sentence(error)}.`
    throw new DurableError('upcast', text, position, error)
  }
}

function applyEvent(of: AnyDurable, state: unknown, event: DecidedEvent, position: DurablePosition): unknown {
  if (!Object.hasOwn(of.events, event.type)) {
    const text =
      `${at(of, event.type, position)} is unknown to its definition, which has ${Object.keys(of.events).join(', ')}. ` +
      'Keep a function for every event that was ever stored, or bring it up by `version` and `upcast`.'
    throw new DurableError('unknown-event', text, position)
  }
  try {
    return applyEvents(of.id, of.events, state, [event])
  } catch (error) {
    throw new DurableError(
      'event',
      `${at(of, event.type, position)} could not be applied: ${sentence(error)}.`,
      position,
      error,
    )
  }
}

function at({ id }: AnyDurable, type: string, { index, event }: DurablePosition): string {
  return `The event '${type}' (number ${event} of entry ${index} of ${id})`
}

function checkVersion(of: AnyDurable, version: number, what: string): void {
  if (version <= of.version) return
  throw new DurableError(
    'newer',
    `${what} was written by version ${version} of its definition, and this one is version ${of.version}. Run the newer application again.`,
  )
}

export function sentence(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '')
}
