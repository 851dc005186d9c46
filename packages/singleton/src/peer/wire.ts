import {
  decodeEntries,
  decodeFrame,
  encodeEntries,
  encodeFrames,
  FRAME_BYTE_LIMIT,
  isMembershipForm,
} from '@tanist/core'
import type { Entry, FrameMessage, Hello, MemberId, MembershipMessage, SessionMessage } from '@tanist/core'
import type { AnswerMessage, CallMessage, NextMessage } from '../role/index.js'
import type { SuccessionMessage } from '../succession/index.js'
import { isReadsForm } from './builds.js'
import type { ReadsMessage } from './builds.js'
import type { DecidingMessages } from './deciding.js'
import type { ForgetMessage, ForgotMessage } from './forgetting.js'
import { isSingletonForm } from '../singleton/index.js'
import type { SingletonMessage } from '../singleton/index.js'
import type { ReactionWish, ReactionWishAnswer } from './reaction-wishes.js'

/** Caller to server: how far must I have applied to read what is true now? */
export interface ReadMessage {
  readonly t: 'read'
  readonly id: number
}

export type ReadAnswer =
  | { readonly t: 'readable'; readonly id: number; readonly index: number }
  | { readonly t: 'unreadable'; readonly id: number; readonly why: string }

export type RoleMessage =
  | CallMessage
  | AnswerMessage
  | NextMessage
  | ReadMessage
  | ReadAnswer
  | ReactionWish
  | ReactionWishAnswer
  | ReadsMessage
  | ForgetMessage
  | ForgotMessage
  | DecidingMessages

interface SuccessionWire {
  readonly channel: 's'
  readonly body: SuccessionMessage
  readonly entries: readonly Entry[]
}

/** From one member to another by a third one: the incarnations in which the two speak and are spoken to. */
interface DetourHead {
  readonly from: MemberId
  readonly incarnation: number
  readonly to: MemberId
  readonly start: number
}

export interface DetourMessage {
  readonly channel: 'v'
  readonly body:
    | (DetourHead & { readonly t: 'via' })
    /** The hello of `from`, which over a link would come first. `ask`: answered with the same. */
    | (DetourHead & { readonly t: 'greet'; readonly hello: Hello; readonly ask: boolean })
  /** Of `via`: messages as a frame, which the relay does not look at. */
  readonly data?: Uint8Array
}

/** What a frame inside a frame may have. */
export const DETOUR_FRAME_BYTES: number = FRAME_BYTE_LIMIT - 1_024

/**
 * One message on a link: `m`embership, `s`uccession, `r`ole, `a`ctors, what is `o`nly once: singletons, or what goes
 * `v`ia another member.
 */
export type WireMessage =
  | DetourMessage
  | { readonly channel: 'm'; readonly body: MembershipMessage }
  | SuccessionWire
  | { readonly channel: 'r'; readonly body: RoleMessage }
  | { readonly channel: 'o'; readonly body: SingletonMessage }
  | { readonly channel: 'a'; readonly body: SessionMessage }

/** A message that cannot be sent is left out and named to `refused`. */
export function encodeWire(
  messages: readonly WireMessage[],
  refused: (text: string) => void,
  byteLimit?: number,
): Uint8Array[] {
  const leftOut = ({ channel, body }: FrameMessage, error: Error): void =>
    refused(`A message '${channel}/${(body as { t?: string }).t}' was not sent: ${error.message}.`)
  return encodeFrames(messages.map(toFrame), leftOut, byteLimit)
}

function toFrame(message: WireMessage): FrameMessage {
  const { channel, body } = message
  if (message.channel === 'a' && message.body.t === 'batch') {
    const { data, ...head } = message.body
    return data === undefined ? { channel, body: head } : { channel, body: head, data }
  }
  // As it is: a frame looks at these three alone.
  if (message.channel !== 's' || message.entries.length === 0) return message
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
    if (channel === 'a') return { channel, body: { ...(body as SessionMessage), ...(data && { data }) } }
    if (channel === 'v') return { channel, body, ...(data && { data }) } as DetourMessage
    if (channel !== 's') return { channel, body } as WireMessage
    const message = { channel, body, entries: data ? decodeEntries(data) : [] } as SuccessionWire
    if (!fits(message))
      throw new TypeError(`a message '${message.body.t}' has entries or numbers that do not fit`)
    return message
  })
}

