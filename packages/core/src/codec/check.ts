import { Table } from '../table/index.js'
import { CodecError } from './error.js'
import {
  BIGINT_DIGIT_LIMIT,
  DEPTH_LIMIT,
  hasPlainPrototype,
  isForbiddenKey,
  speaksForItself,
  type ValueLimits,
} from './limits.js'

/** A table is a list, and each of its values superjson of its own in an envelope. */
const TABLE_LEVELS = 4
/** What a value of a table brings with it: its key, the envelope, and what superjson's envelope has around it. */
const TABLE_NODES = 4
const BIGINT_END = 10n ** BigInt(BIGINT_DIGIT_LIMIT)

interface Walk {
  readonly limits: ValueLimits
  nodes: number
  annotations: number
}

/** Throws a `CodecError` that names the first place where something cannot be carried. */
export function checkSupported(value: unknown, limits: ValueLimits): void {
  checkAt({ limits, nodes: 0, annotations: 0 }, value, '$', 0)
}

function checkAt(walk: Walk, value: unknown, path: string, depth: number): void {
  countNode(walk, 1, path)
  if (typeof value === 'object' && value !== null) return checkObject(walk, value, path, depth)
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new CodecError(`a ${typeof value} cannot be sent or kept`, path)
  }
  if (typeof value === 'bigint') {
    countAnnotation(walk, path)
    if (value >= BIGINT_END || value <= -BIGINT_END)
      throw new CodecError(`a bigint may have ${BIGINT_DIGIT_LIMIT} digits`, path)
  } else if (value === undefined || (typeof value === 'number' && !isJsonNumber(value)))
    countAnnotation(walk, path)
}

function checkObject(walk: Walk, value: object, path: string, depth: number): void {
  // The pairs of a Map are a level of their own, and so is each layer around a value of a table.
  const levels = value instanceof Table ? TABLE_LEVELS : value instanceof Map && value.size > 0 ? 2 : 1
  if (depth + levels > DEPTH_LIMIT) {
    throw new CodecError(`nested more than ${DEPTH_LIMIT} levels deep, or in a circle`, path)
  }
  if (hasPlainPrototype(value)) return checkRecord(walk, value, path, depth)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (Array.isArray(value) && prototype === Array.prototype) return checkArray(walk, value, path, depth)
  countAnnotation(walk, path)
  if (value instanceof Map && prototype === Map.prototype) {
    let i = 0
    for (const [key, item] of Map.prototype.entries.call(value)) {
      countNode(walk, 1, path)
      checkAt(walk, key, `${path}.key(${i})`, depth + 2)
      checkAt(walk, item, `${path}.value(${i})`, depth + 2)
      i++
    }
  } else if (value instanceof Set && prototype === Set.prototype) {
    let i = 0
    for (const item of Set.prototype.values.call(value))
      checkAt(walk, item, `${path}.item(${i++})`, depth + 1)
  } else if (value instanceof Table && prototype === Table.prototype) {
    for (const [key, item] of value) {
      countNode(walk, TABLE_NODES, path)
      checkAt(walk, item, `${path}.get(${JSON.stringify(key)})`, depth + TABLE_LEVELS)
    }
  } else if (value instanceof Date && prototype === Date.prototype) {
    if (Number.isNaN(value.getTime())) throw new CodecError('an invalid Date', path)
  } else if (prototype !== Uint8Array.prototype && prototype !== URL.prototype) {
    throw new CodecError(`${classNameOf(value)} cannot be sent or kept; ${adviceFor(value)}`, path)
  }
  checkOwn(value, path)
}

/** A Date with a `toISOString` of its own and the like: it would not be carried, or would change what is. */
function checkOwn(value: object, path: string): void {
  if (ArrayBuffer.isView(value) || value instanceof Table) return
  if (Object.getOwnPropertyNames(value).length > 0)
    throw new CodecError(
      `${classNameOf(value)} has properties of its own, which cannot be sent or kept`,
      path,
    )
}

function checkRecord(walk: Walk, value: Record<string, unknown>, path: string, depth: number): void {
  refuseOwnForm(value, path)
  if (Object.getOwnPropertySymbols(value).length > 0) {
    throw new CodecError('a property whose name is a symbol cannot be sent or kept', path)
  }
  const keys = Object.keys(value)
  if (keys.length > walk.limits.keys)
    throw new CodecError(`an object of ${keys.length} properties; ${walk.limits.keys} are allowed`, path)
  for (const key of keys) {
    const at = /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`
    if (isForbiddenKey(key)) throw new CodecError('this property name is not allowed', at)
    checkAt(walk, value[key], at, depth + 1)
  }
}

function checkArray(walk: Walk, list: unknown[], path: string, depth: number): void {
  refuseOwnForm(list, path)
  for (let i = 0; i < list.length; i++) {
    const item = list[i]
    if (typeof item === 'number' && isJsonNumber(item)) continue
    if (item === undefined && !Object.hasOwn(list, i))
      throw new CodecError('a hole in an array; use null', `${path}[${i}]`)
    checkAt(walk, item, `${path}[${i}]`, depth + 1)
  }
}

function refuseOwnForm(value: object, path: string): void {
  if (speaksForItself(value))
    throw new CodecError('a value with a function toJSON cannot be sent or kept; give what it returns', path)
}

function isJsonNumber(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0)
}

function countNode(walk: Walk, nodes: number, path: string): void {
  walk.nodes += nodes
  if (walk.nodes > walk.limits.nodes)
    throw new CodecError(`a value of more than ${walk.limits.nodes} parts cannot be sent or kept`, path)
}

function countAnnotation(walk: Walk, path: string): void {
  if (++walk.annotations > walk.limits.annotations)
    throw new CodecError(
      `more than ${walk.limits.annotations} parts that JSON does not carry (dates, maps, undefined, ...)`,
      path,
    )
}

function classNameOf(value: object): string {
  const constructor: unknown = value.constructor
  return typeof constructor === 'function' && constructor.name !== ''
    ? `a value of class ${constructor.name}`
    : 'a value with a prototype of its own'
}

function adviceFor(value: object): string {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return 'give its bytes as a Uint8Array'
  if (value instanceof Error) return 'give its message, or a plain object with what the receiver needs'
  if (value instanceof RegExp) return 'give its source and flags'
  return 'give a plain object'
}
