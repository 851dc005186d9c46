import type { DecidedEvent } from '@tanist/core'
import type { CommandEntry } from './entry.js'
import type { JournalledOutcome } from './messages.js'

/*
 * Reads the shape that nearly all entries have, several times as fast as JSON: fields in the order in which they are
 * written, ASCII without escapes, whole numbers. Whatever is otherwise ends the scan without a result, and the long way
 * decides; what is found is what the long way would find.
 */

let bytes: Uint8Array = new Uint8Array(0)
let at = 0

/** Ends a scan; one object, as it says nothing. */
const UNUSUAL: unique symbol = Symbol('unusual')
type Scanned<T> = T | typeof UNUSUAL

const literal = (written: string): Uint8Array => new TextEncoder().encode(written)
const ROLE = literal('{"role":"')
const COMMAND = literal(',"command":"')
const SESSION = literal(',"session":"')
const SEQ = literal(',"seq":')
const FLOOR = literal(',"floor":')
const AT = literal(',"at":')
const OK = literal(',"outcome":{"status":"ok","value":')
const REFUSED = literal(',"outcome":{"status":"refused","refusal":')
const EVENTS = literal('},"events":[')
const EVENT = literal('["')
const PLAIN = literal(',{"v":')
const NOTHING = literal(',null]')
const PLAIN_END = literal('}]')
const END = literal(']}')
const NULL = literal('null')
const TRUE = literal('true')
const FALSE = literal('false')

const Byte = {
  quote: 0x22,
  comma: 0x2c,
  minus: 0x2d,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  openList: 0x5b,
  backslash: 0x5c,
  closeList: 0x5d,
  openRecord: 0x7b,
  closeRecord: 0x7d,
  delete: 0x7f,
} as const

/** The entry; null when it is none of the usual shape. */
export function scanEntry(payload: Uint8Array): CommandEntry | null {
  bytes = payload
  at = 0
  const head = skip(last.bytes) ? last : scanHead()
  if (head === null) return null
  const { role, command, session } = head
  const seq = whole()
  if (seq === UNUSUAL || !skip(FLOOR)) return null
  const floor = whole()
  if (floor === UNUSUAL || !skip(AT)) return null
  const atMs = whole()
  if (atMs === UNUSUAL) return null
  const outcome = scanOutcome()
  if (outcome === UNUSUAL || !skip(EVENTS)) return null
  const events = scanEvents()
  if (events === UNUSUAL || at !== payload.length) return null
  return { role, command, session, seq, floor, atMs, events, outcome }
}

type Head = Pick<CommandEntry, 'role' | 'command' | 'session'>

/** No entry begins so. */
const NEVER = literal('{}')

/** How a recent entry began, up to its `seq`: the next one often begins alike. */
let last = { opening: NEVER, bytes: NEVER, role: '', command: '', session: '' }
/** Where callers take turns, remembering the last one is of no use. */
let misses = 0

function scanHead(): Head | null {
  const opening = skip(last.opening) ? last : scanOpening()
  if (opening === null) return null
  const session = text()
  if (session === UNUSUAL || !skip(SEQ)) return null
  const { role, command } = opening
  if (++misses % 16 === 0 && opening === last) last = { ...last, bytes: bytes.slice(0, at), session }
  return { role, command, session }
}

/** Up to the name of the session. */
function scanOpening(): Pick<Head, 'role' | 'command'> | null {
  if (!skip(ROLE)) return null
  const role = text()
  if (role === UNUSUAL || !skip(COMMAND)) return null
  const command = text()
  if (command === UNUSUAL || !skip(SESSION)) return null
  if (misses % 16 === 0) last = { opening: bytes.slice(0, at), bytes: NEVER, role, command, session: '' }
  return { role, command }
}

function scanOutcome(): Scanned<JournalledOutcome> {
  const isOk = skip(OK)
  if (!isOk && !skip(REFUSED)) return UNUSUAL
  const given = value(1)
  if (given === UNUSUAL) return UNUSUAL
  return isOk ? { status: 'ok', value: given } : { status: 'refused', refusal: given }
}

function scanEvents(): Scanned<DecidedEvent[]> {
  const events: DecidedEvent[] = []
  if (skip(END)) return events
  for (;;) {
    if (!skip(EVENT)) return UNUSUAL
    const type = text()
    if (type === UNUSUAL) return UNUSUAL
    if (skip(NOTHING)) events.push({ type, payload: undefined })
    else {
      if (!skip(PLAIN)) return UNUSUAL
      const payload = value(1)
      // A third part is a version, which is looked at elsewhere.
      if (payload === UNUSUAL || !skip(PLAIN_END)) return UNUSUAL
      events.push({ type, payload })
    }
    if (skip(END)) return events
    if (bytes[at++] !== Byte.comma) return UNUSUAL
  }
}