/** A `count` is a whole number that is not negative, a `term` one that a journal holds, a `place` one from -1 on. */
type Kind = 'number' | 'count' | 'term' | 'place' | 'string' | 'boolean' | 'object' | 'array'

/** The fields without which a message could not even be looked at. */
const forms: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Kind>>>>>> = {
  m: {
    hello: { hello: 'object' },
    beat: { hears: 'array' },
    bye: { memberId: 'string', incarnation: 'count', leaving: 'boolean' },
    news: { records: 'array' },
    buckets: { digests: 'array' },
    marks: { buckets: 'array', marks: 'array', answer: 'boolean' },
    view: { at: 'array', members: 'array' },
    hubs: { term: 'term', hubs: 'array' },
    accuse: { accusations: 'array' },
    reach: { memberId: 'string' },
    reached: { memberId: 'string', heard: 'boolean' },
  },
  s: {
    append: {
      term: 'term',
      prevIndex: 'count',
      prevTerm: 'term',
      commit: 'count',
      round: 'count',
      sent: 'array',
    },
    appended: { term: 'term', round: 'count', sent: 'array', match: 'place', promiseMs: 'number' },
    vote: { term: 'term', pre: 'boolean', lastIndex: 'count', lastTerm: 'term', transfer: 'boolean' },
    voted: { term: 'term', pre: 'boolean', asked: 'count', granted: 'boolean' },
    snapshot: { term: 'term', of: 'object', offset: 'count' },
    received: { term: 'term', of: 'object', offset: 'count', match: 'place' },
    fetch: { term: 'term', from: 'count', diverged: 'count' },
    prepare: { term: 'term', to: 'string' },
    prepared: { term: 'term' },
    stand: { term: 'term' },
    admit: { term: 'term', member: 'object' },
    leave: { term: 'term' },
    left: { term: 'term' },
    canvass: { term: 'term' },
    canvassed: { term: 'term' },
    operate: { term: 'term', id: 'count', operation: 'object' },
    operated: { term: 'term', id: 'count', status: 'string', text: 'string' },
    evicted: { term: 'term', incarnation: 'count', why: 'string' },
    branch: { term: 'term', claim: 'object' },
    concede: { term: 'term', claim: 'object' },
    conceded: { term: 'term', claim: 'object', runs: 'array' },
    fork: { term: 'term', by: 'string', lastIndex: 'count', lastTerm: 'term' },
    dissolve: { term: 'term', towards: 'string' },
    forked: { term: 'term' },
    grant: { term: 'term', set: 'array', committed: 'boolean', leads: 'boolean', notice: 'boolean' },
    granted: { term: 'term', set: 'array', committed: 'boolean' },
  },
  r: {
    call: {
      session: 'string',
      seq: 'count',
      floor: 'count',
      attempt: 'count',
      role: 'string',
      command: 'string',
    },
    result: { session: 'string', seq: 'count', term: 'number', index: 'number', outcome: 'object' },
    failed: { session: 'string', seq: 'count', term: 'number', index: 'number', refusal: 'object' },
    expired: { session: 'string', seq: 'count', attempt: 'count' },
    retry: { session: 'string', seq: 'count', attempt: 'count', appended: 'boolean', reason: 'string' },
    next: { memberId: 'string', incarnation: 'count', term: 'term' },
    read: { id: 'number' },
    readable: { id: 'number', index: 'number' },
    unreadable: { id: 'number', why: 'string' },
    reaction: { id: 'count', role: 'string', key: 'string', end: 'string', again: 'boolean' },
    reacted: { id: 'count', ok: 'boolean', text: 'string' },
    reads: { roles: 'object' },
    forget: { id: 'count', role: 'string' },
    forgot: { id: 'count', status: 'string', text: 'string' },
    deciding: {
      term: 'term',
      n: 'count',
      session: 'string',
      seq: 'count',
      role: 'string',
      command: 'string',
      digest: 'string',
      repeated: 'boolean',
    },
    decided: { term: 'term', n: 'count' },
    stood: {
      term: 'term',
      n: 'count',
      stands: 'boolean',
      session: 'string',
      seq: 'count',
      role: 'string',
      command: 'string',
      digest: 'string',
      repeated: 'boolean',
    },
  },
  a: {
    open: { epoch: 'count', seen: 'count', received: 'count', ask: 'boolean' },
    batch: { from: 'count', to: 'count', seq: 'count', count: 'count', ack: 'count' },
  },
  v: {
    via: { from: 'string', incarnation: 'count', to: 'string', start: 'count' },
    greet: {
      from: 'string',
      incarnation: 'count',
      to: 'string',
      start: 'count',
      hello: 'object',
      ask: 'boolean',
    },
  },
  o: {
    here: { term: 'term', n: 'count', rows: 'array' },
    heard: { n: 'count', records: 'array' },
    restart: { id: 'count', name: 'string' },
    restarted: { id: 'count', ok: 'boolean', text: 'string' },
  },
}

