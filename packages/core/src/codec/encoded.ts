import { decodeJson, encodeJson } from './value.js'
import { deepFreeze } from '../freeze.js'
import { isRecord } from './limits.js'

/**
 * A value of the application as it travels and is journalled: an envelope of core's codec, made of plain JSON;
 * null stands for `undefined`, the most frequent reply. Not to be changed by anybody.
 */
export type Encoded = unknown

/** Throws `CodecError` with the path to what cannot be encoded. May share objects with `value`. */
export function toEncoded(value: unknown): Encoded {
  return value === undefined ? null : encodeJson(value)
}

/** As `toEncoded`, but what becomes of `value` later does not matter: for values in somebody else's hands. */
export function toEncodedCopy(value: unknown): Encoded {
  const encoded = toEncoded(value)
  const copy = isPlainEnvelope(encoded) ? copyPlain(encoded.v, false) : NOT_PLAIN
  return copy === NOT_PLAIN ? copied(encoded) : { v: copy }
}

/** A value of its own at each call: between peers of one process a message and its repetitions are one object. */
export function fromEncoded(encoded: Encoded): unknown {
  const copy = isPlainEnvelope(encoded) ? copyPlain(encoded.v, false) : NOT_PLAIN
  return copy === NOT_PLAIN ? fromFresh(copied(encoded)) : copy
}

/** A value as it will be read from its journal form, and that form; both apart from what becomes of `value`. */
export function toEncodedFrozen(value: unknown): { readonly encoded: Encoded; readonly value: unknown } {
  const encoded = toEncoded(value)
  const copy = isPlainEnvelope(encoded) ? copyPlain(encoded.v, true) : NOT_PLAIN
  if (copy !== NOT_PLAIN) return { encoded: { v: copy }, value: copy }
  const apart = copied(encoded)
  return { encoded: apart, value: deepFreeze(fromFresh(copied(apart))) }
}

function isPlainEnvelope(encoded: Encoded): encoded is { readonly v: unknown } {
  return isRecord(encoded) && 'v' in encoded && Object.keys(encoded).length === 1
}

/** As `fromEncoded`, for what was just parsed and is read only here. */
export function fromFresh(encoded: Encoded): unknown {
  return encoded === null || encoded === undefined ? undefined : decodeJson(encoded)
}

function copied(encoded: Encoded): Encoded {
  return encoded === undefined ? undefined : JSON.parse(JSON.stringify(encoded))
}

/** Deeper than this, and whatever else is unusual, goes the long way: the codec has the limits and the sentences. */
const PLAIN_DEPTH = 32
const NOT_PLAIN: unique symbol = Symbol('not plain')

/** The same as through JSON text and the codec, in one walk, for nearly all values. */
function copyPlain(value: unknown, freeze: boolean, depth = 0): unknown {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? value : NOT_PLAIN
  if (typeof value !== 'object' || depth >= PLAIN_DEPTH) return NOT_PLAIN
  if (Array.isArray(value)) {
    const list: unknown[] = []
    for (let i = 0; i < value.length; i++) {
      const item = copyPlain(value[i], freeze, depth + 1)
      if (item === NOT_PLAIN) return NOT_PLAIN
      list.push(item)
    }
    return freeze ? Object.freeze(list) : list
  }
  const fields: Record<string, unknown> = {}
  for (const [key, field] of Object.entries(value)) {
    if (key === '__proto__' || key === 'constructor' || key === 'prototype' || key === 'toJSON')
      return NOT_PLAIN
    const item = copyPlain(field, freeze, depth + 1)
    if (item === NOT_PLAIN) return NOT_PLAIN
    fields[key] = item
  }
  return freeze ? Object.freeze(fields) : fields
}
