import { SuperJSON, type SuperJSONResult } from 'superjson'
import { Table } from '../table/index.js'
import { checkAnnotations } from './annotations.js'
import { fromBase64, toBase64 } from './base64.js'
import { checkSupported } from './check.js'
import { isDeeperThan } from './depth.js'
import { CodecError } from './error.js'
import {
  BODY_DEPTH_LIMIT,
  BYTES_NAME,
  DEPTH_LIMIT,
  isForbiddenKey,
  isRecord,
  TABLE_NAME,
  VALUE_LIMITS,
  type ValueLimits,
} from './limits.js'
import { isPlain } from './plain.js'

/*
 * Values of applications, as bytes and as JSON to put into a bigger message.
 *
 * - Carried exactly: what JSON carries, and undefined, NaN, the infinities, -0, bigint, Date, Map, Set, URL, Table and
 *   Uint8Array, nested up to 64 levels. Objects come back with the ordinary prototype; a value that occurs
 *   twice comes back as two equal ones.
 * - Everything else throws a `CodecError` with the path when it is encoded: functions, symbols, instances of
 *   classes, Error, RegExp, Buffer, ArrayBuffer and other binary types, invalid dates, holes in arrays, circles,
 *   `__proto__`, a function `toJSON`, and what is over the limits. No value is ever a thenable: `then` is data.
 * - Decoding trusts nothing: bytes that `encodeValue` cannot have made throw a `CodecError`.
 * - A `Table` is a list of its keys and envelopes (see `encodeJson`) of its values in turn, in key order; superjson's
 *   annotation of it is `['custom', 'table']`. A `Uint8Array` is base64, annotated `['custom', 'bytes']`; a list of
 *   numbers, annotated as superjson does it, is still read.
 *
 * Plain values, nearly all, take JSON itself after one walk (6 to 12 times as fast as superjson).
 */

/** An own instance: classes that an application registers with superjson are not ours to build. */
const rich = new SuperJSON()
rich.registerCustom<Table<string | number, unknown>, never[]>(
  {
    isApplicable: (value): value is Table<string | number, unknown> => value instanceof Table,
    // superjson does not look into what it gets here.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its type knows no JSON of unknown parts
    serialize: (value) => [...value].flatMap(([key, item]) => [key, encodeJson(item)]) as never[],
    deserialize: (list) => tableOf(list),
  },
  TABLE_NAME,
)
rich.registerCustom<Uint8Array, string>(
  {
    isApplicable: (value): value is Uint8Array => value instanceof Uint8Array,
    serialize: toBase64,
    deserialize: (text) => {
      const bytes = fromBase64(text)
      if (bytes === null) throw new CodecError('bytes that are no base64')
      return bytes
    },
  },
  BYTES_NAME,
)
/** First byte of a superjson text; JSON never begins with it. */
const RICH_MARK = 0x01
const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A value as bytes.
 *
 * @throws CodecError with the path to what cannot be carried
 */
export function encodeValue(value: unknown): Uint8Array {
  if (isPlain(value)) return utf8.encode(JSON.stringify(value))
  const text = utf8.encode(JSON.stringify(serialize(value, VALUE_LIMITS)))
  const bytes = new Uint8Array(text.length + 1)
  bytes[0] = RICH_MARK
  bytes.set(text, 1)
  return bytes
}

/**
 * The value that `encodeValue` was given.
 *
 * @throws CodecError when the bytes are no such encoding
 */
export function decodeValue(bytes: Uint8Array): unknown {
  const isRich = bytes[0] === RICH_MARK
  const json = parseJson(isRich ? bytes.subarray(1) : bytes)
  if (isRich) return deserialize(json, VALUE_LIMITS)
  checkJson(json, VALUE_LIMITS)
  return json
}

/** A value as JSON to embed in a message: `{ v: plain }` (the value itself, not a copy) or `{ s: superjson }`. */
export function encodeJson(value: unknown, limits: ValueLimits = VALUE_LIMITS): unknown {
  return isPlain(value, limits) ? { v: value } : { s: serialize(value, limits) }
}

/**
 * The value of an `encodeJson` envelope that went through JSON. May build on the given objects: read it once.
 *
 * @throws CodecError when it is no such envelope
 */
