import { ID_CHARACTERS, KEY_CHARACTERS } from './limits.js'
import { writeValue } from './values.js'
import type { JsonText } from './values.js'

/** A request body, parsed: everything behind it may trust its parts. */
export type Command = { readonly id: string | undefined } & (
  | { readonly op: 'put'; readonly json: JsonText }
  | { readonly op: 'cas'; readonly from: JsonText; readonly to: JsonText }
  | { readonly op: 'add'; readonly by: number }
)

/** Something a caller got wrong: the answer is 400 with this sentence. */
export class BadRequest extends Error {}

const FIELDS = { put: ['value'], cas: ['from', 'to'], add: ['by'] } as const

/** Throws `BadRequest`. */
export function parseCommand(body: unknown): Command {
  const { op, id, ...fields } = asObject(body)
  if (op !== 'put' && op !== 'cas' && op !== 'add') {
    throw new BadRequest(`"op" is ${show(op)}; allowed are "put", "cas" and "add".`)
  }
  const allowed: readonly string[] = FIELDS[op]
  const missing = allowed.find((name) => !Object.hasOwn(fields, name))
  if (missing !== undefined) throw new BadRequest(`A ${op} needs "${missing}".`)
  const unknown = Object.keys(fields).find((name) => !allowed.includes(name))
  if (unknown !== undefined) {
    throw new BadRequest(
      `A ${op} has "op", "${allowed.join('", "')}" and may have "id", but not ${show(unknown)}.`,
    )
  }
  const common = { id: parseId(id) }
  switch (op) {
    case 'put':
      return { ...common, op, json: valueOf(fields, 'value') }
    case 'cas':
      return { ...common, op, from: valueOf(fields, 'from'), to: valueOf(fields, 'to') }
    case 'add':
      return { ...common, op, by: numberOf(fields, 'by') }
    default:
      return op satisfies never
  }
}

/** The key in a path, still URL-encoded. Throws `BadRequest`. */
export function parseKey(encoded: string): string {
  if (encoded.includes('/')) throw new BadRequest('A key is one part of the path; write "/" in it as %2F.')
  let key: string
  try {
    key = decodeURIComponent(encoded)
  } catch {
    throw new BadRequest(`The key ${show(encoded)} is not valid URL encoding of UTF-8.`)
  }
  const length = Array.from(key).length
  if (length < 1 || length > KEY_CHARACTERS) {
    throw new BadRequest(`A key has 1 to ${KEY_CHARACTERS} characters; this one has ${length}.`)
  }
  return key
}

/** The `to` of a hand-over: null leaves the choice to the server. Throws `BadRequest`. */
export function parseTransfer(body: unknown): string | null {
  if (body === undefined) return null
  const { to = null, ...others } = asObject(body)
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw new BadRequest(`A transfer may have "to", but not ${show(unknown)}.`)
  if (to !== null && typeof to !== 'string') {
    throw new BadRequest(`"to" is ${show(to)}; it must be the id or the name of a member.`)
  }
  return to
}

function asObject(body: unknown): Record<string, unknown> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return { ...body }
  throw new BadRequest(`The body is ${show(body)}; it must be a JSON object.`)
}

function valueOf(fields: Readonly<Record<string, unknown>>, name: string): JsonText {
  const written = writeValue(fields[name])
  if (!written.ok) throw new BadRequest(`"${name}" ${written.text}.`)
  return written.json
}

function numberOf(fields: Readonly<Record<string, unknown>>, name: string): number {
  const number = fields[name]
  if (typeof number === 'number' && Number.isFinite(number)) return number
  throw new BadRequest(`"${name}" is ${show(number)}; it must be a number.`)
}

function parseId(id: unknown): string | undefined {
  if (id === undefined) return undefined
  const seq =
    typeof id === 'string' && id.length <= ID_CHARACTERS ? /^.+:([1-9]\d*)$/s.exec(id)?.[1] : undefined
  if (typeof id === 'string' && Number.isSafeInteger(Number(seq))) return id
  throw new BadRequest(
    `"id" is ${show(id)}; it must be "CLIENT:SEQ" with a SEQ that counts from 1, ${ID_CHARACTERS} characters at most.`,
  )
}

function show(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  const text = JSON.stringify(value) ?? 'missing'
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
