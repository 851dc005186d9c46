import { Table } from '../table/index.js'
import { CodecError } from './error.js'
import { BIGINT_DIGIT_LIMIT, DEPTH_LIMIT, isForbiddenKey } from './limits.js'

/** Whether JSON alone carries this value exactly. False says nothing more: it may be rich, or unsupported. */
export function isPlain(value: unknown, depth = 0): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true
  if (typeof value === 'number') return Number.isFinite(value) && !(value === 0 && 1 / value < 0)
  if (typeof value !== 'object' || depth >= DEPTH_LIMIT) return false
  if (Array.isArray(value)) return isPlainArray(value, depth)
  return hasPlainPrototype(value) && isPlainRecord(value, depth)
}

function isPlainArray(list: unknown[], depth: number): boolean {
  if (Object.getPrototypeOf(list) !== Array.prototype) return false
  // A hole reads as undefined, which is not plain.
  for (let i = 0; i < list.length; i++) if (!isPlain(list[i], depth + 1)) return false
  return true
}

function isPlainRecord(value: Record<string, unknown>, depth: number): boolean {
  for (const key of Object.keys(value)) {
    if (isForbiddenKey(key) || !isPlain(value[key], depth + 1)) return false
  }
  return Object.getOwnPropertySymbols(value).length === 0
}

function hasPlainPrototype(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** A table is a list, and each of its values superjson of its own in an envelope. */
const TABLE_LEVELS = 4

/** Throws a `CodecError` that names the first place where something cannot be carried. */
export function checkSupported(value: unknown, path = '$', depth = 0): void {
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new CodecError(`a ${typeof value} cannot be sent or kept`, path)
  }
  if (typeof value === 'bigint' && value.toString().length > BIGINT_DIGIT_LIMIT) {
    throw new CodecError(`a bigint may have ${BIGINT_DIGIT_LIMIT} digits`, path)
  }
  if (typeof value === 'object' && value !== null) checkObject(value, path, depth)
}

function checkObject(value: object, path: string, depth: number): void {
  // The pairs of a Map are a level of their own, and so is each layer around a value of a table.
  const levels = value instanceof Table ? TABLE_LEVELS : value instanceof Map && value.size > 0 ? 2 : 1
  if (depth + levels > DEPTH_LIMIT) {
    throw new CodecError(`nested more than ${DEPTH_LIMIT} levels deep, or in a circle`, path.slice(0, 200))
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (hasPlainPrototype(value)) checkRecord(value, path, depth)
  else if (Array.isArray(value) && prototype === Array.prototype) checkArray(value, path, depth)
  else if (value instanceof Map && prototype === Map.prototype) {
    let i = 0
    for (const [key, item] of value) {
      checkSupported(key, `${path}.key(${i})`, depth + 2)
      checkSupported(item, `${path}.value(${i})`, depth + 2)
      i++
    }
  } else if (value instanceof Set && prototype === Set.prototype) {
    let i = 0
    for (const item of value) checkSupported(item, `${path}.item(${i++})`, depth + 1)
  } else if (value instanceof Table && prototype === Table.prototype) {
    for (const [key, item] of value)
      checkSupported(item, `${path}.get(${JSON.stringify(key)})`, depth + TABLE_LEVELS)
  } else if (value instanceof Date && prototype === Date.prototype) {
    if (Number.isNaN(value.getTime())) throw new CodecError('an invalid Date', path)
  } else if (prototype !== Uint8Array.prototype && prototype !== URL.prototype) {
    throw new CodecError(`${classNameOf(value)} cannot be sent or kept; ${adviceFor(value)}`, path)
  }
}

function checkRecord(value: Record<string, unknown>, path: string, depth: number): void {
  if (Object.getOwnPropertySymbols(value).length > 0) {
    throw new CodecError('a property whose name is a symbol cannot be sent or kept', path)
  }
  for (const [key, item] of Object.entries(value)) {
    const at = /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`
    if (isForbiddenKey(key)) throw new CodecError('this property name is not allowed', at)
    checkSupported(item, at, depth + 1)
  }
}

function checkArray(list: unknown[], path: string, depth: number): void {
  for (let i = 0; i < list.length; i++) {
    if (!Object.hasOwn(list, i)) throw new CodecError('a hole in an array; use null', `${path}[${i}]`)
    checkSupported(list[i], `${path}[${i}]`, depth + 1)
  }
}

function classNameOf(value: object): string {
  const constructor: unknown = value.constructor
  return typeof constructor === 'function' && constructor.name !== ''
    ? `a value of class ${constructor.name}`
    : 'a value with a prototype of its own'
}

function adviceFor(value: object): string {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer
    ? 'give its bytes as a Uint8Array'
    : 'give a plain object'
}