/** What an object inside a message must hold. */
const parts: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  hello: {
    protocol: 'number',
    memberId: 'string',
    incarnation: 'count',
    name: 'string',
    address: 'string',
    known: 'array',
  },
  member: { memberId: 'string', incarnation: 'count', name: 'string', address: 'string' },
  operation: { op: 'string', memberId: 'string' },
  dead: { memberId: 'string', incarnation: 'count' },
  claim: {
    chain: 'array',
    lastIndex: 'count',
    commitIndex: 'count',
    held: 'count',
    of: 'count',
    leads: 'boolean',
  },
  of: { index: 'count', term: 'term', bytes: 'count', checksum: 'count' },
  hint: { rejected: 'count', index: 'place', term: 'term' },
  pair: { set: 'array' },
  last: { term: 'term', index: 'count' },
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
const forkPoint: Fields = fieldsOf({ id: 'string', index: 'count', held: 'count', of: 'count' })
const partFields = Object.entries(parts).map(([name, form]) => [name, fieldsOf(form)] as const)

function isMessage(channel: string, body: unknown): boolean {
  if (!isObject(body)) return false
  if (channel === 's' && isUsual(body)) return true
  const form = formFields.get(`${channel}/${String(body['t'])}`)
  if (form === undefined || !hasForm(body, form)) return false
  for (const [name, part] of partFields) {
    const value = body[name]
    // Of records it is a list.
    if (name === 'of' && channel === 'm') continue
    if (value !== undefined && value !== null && !(isObject(value) && hasForm(value, part))) return false
  }
  const { sent, hears, line, tag, pair, set, echo, rtts, seq, hello } = body
  if (isObject(pair) && !isPairForm(pair)) return false
  if (channel === 's' && !isSuccessionForm(body)) return false
  if (channel === 'm' && !isMembershipForm(body)) return false
  if (channel === 'o' && !isSingletonForm(body)) return false
  if (channel === 'r' && body['t'] === 'reads' && !isReadsForm(body['roles'])) return false
  return (
    isListOf('number', sent, 2) &&
    isListOf('number', tag, 2) &&
    isListOf('number', set, 2) &&
    isListOf('string', hears) &&
    (line === null || isListOf('string', line)) &&
    isListOf('number', echo, 2) &&
    isListOf('number', rtts) &&
    (seq === undefined || isKind(seq, 'count')) &&
    (hello === undefined || announcesWell(hello))
  )
}

/**
 * The two messages that come with every command, when they hold what they always hold and nothing else: a few dozen
 * steps less than the tables take, which say the same. Whatever else they hold is for the tables.
 */
function isUsual(body: Record<string, unknown>): boolean {
  if (body['t'] === 'append') {
    const { branch, prevIndex, prevTerm, commit, round, sent, line, term } = body
    const counts = isKind(prevIndex, 'count') && isKind(commit, 'count') && isKind(round, 'count')
    return (
      counts &&
      line === null &&
      isKind(prevTerm, 'term') &&
      isReign(branch, term) &&
      isClocks(sent) &&
      Object.keys(body).length === APPEND_FIELDS
    )
  }
  if (body['t'] !== 'appended') return false
  const { branch, round, sent, match, promiseMs, term } = body
  const counts = isKind(round, 'count') && isKind(match, 'place') && Number.isFinite(promiseMs)
  return counts && isReign(branch, term) && isClocks(sent) && Object.keys(body).length === APPENDED_FIELDS
}

