import { decodeEvents, encodeText } from '@tanist/core'
import type { DecidedEvent, EncodedEvents } from '@tanist/core'
import { isRecord } from './record.js'
import type { Settlement } from './host-contract.js'
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
  /** Positions in `events` of those that have a reaction: they go into the outbox. */
  readonly react?: readonly number[]
  /** A due command whose item is still derived behind it: it has run, and does not run again. */
  readonly ran?: boolean
  /** Keys of due commands of this role that have run and are derived no longer. */
  readonly forget?: readonly string[]
}

/** What became of reactions. */
export interface SettleEntry {
  readonly settle: readonly Settlement[]
  readonly atMs: number
}

export type RoleEntry = CommandEntry | ExpiryEntry | SettleEntry

/** The leader's decision that sessions end: the other form of entry of the roles. */
export interface ExpiryEntry {
  readonly expire: readonly string[]
}

export function encodeEntry(entry: Omit<CommandEntry, 'events'>, { pairs }: EncodedEvents): Uint8Array {
  const { role, command, session, seq, floor, atMs, outcome, react, ran, forget } = entry
  // What is undefined is not written.
  const fields = { role, command, session, seq, floor, at: atMs, outcome, events: pairs, react, ran, forget }
  return encodeText(JSON.stringify(fields))
}

export function encodeExpiry(expire: readonly string[]): Uint8Array {
  return encodeText(JSON.stringify({ expire }))
}

export function encodeSettle({ settle, atMs }: SettleEntry): Uint8Array {
  const rows = settle.map(({ role, key, end, attempts = 0, text = '' }) =>
    end === 'parked' ? [role, key, end, attempts, text] : [role, key, end],
  )
  return encodeText(JSON.stringify({ settle: rows, at: atMs }))
}

/** Throws when the payload is no command of this format. */
export function decodeEntry(payload: Uint8Array): CommandEntry {
  const entry = decodeRoleEntry(payload)
  if (!('events' in entry)) throw new TypeError('an entry of the roles, but no command')
  return entry
}

/** Throws when the payload is not an entry of this format. */
export function decodeRoleEntry(payload: Uint8Array): RoleEntry {
  const fields = record(JSON.parse(strictUtf8.decode(payload)))
  if (Array.isArray(fields['expire'])) return { expire: fields['expire'].map(string) }
  if (Array.isArray(fields['settle']))
    return { settle: fields['settle'].map(settlement), atMs: count(fields['at']) }
  const outcome = record(fields['outcome'])
  const status = outcome['status']
  if (status !== 'ok' && status !== 'refused')
    throw new TypeError('an outcome that is neither ok nor refused')
  const events = decodeEvents(fields['events'])
  return {
    role: string(fields['role']),
    command: string(fields['command']),
    session: string(fields['session']),
    seq: count(fields['seq']),
    floor: count(fields['floor']),
    atMs: count(fields['at']),
    events,
    outcome: status === 'ok' ? { status, value: outcome['value'] } : { status, refusal: outcome['refusal'] },
    ...('react' in fields ? { react: positions(fields['react'], events.length) } : {}),
    ...('ran' in fields ? { ran: flag(fields['ran']) } : {}),
    ...('forget' in fields ? { forget: list(fields['forget']).map(string) } : {}),
  }
}

function settlement(row: unknown): Settlement {
  const [role, key, end, attempts, text]: readonly unknown[] = list(row)
  const base = { role: string(role), key: string(key) }
  if (end === 'parked') return { ...base, end, attempts: count(attempts), text: string(text) }
  if (end === 'done' || end === 'retry' || end === 'dropped') return { ...base, end }
  throw new TypeError('a settlement with another end')
}

/** Of events, ascending. */
function positions(value: unknown, events: number): number[] {
  let last = -1
  return list(value).map((one) => {
    const n = count(one)
    if (!Number.isInteger(n) || n <= last || n >= events) throw new TypeError('a position of no event')
    last = n
    return n
  })
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new TypeError('an object is missing')
  return value
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('a list is missing')
  return value
}

function flag(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new TypeError('a yes or no is missing')
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