export function decodeJson(json: unknown, limits: ValueLimits = VALUE_LIMITS): unknown {
  const envelope = asRecord(json, 'an envelope of a value')
  const keys = Object.keys(envelope)
  if (keys.length === 1 && keys[0] === 's') return deserialize(envelope['s'], limits)
  if (keys.length !== 1 || keys[0] !== 'v') throw new CodecError('an envelope has either v or s')
  checkJson(envelope['v'], limits)
  return envelope['v']
}

function serialize(value: unknown, limits: ValueLimits): SuperJSONResult {
  checkSupported(value, limits)
  const { json, meta } = rich.serialize(value)
  // Values are repeated in full; what superjson adds about identity is not kept, and not accepted either.
  return meta?.values === undefined ? { json } : { json, meta: { values: meta.values, v: 1 } }
}

function deserialize(input: unknown, limits: ValueLimits): unknown {
  checkRich(input, limits)
  try {
    return rich.deserialize(input, { inPlace: true })
  } catch (error) {
    throw new CodecError('superjson that cannot be read', '', error)
  }
}

/** Keys and envelopes in turn. */
function tableOf(list: readonly unknown[]): Table<string | number, unknown> {
  const entries: [string | number, unknown][] = []
  for (let i = 0; i + 1 < list.length; i += 2) {
    const key = list[i]
    if (typeof key !== 'string' && typeof key !== 'number') throw new CodecError('a table with another key')
    entries.push([key, decodeJson(list[i + 1])])
  }
  return Table.from(entries)
}

function checkRich(input: unknown, limits: ValueLimits): asserts input is SuperJSONResult {
  const { json, meta, ...others } = asRecord(input, 'superjson')
  if (Object.keys(others).length > 0) throw new CodecError('superjson with unknown parts')
  checkJson(json, limits)
  if (meta === undefined) return
  const { values, v, ...unknown } = asRecord(meta, 'what superjson says of values')
  if (v !== 1 || Object.keys(unknown).length > 0) throw new CodecError('superjson of an unknown version')
  checkAnnotations(json, values, limits)
}

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length > BODY_DEPTH_LIMIT * 2 && isDeeperThan(bytes, BODY_DEPTH_LIMIT))
    throw new CodecError(`nested more than ${DEPTH_LIMIT} levels deep`)
  try {
    return JSON.parse(strictUtf8.decode(bytes)) as unknown
  } catch (error) {
    throw new CodecError('not JSON', '', error)
  }
}

/** What is left of the limit in the walk that is under way. */
let nodesLeft = 0

function checkJson(json: unknown, limits: ValueLimits): void {
  nodesLeft = limits.nodes
  checkJsonAt(json, 0, limits)
}

function checkJsonAt(json: unknown, depth: number, limits: ValueLimits): void {
  if (json === undefined) throw new CodecError('a value is missing')
  if (--nodesLeft < 0) throw new CodecError(`a value of more than ${limits.nodes} parts`)
  if (typeof json === 'number' && !Number.isFinite(json)) throw new CodecError('a number out of range')
  if (typeof json !== 'object' || json === null) return
  if (depth >= DEPTH_LIMIT) throw new CodecError(`nested more than ${DEPTH_LIMIT} levels deep`)
  if (Array.isArray(json)) {
    for (const item of json) {
      if (typeof item === 'number' && Number.isFinite(item)) continue
      checkJsonAt(item, depth + 1, limits)
    }
  } else if (isRecord(json)) checkRecord(json, depth, limits)
}

function checkRecord(json: Record<string, unknown>, depth: number, limits: ValueLimits): void {
  const keys = Object.keys(json)
  if (keys.length > limits.keys) throw new CodecError(`an object of more than ${limits.keys} properties`)
  for (const key of keys) {
    if (isForbiddenKey(key)) throw new CodecError(`the property name ${key} is not allowed`)
    checkJsonAt(json[key], depth + 1, limits)
  }
}

function asRecord(value: unknown, what: string): Record<string, unknown> {
  if (!isRecord(value)) throw new CodecError(`${what} was expected`)
  return value
}
