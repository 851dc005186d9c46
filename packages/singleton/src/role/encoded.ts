import { decodeJson, encodeJson } from '@tanist/core'

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
  return copied(toEncoded(value))
}

/** A value of its own at each call: between peers of one process a message and its repetitions are one object. */
export function fromEncoded(encoded: Encoded): unknown {
  return fromFresh(copied(encoded))
}

/** As `fromEncoded`, for what was just parsed and is read only here. */
export function fromFresh(encoded: Encoded): unknown {
  return encoded === null || encoded === undefined ? undefined : decodeJson(encoded)
}

function copied(encoded: Encoded): Encoded {
  return encoded === undefined ? undefined : JSON.parse(JSON.stringify(encoded))
}
