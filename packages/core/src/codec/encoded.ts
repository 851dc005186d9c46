import { decodeJson, encodeJson } from './value.js'
import { deepFreeze } from '../freeze.js'
import { isRecord, VALUE_LIMITS, type ValueLimits } from './limits.js'
import { NOT_PLAIN, plainCopy } from './plain.js'

/**
 * A value of the application as it travels and is journalled: an envelope of core's codec, made of plain JSON;
 * null stands for `undefined`, the most frequent reply. Not to be changed by anybody.
 */
export type Encoded = unknown

/** Throws `CodecError` with the path to what cannot be encoded. May share objects with `value`. */
export function toEncoded(value: unknown, limits: ValueLimits = VALUE_LIMITS): Encoded {
  return value === undefined ? null : encodeJson(value, limits)
}

/** As `toEncoded`, but what becomes of `value` later does not matter: for values in somebody else's hands. */
export function toEncodedCopy(value: unknown): Encoded {
  const copy = plainCopy(value, false)
  return copy === NOT_PLAIN ? copied(toEncoded(value)) : { v: copy }
}

/** A value of its own at each call: between peers of one process a message and its repetitions are one object. */
export function fromEncoded(encoded: Encoded, limits: ValueLimits = VALUE_LIMITS): unknown {
  const copy = isPlainEnvelope(encoded) ? plainCopy(encoded.v, false, limits) : NOT_PLAIN
  return copy === NOT_PLAIN ? fromFresh(copied(encoded), limits) : copy
}

/**
 * A value as it will be read from its journal form, and that form; both apart from what becomes of `value`. What is
 * not plain JSON is read once here, so that nothing is journalled that another peer could not read.
 */
export function toEncodedFrozen(value: unknown): { readonly encoded: Encoded; readonly value: unknown } {
  if (value === undefined) return NOTHING
  const copy = plainCopy(value, true)
  if (copy !== NOT_PLAIN) return { encoded: { v: copy }, value: copy }
  const apart = copied(toEncoded(value))
  return { encoded: apart, value: deepFreeze(fromFresh(copied(apart))) }
}

const NOTHING = { encoded: null, value: undefined }

function isPlainEnvelope(encoded: Encoded): encoded is { readonly v: unknown } {
  return isRecord(encoded) && 'v' in encoded && Object.keys(encoded).length === 1
}

/** As `fromEncoded`, for what was just parsed and is read only here. */
export function fromFresh(encoded: Encoded, limits: ValueLimits = VALUE_LIMITS): unknown {
  return encoded === null || encoded === undefined ? undefined : decodeJson(encoded, limits)
}

function copied(encoded: Encoded): Encoded {
  return encoded === undefined ? undefined : JSON.parse(JSON.stringify(encoded))
}
