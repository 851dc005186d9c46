import { decodeEvents, encodeText } from '@tanist/core'
import type { StoredEvent } from './bring-up.js'
import { isRecord } from './record.js'
import type { CommandId, JournalledOutcome } from './messages.js'
import type { JournalEvents } from './writing.js'

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** One decided command, as journalled. */
export interface CommandEntry extends CommandId {
  readonly role: string
  readonly command: string
  readonly floor: number
  readonly atMs: number
  readonly events: readonly StoredEvent[]
  readonly outcome: JournalledOutcome
  /** Former names of the role, where it has some: a build that knows no other name of it must not go on without this. */
  readonly was?: readonly string[]
}

/** The leader's decision that sessions end: the other form of entry of the roles. */
export interface ExpiryEntry {
  readonly expire: readonly string[]
}

/** An operator's word that a role which no build has any more is forgotten: all of it, on every replica. */
export interface DropEntry {
  readonly drop: string
}

export function encodeEntry(
  entry: Omit<CommandEntry, 'events'>,
  { pairs }: Pick<JournalEvents, 'pairs'>,
): Uint8Array {
  const { role, was, command, session, seq, floor, atMs, outcome } = entry
  return encodeText(
    JSON.stringify({ role, was, command, session, seq, floor, at: atMs, outcome, events: pairs }),
  )
}

export function encodeExpiry(expire: readonly string[]): Uint8Array {
  return encodeText(JSON.stringify({ expire }))
}

export function encodeDrop(drop: string): Uint8Array {
  return encodeText(JSON.stringify({ drop }))
}

/** Throws when the payload is no command of this format. */
export function decodeEntry(payload: Uint8Array): CommandEntry {
  const entry = decodeRoleEntry(payload)
  if ('expire' in entry) throw new TypeError('sessions that expire, and no command')
  if ('drop' in entry) throw new TypeError('a role that is forgotten, and no command')
  return entry
}

/** Throws when the payload is not an entry of this format. */
export function decodeRoleEntry(payload: Uint8Array): CommandEntry | ExpiryEntry | DropEntry {
  const fields = record(JSON.parse(strictUtf8.decode(payload)))
  if (Array.isArray(fields['expire'])) return { expire: fields['expire'].map(string) }
  if ('drop' in fields) return { drop: string(fields['drop']) }
  const outcome = record(fields['outcome'])
  const status = outcome['status']
  if (status !== 'ok' && status !== 'refused')
    throw new TypeError('an outcome that is neither ok nor refused')
  const was = fields['was']
  return {
    role: string(fields['role']),
    ...(Array.isArray(was) && { was: was.map(string) }),
    command: string(fields['command']),
    session: string(fields['session']),
    seq: count(fields['seq']),
    floor: count(fields['floor']),
    atMs: count(fields['at']),
    events: storedEvents(fields['events']),
    outcome: status === 'ok' ? { status, value: outcome['value'] } : { status, refusal: outcome['refusal'] },
  }
}

/** Pairs of name and payload; from version 2 on the version is the third. */
function storedEvents(json: unknown): readonly StoredEvent[] {
  if (!Array.isArray(json) || json.every(isPair)) return decodeEvents(json)
  return json.flatMap((event: unknown) => {
    if (!Array.isArray(event) || event.length !== 3) return decodeEvents([event])
    const version: unknown = event[2]
    if (!Number.isSafeInteger(version) || (version as number) < 2)
      throw new TypeError('an event whose version is none')
    return decodeEvents([event.slice(0, 2)]).map((one) => ({ ...one, version: version as number }))
  })
}

function isPair(event: unknown): boolean {
  return Array.isArray(event) && event.length === 2
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new TypeError('an object is missing')
  return value
}

function string(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('a text is missing')
  return value
}

function count(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError('a number is missing')
  return value
}
