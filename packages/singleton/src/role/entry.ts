import { decodeEvents, encodeText } from '@tanist/core'
import type { DecidedEvent, EncodedEvents } from '@tanist/core'
import { isRecord } from './record.js'
import type { CommandId, JournalledOutcome } from './messages.js'

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** One decided command, as journalled. */
export interface CommandEntry extends CommandId {
  readonly role: string
  readonly command: string
  readonly floor: number
  readonly atMs: number
  readonly events: readonly DecidedEvent[]
  readonly outcome: JournalledOutcome
  /** It was not decided but quarantined: the digest of its input. */
  readonly quarantine?: string
  /** An operator's word: what was quarantined under this reference may be decided again. */
  readonly release?: string
}

/** The leader's decision that sessions end: the other form of entry of the roles. */
export interface ExpiryEntry {
  readonly expire: readonly string[]
}

export function encodeEntry(entry: Omit<CommandEntry, 'events'>, { pairs }: EncodedEvents): Uint8Array {
  const { role, command, session, seq, floor, atMs, outcome, quarantine, release } = entry
  const fields = { role, command, session, seq, floor, at: atMs, outcome, events: pairs, quarantine, release }
  return encodeText(JSON.stringify(fields))
}

export function encodeExpiry(expire: readonly string[]): Uint8Array {
  return encodeText(JSON.stringify({ expire }))
}

/** Throws when the payload is no command of this format. */
export function decodeEntry(payload: Uint8Array): CommandEntry {
  const entry = decodeRoleEntry(payload)
  if ('expire' in entry) throw new TypeError('sessions that expire, and no command')
  return entry
}

/** Throws when the payload is not an entry of this format. */
export function decodeRoleEntry(payload: Uint8Array): CommandEntry | ExpiryEntry {
  const fields = record(JSON.parse(strictUtf8.decode(payload)))
  if (Array.isArray(fields['expire'])) return { expire: fields['expire'].map(string) }
  const outcome = record(fields['outcome'])
  const status = outcome['status']
  if (status !== 'ok' && status !== 'refused')
    throw new TypeError('an outcome that is neither ok nor refused')
  return {
    role: string(fields['role']),
    command: string(fields['command']),
    session: string(fields['session']),
    seq: count(fields['seq']),
    floor: count(fields['floor']),
    atMs: count(fields['at']),
    events: decodeEvents(fields['events']),
    outcome: status === 'ok' ? { status, value: outcome['value'] } : { status, refusal: outcome['refusal'] },
    ...(fields['quarantine'] === undefined ? {} : { quarantine: string(fields['quarantine']) }),
    ...(fields['release'] === undefined ? {} : { release: string(fields['release']) }),
  }
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
