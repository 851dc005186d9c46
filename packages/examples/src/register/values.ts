import { VALUE_BYTES, VALUE_DEPTH } from './limits.js'

/** A JSON value as text, written in one way only: equal values are equal texts. */
export type JsonText = string

export type Written =
  | { readonly ok: true; readonly json: JsonText }
  | { readonly ok: false; readonly text: string }

/** Writes a parsed JSON value with the names of every object in order. */
export function writeValue(value: unknown): Written {
  if (depthOf(value) > VALUE_DEPTH) return wrong(`is nested more than ${VALUE_DEPTH} levels deep`)
  if (hasInfinity(value)) return wrong('has a number that is out of range')
  const json = JSON.stringify(value, inOrder)
  if (Buffer.byteLength(json) > VALUE_BYTES) return wrong(`has more than ${VALUE_BYTES} bytes as JSON`)
  return { ok: true, json }
}

export function readValue(json: JsonText): unknown {
  return JSON.parse(json) as unknown
}

function wrong(text: string): Written {
  return { ok: false, text }
}

function inOrder(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Level by level, because JSON.parse nests deeper than the stack of a recursion is. */
function depthOf(value: unknown): number {
  let depth = 0
  for (let level = partsOf([value]); level.length > 0; level = partsOf(level.flatMap(Object.values))) depth++
  return depth
}

function partsOf(values: readonly unknown[]): object[] {
  return values.filter((value): value is object => typeof value === 'object' && value !== null)
}

/** `1e999` is valid JSON and parsed as Infinity, which JSON cannot say again. */
function hasInfinity(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value)
  return typeof value === 'object' && value !== null && Object.values(value).some(hasInfinity)
}