function skip(expected: Uint8Array): boolean {
  const { length } = expected
  for (let i = 0; i < length; i++) if (bytes[at + i] !== expected[i]) return false
  at += length
  return true
}

/** Deeper values go the long way, which has the limits. */
const DEPTH = 16

function value(depth: number): unknown {
  switch (bytes[at]) {
    case Byte.quote:
      at++
      return text()
    case Byte.openRecord:
      return depth < DEPTH ? record(depth) : UNUSUAL
    case Byte.openList:
      return depth < DEPTH ? list(depth) : UNUSUAL
    case NULL[0]:
      return skip(NULL) ? null : UNUSUAL
    case TRUE[0]:
      return skip(TRUE) ? true : UNUSUAL
    case FALSE[0]:
      return skip(FALSE) ? false : UNUSUAL
    default:
      return whole()
  }
}

function record(depth: number): Scanned<Record<string, unknown>> {
  const fields: Record<string, unknown> = {}
  if (bytes[++at] === Byte.closeRecord) {
    at++
    return fields
  }
  for (;;) {
    if (bytes[at++] !== Byte.quote) return UNUSUAL
    const key = text()
    if (key === UNUSUAL || isForbidden(key) || bytes[at++] !== Byte.colon) return UNUSUAL
    const item = value(depth + 1)
    if (item === UNUSUAL) return UNUSUAL
    fields[key] = item
    const next = bytes[at++]
    if (next === Byte.closeRecord) return fields
    if (next !== Byte.comma) return UNUSUAL
  }
}

/** Names that the codec refuses. */
function isForbidden(key: string): boolean {
  return (
    (key.length === 9 && (key === '__proto__' || key === 'prototype')) ||
    (key.length === 11 && key === 'constructor')
  )
}

function list(depth: number): Scanned<unknown[]> {
  const items: unknown[] = []
  if (bytes[++at] === Byte.closeList) {
    at++
    return items
  }
  for (;;) {
    const item = value(depth + 1)
    if (item === UNUSUAL) return UNUSUAL
    items.push(item)
    const next = bytes[at++]
    if (next === Byte.closeList) return items
    if (next !== Byte.comma) return UNUSUAL
  }
}

/** Digits of a number that is exact whatever they are. */
const DIGITS = 15

function whole(): Scanned<number> {
  const negative = bytes[at] === Byte.minus
  if (negative) at++
  const begin = at
  let number = 0
  for (;;) {
    const byte = bytes[at]
    if (byte === undefined || byte < Byte.zero || byte > Byte.nine) break
    number = number * 10 + (byte - Byte.zero)
    at++
  }
  const digits = at - begin
  if (digits === 0 || digits > DIGITS) return UNUSUAL
  if (bytes[begin] === Byte.zero && (digits > 1 || negative)) return UNUSUAL
  // A fraction or an exponent is no end of any value, so whoever comes next finds it.
  return negative ? -number : number
}

/** Short texts come again and again: names, sessions, keys. */
const SHORT = 64
const slots: string[] = Array.from({ length: 1_024 }, () => '')
const ascii = new TextDecoder()
/** By byte: 1 for what stands for itself in a text. */
const ordinary = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < Byte.delete && byte !== Byte.quote && byte !== Byte.backslash ? 1 : 0,
)

/** The text up to the quote, and over it. */
function text(): Scanned<string> {
  const begin = at
  const { length } = bytes
  let end = begin
  let hash = 0
  while (end < length && ordinary[bytes[end]!] === 1) hash = ((hash << 5) - hash + bytes[end++]!) | 0
  if (end === length || bytes[end] !== Byte.quote) return UNUSUAL
  at = end + 1
  if (end - begin > SHORT) return ascii.decode(bytes.subarray(begin, end))
  if (end === begin) return ''
  const slot = (hash ^ (hash >>> 10)) & 1_023
  const known = slots[slot]!
  if (isText(known, begin, end)) return known
  const made = ascii.decode(bytes.subarray(begin, end))
  slots[slot] = made
  return made
}

function isText(known: string, begin: number, end: number): boolean {
  if (known.length !== end - begin) return false
  for (let i = begin; i < end; i++) if (known.charCodeAt(i - begin) !== bytes[i]) return false
  return true
}
