import type { ClientMessage } from '../client/index.js'
import { callDeadlineMs, inputDepth, tokenChars } from './limits.js'
import { isSession } from './session.js'

type Check = (value: unknown) => boolean
type Fields = Readonly<Record<string, Check>>

const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0
const isSeq: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 1
const isMs: Check = (value) => typeof value === 'number' && value >= 0
const isText =
  (most: number): Check =>
  (value) =>
    typeof value === 'string' && value.length <= most
const isName = isText(64)
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value)
const isNames: Check = (value) =>
  Array.isArray(value) && value.length <= 64 && value.every((one) => isName(one))
const isOptional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)

const isPosition: Check = (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const { index, n, branch } = value as Readonly<Record<string, unknown>>
  return isCount(index) && (n === undefined || isCount(n)) && isOptional(isText(128))(branch)
}

const id: Fields = { session: isSession, seq: isSeq }

/** The fields of each message, and what they must be. */
const forms: ReadonlyMap<string, readonly (readonly [string, Check])[]> = new Map(
  Object.entries<Fields>({
    hello: {
      protocol: isCount,
      app: isText(256),
      client: (value) => typeof value === 'string' && /^[\da-f]{32}$/.test(value),
      name: orNull(isText(256)),
      token: orNull(isText(tokenChars)),
      roles: isNames,
    },
    call: {
      ...id,
      floor: isCount,
      attempt: isCount,
      role: isName,
      command: isName,
      deadlineMs: isMs,
      traceparent: isOptional(isText(64)),
    },
    cancel: id,
    read: {
      n: isCount,
      role: isName,
      deadlineMs: isMs,
      consistency: (value) => value === 'linearizable' || value === 'local',
      maxStaleMs: orNull(isMs),
    },
    watch: { n: isCount, role: isName, after: orNull(isPosition) },
    unwatch: { n: isCount },
    manifest: { n: isCount },
    pong: {},
    ping: {},
    bye: {},
  }).map(([t, fields]) => [t, Object.entries(fields)]),
)

/** Null for what has not the form of any message. Values of the application are looked at later. */
export function asClientMessage(body: unknown): ClientMessage | null {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return null
  const fields = body as Readonly<Record<string, unknown>>
  const form = typeof fields['t'] === 'string' ? forms.get(fields['t']) : undefined
  if (form === undefined) return null
  for (const [name, check] of form) if (!check(fields[name])) return null
  return body as ClientMessage
}

/** `Infinity` is no JSON, but 1e999 is. */
export function within(deadlineMs: number): number {
  return Math.min(deadlineMs, callDeadlineMs)
}

/** Values nested deeper than any codec of ours takes could end a process where they are written again. */
export function isTooDeep(value: unknown, depth: number = inputDepth): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (depth === 0) return true
  for (const one of Object.values(value)) if (isTooDeep(one, depth - 1)) return true
  return false
}
