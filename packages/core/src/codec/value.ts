import { SuperJSON, type SuperJSONResult } from 'superjson'
import { Table } from '../table/index.js'
import { checkAnnotations } from './annotations.js'
import { checkSupported, isPlain } from './check.js'
import { CodecError } from './error.js'
import { DEPTH_LIMIT, isForbiddenKey, isRecord, TABLE_NAME } from './limits.js'

/*
 * Values of applications, as bytes and as JSON to put into a bigger message.
 *
 * - Carried exactly: what JSON carries, and undefined, NaN, the infinities, -0, bigint, Date, Map, Set, URL, Table and
 *   Uint8Array, nested up to 64 levels. Objects come back with the ordinary prototype; a value that occurs
 *   twice comes back as two equal ones.
 * - Everything else throws a `CodecError` with the path when it is encoded: functions, symbols, instances of
 *   classes, Buffer and other binary types, invalid dates, holes in arrays, circles, `__proto__`.
 * - Decoding trusts nothing: bytes that `encodeValue` cannot have made throw a `CodecError`.
 * - A `Table` is a list of its keys and envelopes (see `encodeJson`) of its values in turn, in key order; superjson's
 *   annotation of it is `['custom', 'table']`.
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
  const text = utf8.encode(JSON.stringify(serialize(value)))
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
  if (isRich) return deserialize(json)
  checkJson(json, 0)
  return json
}

/** A value as JSON to embed in a message: `{ v: plain }` (the value itself, not a copy) or `{ s: superjson }`. */
export function encodeJson(value: unknown): unknown {
  return isPlain(value) ? { v: value } : { s: serialize(value) }
}

/**
 * The value of an `encodeJson` envelope that went through JSON. May build on the given objects: read it once.
 *
 * @throws CodecError when it is no such envelope
 */
export function decodeJson(json: unknown): unknown {
  const envelope = asRecord(json, 'an envelope of a value')
  const keys = Object.keys(envelope)
  if (keys.length === 1 && keys[0] === 's') return deserialize(envelope['s'])
  if (keys.length !== 1 || keys[0] !== 'v') throw new CodecError('an envelope has either v or s')
  checkJson(envelope['v'], 0)
  return envelope['v']
}

function serialize(value: unknown): SuperJSONResult {
  checkSupported(value)
  const { json, meta } = rich.serialize(value)
  // Values are repeated in full; what superjson adds about identity is not kept, and not accepted either.
  return meta?.values === undefined ? { json } : { json, meta: { values: meta.values, v: 1 } }
}

function deserialize(input: unknown): unknown {
  checkRich(input)
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

function checkRich(input: unknown): asserts input is SuperJSONResult {
  const { json, meta, ...others } = asRecord(input, 'superjson')
  if (Object.keys(others).length > 0) throw new CodecError('superjson with unknown parts')
  checkJson(json, 0)
  if (meta === undefined) return
  const { values, v, ...unknown } = asRecord(meta, 'what superjson says of values')
  if (v !== 1 || Object.keys(unknown).length > 0) throw new CodecError('superjson of an unknown version')
  checkAnnotations(json, values)
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(strictUtf8.decode(bytes)) as unknown
  } catch (error) {
    throw new CodecError('not JSON', '', error)
  }
}

function checkJson(json: unknown, depth: number): void {
  if (json === undefined) throw new CodecError('a value is missing')
  if (typeof json === 'number' && !Number.isFinite(json)) throw new CodecError('a number out of range')
  if (typeof json !== 'object' || json === null) return
  if (depth >= DEPTH_LIMIT) throw new CodecError(`nested more than ${DEPTH_LIMIT} levels deep`)
  if (Array.isArray(json)) {
    for (const item of json) checkJson(item, depth + 1)
  } else if (isRecord(json)) {
    for (const key of Object.keys(json)) {
      if (isForbiddenKey(key)) throw new CodecError(`the property name ${key} is not allowed`)
      checkJson(json[key], depth + 1)
    }
  }
}

function asRecord(value: unknown, what: string): Record<string, unknown> {
  if (!isRecord(value)) throw new CodecError(`${what} was expected`)
  return value
}