const APPEND_FIELDS = 9
const APPENDED_FIELDS = 7

function isReign(branch: unknown, term: unknown): boolean {
  return (branch === null || typeof branch === 'string') && isKind(term, 'term')
}

function isClocks(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && Number.isFinite(value[0]) && Number.isFinite(value[1])
}

/** What the tables do not say. */
function isSuccessionForm(body: Record<string, unknown>): boolean {
  const { branch, claim, runs, operation, to, t } = body
  // What may be null is said all the same.
  if ((t === 'vote' && body['dead'] === undefined) || (t === 'append' && body['line'] === undefined))
    return false
  if (branch !== null && typeof branch !== 'string') return false
  if (isObject(claim) && !isClaimForm(claim)) return false
  if (Array.isArray(runs) && !runs.every((run: unknown) => isListOf('count', run ?? null, 2))) return false
  if (isObject(operation) && !['demote', 'evict'].includes(String(operation['op']))) return false
  return t !== 'granted' || to === null || typeof to === 'string'
}

function isClaimForm({ chain, beaten }: Record<string, unknown>): boolean {
  const points: readonly unknown[] = Array.isArray(chain) ? chain : []
  return isListOf('string', beaten) && points.every((point) => isObject(point) && hasForm(point, forkPoint))
}

/** What comes with entries goes with them; a snapshot is not empty, and comes in pieces that lie within it. */
function fits({ body, entries }: SuccessionWire): boolean {
  const [first] = entries
  if (body.t === 'append') {
    const { prevIndex, prevTerm } = body
    if (prevIndex === 0 && prevTerm !== 0) return false
    return first === undefined || (first.index === prevIndex + 1 && first.term >= prevTerm)
  }
  if (body.t === 'received') return body.of.bytes > 0 && body.offset <= body.of.bytes
  if (body.t !== 'snapshot') return true
  const piece = first?.payload.length ?? 0
  return body.of.index > 0 && body.of.bytes > 0 && body.offset + piece <= body.of.bytes
}

/** What a ranking will look at. */
function announcesWell(hello: unknown): boolean {
  if (!isObject(hello)) return false
  const { weight, serve, reads } = hello
  if (reads !== undefined && typeof reads !== 'string') return false
  return (weight === undefined || Number.isFinite(weight)) && (serve === undefined || serve === 'never')
}

/** In a beat a promise, in a request for a vote the candidate's set and start. */
function isPairForm({ set, echo, soloMs, incarnation }: Record<string, unknown>): boolean {
  const numbers = isKind(soloMs ?? 0, 'number') && isKind(incarnation ?? 0, 'count')
  return numbers && isListOf('number', set, 2) && (echo === null || isListOf('number', echo, 3))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hasForm(value: Record<string, unknown>, form: Fields): boolean {
  for (const [name, kind] of form) if (!isKind(value[name], kind)) return false
  return true
}

/** Journals write terms as 48 bits; elections go on from what is said here. */
const TERM_MAX = 2 ** 47

function isKind(value: unknown, kind: Kind): boolean {
  // JSON has 1e999: an infinity, which is journalled as null and then read by nobody.
  if (kind === 'number') return Number.isFinite(value)
  if (kind === 'term' && typeof value === 'number' && value > TERM_MAX) return false
  if (kind !== 'count' && kind !== 'term' && kind !== 'place') return kindOf(value) === kind
  return Number.isSafeInteger(value) && (value as number) >= (kind === 'place' ? -1 : 0)
}

/** True for what is not there, too: whether it must be is said by the form. */
function isListOf(kind: Kind, value: unknown, length?: number): boolean {
  if (value === undefined) return true
  if (!Array.isArray(value) || (length !== undefined && value.length !== length)) return false
  return value.every((one) => isKind(one, kind))
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return value === null ? 'null' : typeof value
}
