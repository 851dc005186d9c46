import { CodecError, encodeText } from '../../codec/index.js'
import { decodeEvents, type DecidedEvent, type EncodedEvents } from '../../events/index.js'
import { isRecord } from '../is-record.js'

/*
 * entry     kind 1, JSON: { at, v, e: [[type, payload], ...] }: the events of one command, all or none
 * snapshot  an image of two values: { format, v, id } and the state
 */
export const EVENTS_KIND = 1
export const SNAPSHOT_FORMAT = 'tanist-durable-1'
const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

export interface EventsEntry {
  readonly atMs: number
  readonly version: number
  readonly events: readonly DecidedEvent[]
}

export function encodeEntryOf(atMs: number, version: number, { pairs }: EncodedEvents): Uint8Array {
  return encodeText(JSON.stringify({ at: atMs, v: version, e: pairs }))
}

/** Throws when the payload is no such entry. */
export function decodeEntryOf(payload: Uint8Array): EventsEntry {
  const fields: unknown = JSON.parse(strictUtf8.decode(payload))
  if (!isRecord(fields)) throw new CodecError('an entry that is no record')
  const { at, v, e } = fields
  if (typeof at !== 'number' || typeof v !== 'number') throw new CodecError('an entry without its version')
  return { atMs: at, version: v, events: decodeEvents(e) }
}

/** The version of a snapshot's first value. */
export function versionOf(head: unknown): number {
  if (isRecord(head) && head['format'] === SNAPSHOT_FORMAT && typeof head['v'] === 'number') return head['v']
  throw new CodecError(`these are not the bytes of a snapshot of the format '${SNAPSHOT_FORMAT}'`)
}
