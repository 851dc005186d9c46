/** Levels of nesting in a value, as JSON: a Map counts twice, for its list of pairs. Also ends cycles. */
export const DEPTH_LIMIT = 64
/** Digits of a bigint: parsing takes quadratic time. */
export const BIGINT_DIGIT_LIMIT = 4_096
/** Bytes of one link frame. */
export const FRAME_BYTE_LIMIT: number = 4 * 1024 * 1024
/** Messages in one link frame. */
export const FRAME_MESSAGE_LIMIT = 4_096

/** What superjson calls a `Table`. */
export const TABLE_NAME = 'table'

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Names that could reach a prototype when a value is copied or merged; refused in both directions. */
export function isForbiddenKey(key: string): boolean {
  return key === '__proto__' || key === 'constructor' || key === 'prototype'
}
