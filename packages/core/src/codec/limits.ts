/** Levels of nesting in a value, as JSON: a Map counts twice, for its list of pairs. Also ends cycles. */
export const DEPTH_LIMIT = 64
/** Levels in the body of a message: 64 of a value, annotations of two levels for each of them, and what is around. */
export const BODY_DEPTH_LIMIT = 256
/** Digits of a bigint: reading them takes quadratic time, 3 us for so many. */
export const BIGINT_DIGIT_LIMIT = 1_000
/** Bytes of one link frame. */
export const FRAME_BYTE_LIMIT: number = 4 * 1024 * 1024
/** Messages in one link frame. */
export const FRAME_MESSAGE_LIMIT = 4_096

export interface ValueLimits {
  /** Values in a value. Numbers in a list count for nothing: rows of measurements are long, and their bytes bound them. */
  readonly nodes: number
  /** Properties of one object. */
  readonly keys: number
  /** Parts that JSON does not carry: superjson takes about 1 us for each. */
  readonly annotations: number
}

/** Of what commands take, journal and answer, and of messages between actors. */
export const VALUE_LIMITS: ValueLimits = { nodes: 50_000, keys: 10_000, annotations: 10_000 }
/** Of the state of a role in one message; the frame's bytes bound it before. */
export const STATE_LIMITS: ValueLimits = { nodes: 1_000_000, keys: 1_000_000, annotations: 100_000 }

/** What superjson calls a `Table`. */
export const TABLE_NAME = 'table'
/** What superjson calls a `Uint8Array`: base64, a third of the bytes that a list of numbers takes. */
export const BYTES_NAME = 'bytes'

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Names that could reach a prototype when a value is copied or merged; refused in both directions. */
export function isForbiddenKey(key: string): boolean {
  return key === '__proto__' || key === 'constructor' || key === 'prototype'
}

export function hasPlainPrototype(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** `JSON.stringify` would ask it what to write instead. */
export function speaksForItself(value: object): boolean {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function'
}
