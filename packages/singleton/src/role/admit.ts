import { toEncoded } from '@tanist/core'
import type { Run } from './run.js'
import { isRecord } from './record.js'
import type { Issue, Schema } from './schema.js'
import type { AnyRole, Caller } from './types.js'

/** Issues in one refusal, characters of each message, and parts of each path. */
const ISSUES_MAX = 16
const MESSAGE_MAX = 200
const PATH_MAX = 16

export type Admission =
  | { readonly kind: 'admitted'; readonly input: unknown }
  | Extract<Run, { kind: 'failed' }>

/** Strays call what is open to them; whoever knows the secret, and the roles themselves, call everything. */
export function isOpenTo({ level }: Caller, { open = [] }: AnyRole, command: string): boolean {
  return level !== 'stray' || open.includes(command)
}

/**
 * What the command gets of what its caller sent: what its schema makes of it. Nothing of a validator gets out but
 * its words: one that throws, promises or answers something else fails the command like the command's own code.
 */
export function admit(role: AnyRole, command: string, input: unknown): Admission {
  const schemas = role.schemas
  if (schemas === undefined || !Object.hasOwn(schemas, command)) return { kind: 'admitted', input }
  const place = `${role.name}.${command}`
  const schema = schemas[command] as Schema<unknown>
  try {
    const result: unknown = schema['~standard'].validate(input)
    if (isThenable(result)) {
      // Nobody waits for it; it must not end the process either.
      Promise.resolve(result).catch(() => {})
      throw new TypeError(`the schema of ${place} answers with a promise; validators must answer at once`)
    }
    return taken(place, input, result)
  } catch (error) {
    const text = `The schema of ${place} failed on the server; nothing was changed.`
    return { kind: 'failed', reason: 'threw', text, cause: error }
  }
}

function taken(place: string, input: unknown, result: unknown): Admission {
  if (!isRecord(result)) throw new TypeError(`the schema of ${place} gave no result`)
  const { issues } = result
  if (issues === undefined) {
    if (!('value' in result)) throw new TypeError(`the schema of ${place} gave neither a value nor issues`)
    // A command gets nothing that could not have been sent to it.
    if (!Object.is(result['value'], input)) toEncoded(result['value'])
    return { kind: 'admitted', input: result['value'] }
  }
  if (!Array.isArray(issues)) throw new TypeError(`the issues of the schema of ${place} are no list`)
  const told = issues.slice(0, ISSUES_MAX).map(issueOf)
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  const [first = { message: 'the schema refuses it' }] = told
  const text = `The input of ${place} is not valid: ${whereOf(first)}${first.message}${more}.`
  return { kind: 'failed', reason: 'invalid', text, issues: told }
}

function issueOf(issue: unknown): Issue {
  const fields = isRecord(issue) ? issue : {}
  const message = clipped(
    typeof fields['message'] === 'string' ? fields['message'] : 'not valid',
    MESSAGE_MAX,
  )
  const { path } = fields
  if (!Array.isArray(path) || path.length === 0) return { message }
  return { message, path: path.slice(0, PATH_MAX).map(segmentOf) }
}

function segmentOf(segment: unknown): string | number {
  const key = isRecord(segment) ? segment['key'] : segment
  if (typeof key === 'number') return key
  return clipped(typeof key === 'symbol' ? (key.description ?? 'symbol') : String(key), MESSAGE_MAX)
}

function whereOf({ path = [] }: Issue): string {
  const [first, ...others] = path
  if (first === undefined) return ''
  const rest = others.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
  return `${first}${rest.join('')}: `
}

function clipped(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
