import { decodeFrame } from '@tanist/core'
import type { MemberMessage } from './messages.js'

/** What a client link carries. */
export const CHANNEL = 'c'

type Kind = 'number' | 'count' | 'string' | 'text or null' | 'object' | 'array' | 'position' | 'view' | 'any'
type Form = Readonly<Record<string, Kind>>

/** The fields without which a message could not even be looked at. */
const FORMS: Readonly<Record<string, Form>> = {
  welcome: { protocol: 'count', member: 'object', level: 'string', user: 'text or null', view: 'view' },
  refused: { code: 'string', text: 'string' },
  result: { session: 'string', seq: 'count', term: 'count', index: 'count', outcome: 'object' },
  failed: { session: 'string', seq: 'count', term: 'count', index: 'count', refusal: 'object' },
  expired: { session: 'string', seq: 'count', attempt: 'count' },
  retry: { session: 'string', seq: 'count', attempt: 'count', reason: 'string' },
  unavailable: { session: 'string', seq: 'count', executed: 'string', reason: 'string', since: 'number' },
  state: { n: 'count', state: 'any', position: 'position' },
  event: { n: 'count', type: 'string', payload: 'any', at: 'number', term: 'count', position: 'position' },
  unwatched: { n: 'count', code: 'string', text: 'string' },
  readable: { n: 'count', state: 'any', position: 'position' },
  unreadable: { n: 'count', code: 'string', text: 'string' },
  manifest: { n: 'count', manifest: 'any' },
  view: { view: 'view' },
  redirect: { to: 'array', code: 'string', text: 'string' },
  ping: {},
  pong: {},
}

/** Throws a sentence when the bytes are no frame of a member. */
export function decodeFromMember(bytes: Uint8Array): MemberMessage[] {
  return decodeFrame(bytes).map(({ channel, body }) => {
    if (channel !== CHANNEL || !isMessage(body)) throw new TypeError('a message has a wrong form')
    return body
  })
}

function isMessage(body: unknown): body is MemberMessage {
  if (!isRecord(body)) return false
  const { t } = body
  if (typeof t !== 'string' || !Object.hasOwn(FORMS, t)) return false
  return Object.entries(FORMS[t] ?? {}).every(([field, kind]) => fits(kind, body[field]))
}

function fits(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value)
    case 'count':
      return Number.isSafeInteger(value) && Number(value) >= 0
    case 'string':
      return typeof value === 'string'
    case 'text or null':
      return typeof value === 'string' || value === null
    case 'object':
      return isRecord(value)
    case 'array':
      return Array.isArray(value)
    case 'position':
      return isRecord(value) && fits('count', value['index']) && optional('count', value['n'])
    case 'view':
      return isView(value)
    case 'any':
      return value !== undefined
  }
}

function optional(kind: Kind, value: unknown): boolean {
  return value === undefined || fits(kind, value)
}

function isView(value: unknown): boolean {
  if (!isRecord(value) || !Array.isArray(value['members'])) return false
  const { server, successor, waitingFor, members } = value
  return (
    (server === null || (isNamed(server) && fits('count', server['term']))) &&
    (successor === null || isNamed(successor)) &&
    fits('text or null', waitingFor) &&
    members.every((member: unknown) => isNamed(member) && typeof member['address'] === 'string')
  )
}

function isNamed(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && typeof value['id'] === 'string' && typeof value['name'] === 'string'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
