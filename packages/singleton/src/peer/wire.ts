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
  return { channel, body, data: encodeEntries(message.entries) }
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
    stand: { term: 'number' },
    admit: { term: 'number', member: 'object' },
    leave: { term: 'number' },
    left: { term: 'number' },
    grant: { term: 'number', set: 'array', committed: 'boolean', leads: 'boolean', notice: 'boolean' },
    granted: { term: 'number', set: 'array', committed: 'boolean' },
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
    expired: { session: 'string', seq: 'number' },
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
  dead: { memberId: 'string', incarnation: 'number' },
  hint: { rejected: 'number', index: 'number', term: 'number' },
  pair: { set: 'array' },
  last: { term: 'number', index: 'number' },
  outcome: { status: 'string' },
}

function isMessage(channel: string, body: unknown): boolean {
  if (!isObject(body)) return false
  const form = forms[channel]?.[String(body['t'])]
  if (form === undefined || !hasForm(body, form)) return false
  for (const [name, part] of Object.entries(parts)) {
    const value = body[name]
    if (value !== undefined && value !== null && !(isObject(value) && hasForm(value, part))) return false
  }
  const { sent, hears, line, tag, pair, set } = body
  if (isObject(pair) && !isPairForm(pair)) return false
  return (
    isListOf('number', sent, 2) &&
    isListOf('number', tag, 2) &&
    isListOf('number', set, 2) &&
    isListOf('string', hears) &&
    (line === null || isListOf('string', line))
  )
}

/** In a beat a promise, in a request for a vote the candidate's set and start. */
function isPairForm({ set, echo, soloMs, incarnation }: Record<string, unknown>): boolean {
  const numbers = [soloMs ?? 0, incarnation ?? 0].every((value) => typeof value === 'number')
  return numbers && isListOf('number', set, 2) && (echo === null || isListOf('number', echo, 3))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hasForm(value: Record<string, unknown>, form: Readonly<Record<string, Kind>>): boolean {
  return Object.entries(form).every(([name, kind]) => kindOf(value[name]) === kind)
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
