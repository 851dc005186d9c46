import { Table } from '@tanist/core'

/** A value as a program would write it, on one line. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  if (typeof value === 'bigint') return `${value}n`
  if (Object.is(value, -0)) return '-0'
  if (typeof value === 'function') return `[function ${value.name}]`
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[${value.map(show).join(', ')}]`
  if (value instanceof Date) return `Date(${value.getTime()})`
  if (value instanceof URL) return `URL(${value.href})`
  if (value instanceof Uint8Array) return `Bytes[${[...value].join(' ')}]`
  if (value instanceof Map) return `Map{${[...value].map(([k, v]) => `${show(k)} => ${show(v)}`).join(', ')}}`
  if (value instanceof Table)
    return `Table{${[...value].map(([k, v]) => `${show(k)} => ${show(v)}`).join(', ')}}`
  if (value instanceof Set) return `Set{${[...value].map(show).join(', ')}}`
  const fields = fieldsOf(value).map(([key, item]) => `${keyText(key)}: ${show(item)}`)
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
}

/** As `show`, cut to `length` characters: for lists of many values. */
export function showShort(value: unknown, length = 80): string {
  const text = show(value)
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`
}

const MOST = 6

/**
 * Where two values differ, one line a place: `.items.a: expected 3, got 2`; empty when they are equal. A field
 * that is undefined counts as missing.
 */
export function differences(expected: unknown, actual: unknown): string[] {
  const found = collect(expected, actual, '')
  return found.length <= MOST ? found : [...found.slice(0, MOST), `and ${found.length - MOST} more places`]
}

function collect(expected: unknown, actual: unknown, path: string): string[] {
  if (Object.is(expected, actual) || show(expected) === show(actual)) return []
  const bothLists = Array.isArray(expected) && Array.isArray(actual)
  if (expected instanceof Table && actual instanceof Table)
    return differingKeys(new Map(expected), new Map(actual), (key) => `${path}.get(${show(key)})`)
  if (bothLists || (isPlain(expected) && isPlain(actual))) {
    const placeOf = (key: unknown): string =>
      bothLists ? `${path}[${String(key)}]` : `${path}.${String(key)}`
    return differingKeys(entriesOf(expected), entriesOf(actual), placeOf)
  }
  return [`${path}${path === '' ? '' : ': '}expected ${showShort(expected)}, got ${showShort(actual)}`]
}

function differingKeys(
  left: ReadonlyMap<unknown, unknown>,
  right: ReadonlyMap<unknown, unknown>,
  placeOf: (key: unknown) => string,
): string[] {
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((key) => {
    const place = placeOf(key)
    if (!right.has(key)) return [`${place}: expected ${showShort(left.get(key))}, got nothing`]
    if (!left.has(key)) return [`${place}: expected nothing, got ${showShort(right.get(key))}`]
    return collect(left.get(key), right.get(key), place)
  })
}

function entriesOf(value: object): Map<string, unknown> {
  return new Map(Array.isArray(value) ? value.map((item, i) => [String(i), item]) : fieldsOf(value))
}

function fieldsOf(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, item]) => item !== undefined)
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const keyText = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : show(key))
