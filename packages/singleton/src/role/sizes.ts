import { CodecError, encodeText, ImageWriter, Table } from '@tanist/core'
import type { Encoded } from '@tanist/core'
import { EVENT_BYTES, INPUT_BYTES, MAX_ENTRY_BYTES, STATE_BYTES } from './limits.js'
import { isRecord } from './record.js'
import type { AnyRole, RoleLimits } from './types.js'

/** What a role may take, in bytes of the journal form. */
export function limitsOf({ limits = {} }: AnyRole): Required<RoleLimits> {
  const { inputBytes = INPUT_BYTES, eventBytes = EVENT_BYTES, stateBytes = STATE_BYTES } = limits
  return { inputBytes, eventBytes, stateBytes }
}

const MOST: Readonly<Record<keyof RoleLimits, number>> = {
  inputBytes: MAX_ENTRY_BYTES,
  eventBytes: MAX_ENTRY_BYTES,
  stateBytes: Number.MAX_SAFE_INTEGER,
}

/** Throws a `TypeError` that begins with `place` when these are no limits. */
export function checkLimits(place: string, limits: unknown): void {
  if (!isRecord(limits)) throw new TypeError(`${place}: 'limits' must be an object.`)
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(MOST, name))
      throw new TypeError(`${place}: there is no limit '${name}'; there are ${Object.keys(MOST).join(', ')}.`)
    const most = MOST[name as keyof RoleLimits]
    if (value === undefined || (Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= most))
      continue
    throw new TypeError(`${place}: limits.${name} must be a whole number of bytes from 1 to ${most}.`)
  }
}

/** Why a command is not even run: a sentence, or null. */
export function inputTooLarge(place: string, input: Encoded, limit: number): string | null {
  if (leftOf(input, limit, 0) >= 0) return null
  let size: number
  try {
    size = jsonBytes(input)
  } catch {
    return `The input of ${place} is nested too deep.`
  }
  if (size <= limit) return null
  return `The input of ${place} has ${size} bytes; ${limit} are allowed.`
}

/** The same for events that were journalled together in `entryBytes`. */
export function eventTooLarge(
  place: string,
  pairs: readonly (readonly [type: string, ...unknown[]])[],
  entryBytes: number,
  limit: number,
): string | null {
  if (entryBytes <= limit) return null
  for (const pair of pairs) {
    const size = jsonBytes(pair)
    if (size > limit) return `${place} made an event '${pair[0]}' of ${size} bytes; ${limit} are allowed.`
  }
  return null
}

function jsonBytes(value: unknown): number {
  return encodeText(JSON.stringify(value) ?? '').length
}

/** Nothing that the codec makes is deeper. */
const DEPTH = 256

/** What is left of so many bytes when a value of JSON has taken the most that it can: below 0 nobody knows. */
function leftOf(value: unknown, bytes: number, depth: number): number {
  if (depth > DEPTH) return -1
  if (typeof value === 'string') return bytes - 2 - value.length * 6
  if (typeof value !== 'object' || value === null) return bytes - 25
  let left = bytes - 2
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && left >= 0; i++) left = leftOf(value[i], left - 1, depth + 1)
    return left
  }
  for (const key in value) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- any object can be read so
    left = leftOf((value as Record<string, unknown>)[key], left - 4 - key.length * 6, depth + 1)
    if (left < 0) return left
  }
  return left
}

/**
 * About how many bytes the state of a role has: as it was counted last, and everything that was journalled since as if
 * nothing of it had replaced anything. Once that is over the limit the state is counted anew, a slice at each command;
 * meanwhile, and when it really is full, commands that do not add to it pass.
 */
export class StateSize {
  #counted = 0
  /** Everything that was ever journalled, and how much of it what was counted contains. */
  #journalled = 0
  #countedAt = 0
  /** Decided and not committed. */
  #ahead = 0
  #recount: { readonly writer: ImageWriter; readonly take: (bytes: number) => void } | null = null

  get bytes(): number {
    return this.#counted + this.#since + this.#ahead
  }

  get #since(): number {
    return this.#journalled - this.#countedAt
  }

  /** The reign that decided something ended. */
  forgetAhead(): void {
    this.#ahead = 0
  }

  decided(bytes: number): void {
    this.#ahead += bytes
  }

  committed(bytes: number): void {
    this.#journalled += bytes
    this.#ahead = Math.max(0, this.#ahead - bytes)
  }

  /** To be called when somebody begins to count the committed state: gives what takes the result. */
  count(): (bytes: number) => void {
    const at = this.#journalled
    return (bytes) => {
      if (at < this.#countedAt) return
      this.#counted = bytes
      this.#countedAt = at
    }
  }

  /** Whether a command that journals so many bytes must not be taken. */
  refuses(bytes: number, limit: number, state: StateChange): boolean {
    if (this.bytes + bytes <= limit) return false
    this.#goOnCounting(limit, state.committed)
    return this.bytes + bytes > limit && growth(state.before, state.after) > 0
  }

  #goOnCounting(limit: number, committed: unknown): void {
    if (this.#recount === null) {
      // What was counted just now is known well enough.
      if (this.#since * 16 < limit) return
      this.#recount = { writer: new ImageWriter([committed].values()), take: this.count() }
    }
    const { writer, take } = this.#recount
    try {
      writer.next()
    } catch (error) {
      if (!(error instanceof CodecError)) throw error
      this.#recount = null
      return
    }
    if (writer.digest === null) return
    this.#recount = null
    take(writer.written)
  }
}

export interface StateChange {
  readonly committed: unknown
  readonly before: unknown
  readonly after: unknown
}

/** By how much a state has grown: looks only at what the two do not share, so it costs about what made it. */
export function growth(before: unknown, after: unknown): number {
  if (Object.is(before, after)) return 0
  if (before instanceof Table && after instanceof Table) return tableGrowth(before, after)
  if (Array.isArray(before) && Array.isArray(after)) {
    let sum = 0
    const length = Math.max(before.length, after.length)
    for (let i = 0; i < length; i++) sum += growth(before[i], after[i])
    return sum + after.length - before.length
  }
  if (!isPlain(before) || !isPlain(after)) return weigh(after) - weigh(before)
  let sum = 0
  for (const key of Object.keys(after))
    sum += Object.hasOwn(before, key) ? growth(before[key], after[key]) : key.length + 4 + weigh(after[key])
  for (const key of Object.keys(before))
    if (!Object.hasOwn(after, key)) sum -= key.length + 4 + weigh(before[key])
  return sum
}

function tableGrowth(
  before: Table<string | number, unknown>,
  after: Table<string | number, unknown>,
): number {
  const { set, deleted } = after.changes(before)
  let sum = 0
  for (const [key, value] of set)
    sum += before.has(key) ? growth(before.get(key), value) : 4 + weigh(key) + weigh(value)
  for (const key of deleted) sum -= 4 + weigh(key) + weigh(before.get(key))
  return sum
}

/** About the length as JSON. A number that grows in place weighs the same. */
function weigh(value: unknown): number {
  if (value === undefined) return 0
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 8
  if (value instanceof Uint8Array) return value.length * 4
  let sum = 2
  if (Array.isArray(value)) for (const item of value) sum += 1 + weigh(item)
  else if (value instanceof Table || value instanceof Map) for (const pair of value) sum += weigh(pair)
  else if (value instanceof Set) for (const item of value) sum += 1 + weigh(item)
  else for (const [key, item] of Object.entries(value)) sum += key.length + 4 + weigh(item)
  return sum
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isRecord(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
