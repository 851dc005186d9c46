import { decodeEntries, decodeFrame, encodeEntries, encodeFrames } from '@tanist/core'
import type { Entry, FrameMessage, MembershipMessage } from '@tanist/core'
import type { AnswerMessage, CallMessage } from '../role/index.js'
import type { SuccessionMessage } from '../succession/index.js'

/** Caller to server: how far must I have applied to read what is true now? */
export interface ReadMessage {
  readonly t: 'read'
  readonly id: number
}

export type ReadAnswer =
  | { readonly t: 'readable'; readonly id: number; readonly index: number }
  | { readonly t: 'unreadable'; readonly id: number; readonly why: string }

export type RoleMessage = CallMessage | AnswerMessage | ReadMessage | ReadAnswer

/** One message on a link: `m`embership, `s`uccession or `r`ole. */
export type WireMessage =
  | { readonly channel: 'm'; readonly body: MembershipMessage }
  | { readonly channel: 's'; readonly body: SuccessionMessage; readonly entries: readonly Entry[] }
  | { readonly channel: 'r'; readonly body: RoleMessage }

/** A message that cannot be sent is left out and named to `refused`. */
export function encodeWire(messages: readonly WireMessage[], refused: (text: string) => void): Uint8Array[] {
  return encodeFrames(messages.map(toFrame), ({ channel, body }, error) => {
    refused(`A message '${channel}/${(body as { t?: string }).t}' was not sent: ${error.message}.`)
  })
}

function toFrame(message: WireMessage): FrameMessage {
  const { channel, body } = message
  if (message.channel !== 's' || message.entries.length === 0) return { channel, body }
  return { channel, body, data: bytesOf(message.entries) }
}

let encoded: { readonly entries: readonly Entry[]; readonly bytes: Uint8Array } | null = null

/** Most often the entries go to several followers, one after the other. */
function bytesOf(entries: readonly Entry[]): Uint8Array {
  const same = encoded?.entries
  const known = same?.length === entries.length && same[0] === entries[0] && same.at(-1) === entries.at(-1)
  if (!known || encoded === null) encoded = { entries, bytes: encodeEntries(entries) }
  return encoded.bytes
}

/** Throws when the bytes are no frame of ours; members are trusted with the meaning, not with the form. */
export function decodeWire(bytes: Uint8Array): WireMessage[] {
  return decodeFrame(bytes).map(({ channel, body, data }) => {
    if (!isMessage(channel, body)) throw new TypeError(`a message of channel "${channel}" has a wrong form`)
    if (channel === 's') return { channel, body, entries: data ? decodeEntries(data) : [] } as WireMessage
    return { channel, body } as WireMessage
  })
}

type Kind = 'number' | 'string' | 'boolean' | 'object' | 'array'

/** The fields without which a message could not even be looked at. */
const forms: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Kind>>>>>> = {
  m: {
    hello: { hello: 'object' },
    beat: { hears: 'array' },
    bye: { memberId: 'string', incarnation: 'number', leaving: 'boolean' },
  },
  s: {
    append: {
      term: 'number',
      prevIndex: 'number',
      prevTerm: 'number',
      commit: 'number',
      round: 'number',
      sent: 'array',
    },
    appended: { term: 'number', round: 'number', sent: 'array', match: 'number', promiseMs: 'number' },
    vote: { term: 'number', pre: 'boolean', lastIndex: 'number', lastTerm: 'number', transfer: 'boolean' },
    voted: { term: 'number', pre: 'boolean', asked: 'number', granted: 'boolean' },
    snapshot: { term: 'number', of: 'object', offset: 'number' },
    received: { term: 'number', of: 'object', offset: 'number', match: 'number' },
    fetch: { term: 'number', from: 'number', diverged: 'number' },
    stand: { term: 'number' },
    admit: { term: 'number', member: 'object' },
    leave: { term: 'number' },
    left: { term: 'number' },
    canvass: { term: 'number' },
    canvassed: { term: 'number' },
    operate: { term: 'number', id: 'number', operation: 'object' },
    operated: { term: 'number', id: 'number', status: 'string', text: 'string' },
    evicted: { term: 'number', incarnation: 'number', why: 'string' },
    branch: { term: 'number', claim: 'object' },
    concede: { term: 'number', claim: 'object' },
    conceded: { term: 'number', claim: 'object', runs: 'array' },
    fork: { term: 'number', by: 'string', lastIndex: 'number', lastTerm: 'number' },
    dissolve: { term: 'number', towards: 'string' },
    forked: { term: 'number' },
    grant: { term: 'number', set: 'array', known: 'boolean', notice: 'boolean' },
    granted: { term: 'number', set: 'array' },
  },
  r: {
    call: {
      session: 'string',
      seq: 'number',
      floor: 'number',
      attempt: 'number',
      role: 'string',
      command: 'string',
    },
    result: { session: 'string', seq: 'number', term: 'number', index: 'number', outcome: 'object' },
    failed: { session: 'string', seq: 'number', term: 'number', index: 'number', refusal: 'object' },
    expired: { session: 'string', seq: 'number', attempt: 'number' },
    retry: { session: 'string', seq: 'number', attempt: 'number', appended: 'boolean', reason: 'string' },
    read: { id: 'number' },
    readable: { id: 'number', index: 'number' },
    unreadable: { id: 'number', why: 'string' },
  },
}

