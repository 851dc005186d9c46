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
  const head = scanHead()
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

/** How an entry began up to its session: the next one often begins alike. */
let last: { readonly bytes: Uint8Array; readonly role: string; readonly command: string } | null = null
/** Where roles or commands take turns, remembering each is of no use. */
let misses = 0

function scanHead(): Head | null {
  const opening = last !== null && skip(last.bytes) ? last : scanOpening()
  if (opening === null) return null
  const session = scanSession()
  if (session === UNUSUAL) return null
  const { role, command } = opening
  return { role, command, session }
}

/** Up to the name of the session. */
function scanOpening(): Pick<Head, 'role' | 'command'> | null {
  if (!skip(ROLE)) return null
  const role = name()
  if (role === UNUSUAL || !skip(COMMAND)) return null
  const command = name()
  if (command === UNUSUAL || !skip(SESSION)) return null
  if (misses++ % 16 === 0) last = { bytes: copied(0), role, command }
  return { role, command }
}

/** Sessions that came lately, with all that is between their name and their `seq`. */
const sessions = Array.from({ length: 256 }, (): Known | null => null)

/** The name of the session, and on to its `seq`. */
function scanSession(): Scanned<string> {
  const begin = at
  const slot = slotOf(begin)
  const known = sessions[slot]
  if (known && skip(known.bytes)) return known.text
  const session = text()
  if (session === UNUSUAL || !skip(SEQ)) return UNUSUAL
  sessions[slot] = { bytes: copied(begin), text: session }
  return session
}

/** By the text that begins there. */
function slotOf(begin: number): number {
  const b = bytes
  const { length } = b
  let hash = 0
  for (let i = begin; i < length && b[i] !== Byte.quote; i++) hash = ((hash << 5) - hash + b[i]!) | 0
  return (hash ^ (hash >>> 8)) & 255
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
    const type = name()
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
  const [b, begin, { length }] = [bytes, at, expected]
  if (begin + length > b.length) return false
  for (let i = 0; i < length; i++) if (b[begin + i] !== expected[i]) return false
  at = begin + length
  return true
}

/** What was read since `begin`. Not `slice`: of a `Buffer` that is no copy, and keeps all that came with it. */
function copied(begin: number): Uint8Array {
  return new Uint8Array(bytes.subarray(begin, at))
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
    const key = name()
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
  const b = bytes
  const { length } = b
  let here = at
  const negative = b[here] === Byte.minus
  if (negative) here++
  const begin = here
  let number = 0
  for (; here < length; here++) {
    const digit = b[here]! - Byte.zero
    if (digit < 0 || digit > 9) break
    number = number * 10 + digit
  }
  at = here
  const digits = here - begin
  if (digits === 0 || digits > DIGITS) return UNUSUAL
  if (b[begin] === Byte.zero && (digits > 1 || negative)) return UNUSUAL
  // A fraction or an exponent is no end of any value, so whoever comes next finds it.
  return negative ? -number : number
}

/** Short texts come again and again. */
const SHORT = 64
interface Known {
  readonly bytes: Uint8Array
  readonly text: string
}
const noTexts = (): (Known | null)[] => Array.from({ length: 1_024 }, () => null)
const texts = noTexts()
const names = noTexts()
const ascii = new TextDecoder()
/** By byte: 1 for what stands for itself in a text. */
const ordinary = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < Byte.delete && byte !== Byte.quote && byte !== Byte.backslash ? 1 : 0,
)

/** The text up to the quote, and over it. */
function text(): Scanned<string> {
  return textOf(texts, asItIs)
}

/** A text that others are compared with and found by, as a role, an event or a field. */
function name(): Scanned<string> {
  return textOf(names, internal)
}

const asItIs = (made: string): string => made
/** V8 finds such a text by its place in memory, where it would compare the characters of another one. */
const internal = (made: string): string => Object.keys({ [made]: null })[0]!

function textOf(known: (Known | null)[], finished: (made: string) => string): Scanned<string> {
  const [b, begin] = [bytes, at]
  const { length } = b
  let end = begin
  let hash = 0
  while (end < length && ordinary[b[end]!] === 1) hash = ((hash << 5) - hash + b[end++]!) | 0
  if (end === length || b[end] !== Byte.quote) return UNUSUAL
  if (end - begin > SHORT) {
    at = end + 1
    return ascii.decode(b.subarray(begin, end))
  }
  if (end === begin) {
    at = end + 1
    return ''
  }
  const slot = (hash ^ (hash >>> 10)) & 1_023
  const found = known[slot]
  // With the quote, so that none passes for the beginning of a longer one.
  if (found && found.bytes.length === end + 1 - begin && skip(found.bytes)) return found.text
  at = end + 1
  const made = finished(ascii.decode(b.subarray(begin, end)))
  known[slot] = { bytes: copied(begin), text: made }
  return made
}
