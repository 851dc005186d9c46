import { Table } from '../../table/index.js'
import { CodecError } from '../error.js'
import { encodeValue } from '../value.js'

/*
 * Values that JSON does not carry, as JSON: `{ "$": kind, "v": ... }`. A record that has the key `$` itself is
 * written so, too. Carries what core's codec carries; that one is right for messages and slow for a whole state.
 */
type Tagged = { readonly $: string; readonly v?: unknown }

/** @throws CodecError with the path to what cannot be carried */
export function toTagged(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : tag('n', Object.is(value, -0) ? '-0' : `${value}`)
    case 'undefined':
      return tag('u')
    case 'bigint':
      return tag('i', `${value}`)
    case 'object':
      return value === null ? null : tagObject(value)
    default:
      return refuse(value)
  }
}

function tagObject(value: object): unknown {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (Array.isArray(value) && prototype === Array.prototype) return tagList(value)
  if (value instanceof Map && prototype === Map.prototype) {
    const items: unknown[] = []
    for (const [key, item] of value) items.push(toTagged(key), toTagged(item))
    return tag('m', items)
  }
  if (value instanceof Table && prototype === Table.prototype) {
    const items: unknown[] = []
    for (const [key, item] of value) items.push(key, toTagged(item))
    return tag('t', items)
  }
  if (value instanceof Set && prototype === Set.prototype) return tag('s', Array.from(value, toTagged))
  if (value instanceof Date && prototype === Date.prototype && !Number.isNaN(value.getTime()))
    return tag('d', value.getTime())
  if (value instanceof URL && prototype === URL.prototype) return tag('l', value.href)
  if (value instanceof Uint8Array && prototype === Uint8Array.prototype) return tag('b', Array.from(value))
  if (prototype !== Object.prototype && prototype !== null) return refuse(value)
  return tagRecord(value)
}

function tagList(from: readonly unknown[]): unknown[] {
  const items: unknown[] = []
  for (let i = 0; i < from.length; i++) {
    if (from[i] === undefined && !Object.hasOwn(from, i)) return refuse(from)
    items.push(toTagged(from[i]))
  }
  return items
}

function tagRecord(value: object): unknown {
  if (Object.getOwnPropertySymbols(value).length > 0) return refuse(value)
  const fields: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) fields[key] = toTagged(item)
  return '$' in fields ? tag('o', Object.entries(fields).flat(1)) : fields
}

function tag($: string, v?: unknown): Tagged {
  return v === undefined ? { $ } : { $, v }
}

/** The codec knows the sentence. */
function refuse(value: unknown): never {
  encodeValue(value)
  throw new CodecError('this cannot be kept')
}

/** What `toTagged` was given, from JSON that was just parsed: it is built upon. Throws when it cannot be read. */
export function fromTagged(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) {
    for (let i = 0; i < json.length; i++) json[i] = fromTagged(json[i])
    return json
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- any object can be read so
  const fields = json as Record<string, unknown>
  if (Object.hasOwn(fields, '$')) return untagged(fields['$'], fields['v'])
  for (const key of Object.keys(fields)) {
    const item = fields[key]
    if (typeof item === 'object' && item !== null) fields[key] = fromTagged(item)
  }
  return fields
}

function untagged(kind: unknown, v: unknown): unknown {
  switch (kind) {
    case 'u':
      return undefined
    case 'n':
      return Number(v)
    case 'i':
      return BigInt(String(v))
    case 'd':
      return new Date(Number(v))
    case 'l':
      return new URL(String(v))
    case 'b':
      return Uint8Array.from(list(v), Number)
    case 's':
      return new Set(list(fromTagged(v)))
    case 'm':
      return new Map(pairs(list(fromTagged(v))))
    case 't':
      return Table.from(pairs(list(fromTagged(v))) as [string | number, unknown][])
    case 'o':
      // Twice in a row: the field `$` is a value like the others.
      return Object.fromEntries(pairs(list(v)).map(([key, item]) => [String(key), fromTagged(item)]))
    default:
      throw new TypeError('a value of an unknown kind')
  }
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('a list is missing')
  return value
}

function pairs(items: readonly unknown[]): [unknown, unknown][] {
  const all: [unknown, unknown][] = []
  for (let i = 0; i + 1 < items.length; i += 2) all.push([items[i], items[i + 1]])
  return all
}