/** What an object inside a message must hold. */
const parts: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  hello: {
    protocol: 'number',
    memberId: 'string',
    incarnation: 'number',
    name: 'string',
    address: 'string',
    known: 'array',
  },
  member: { memberId: 'string', incarnation: 'number', name: 'string', address: 'string' },
  operation: { op: 'string', memberId: 'string' },
  dead: { memberId: 'string', incarnation: 'number' },
  claim: {
    chain: 'array',
    lastIndex: 'number',
    commitIndex: 'number',
    held: 'number',
    of: 'number',
    leads: 'boolean',
  },
  of: { index: 'number', term: 'number', bytes: 'number', checksum: 'number' },
  hint: { rejected: 'number', index: 'number', term: 'number' },
  pair: { set: 'array' },
  last: { term: 'number', index: 'number' },
  outcome: { status: 'string' },
}

type Fields = readonly (readonly [name: string, kind: Kind])[]

const fieldsOf = (form: Readonly<Record<string, Kind>>): Fields => Object.entries(form)

/** The tables as lists: they are walked for every message. */
const formFields: ReadonlyMap<string, Fields> = new Map(
  Object.entries(forms).flatMap(([channel, messages]) =>
    Object.entries(messages).map(([t, form]) => [`${channel}/${t}`, fieldsOf(form)] as const),
  ),
)
const partFields = Object.entries(parts).map(([name, form]) => [name, fieldsOf(form)] as const)

function isMessage(channel: string, body: unknown): boolean {
  if (!isObject(body)) return false
  const form = formFields.get(`${channel}/${String(body['t'])}`)
  if (form === undefined || !hasForm(body, form)) return false
  for (const [name, part] of partFields) {
    const value = body[name]
    if (value !== undefined && value !== null && !(isObject(value) && hasForm(value, part))) return false
  }
  const { sent, hears, line, tag, pair, echo, rtts, seq, hello } = body
  if (isObject(pair) && !isPairForm(pair)) return false
  return (
    isListOf('number', sent, 2) &&
    isListOf('number', tag, 2) &&
    isListOf('string', hears) &&
    (line === null || isListOf('string', line)) &&
    isListOf('number', echo, 2) &&
    isListOf('number', rtts) &&
    (seq === undefined || typeof seq === 'number') &&
    (hello === undefined || announcesWell(hello))
  )
}

/** What a ranking will look at. */
function announcesWell(hello: unknown): boolean {
  if (!isObject(hello)) return false
  const { weight, serve } = hello
  return (weight === undefined || Number.isFinite(weight)) && (serve === undefined || serve === 'never')
}

/** In a beat a promise, in a request for a vote the candidate's set and start. */
function isPairForm({ set, echo, soloMs, incarnation }: Record<string, unknown>): boolean {
  const numbers = [soloMs ?? 0, incarnation ?? 0].every((value) => typeof value === 'number')
  return numbers && isListOf('number', set, 2) && (echo === null || isListOf('number', echo, 3))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hasForm(value: Record<string, unknown>, form: Fields): boolean {
  for (const [name, kind] of form) if (kindOf(value[name]) !== kind) return false
  return true
}

/** True for what is not there, too: whether it must be is said by the form. */
function isListOf(kind: Kind, value: unknown, length?: number): boolean {
  if (value === undefined) return true
  if (!Array.isArray(value) || (length !== undefined && value.length !== length)) return false
  return value.every((one) => kindOf(one) === kind)
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return value === null ? 'null' : typeof value
}
