import { deepFreeze, type Encoded, fromFresh, toEncodedFrozen } from '../codec/index.js'
import type { AnyEvent } from './decision.js'

/** An event as everybody sees it who reads the journal: after the codec. */
export interface DecidedEvent {
  readonly type: string
  readonly payload: unknown
}

/** Events in their journal form, and as everybody who reads that will see them. Neither changes any more. */
export interface EncodedEvents {
  readonly pairs: readonly (readonly [type: string, payload: Encoded])[]
  readonly decoded: readonly DecidedEvent[]
}

/** Throws `CodecError` when an event cannot be encoded. */
export function encodeEvents(events: readonly AnyEvent[]): EncodedEvents {
  const pairs: (readonly [string, Encoded])[] = []
  const decoded: DecidedEvent[] = []
  for (const { type, payload } of events) {
    // The application may go on to change what it gave.
    const own = toEncodedFrozen(payload)
    pairs.push([type, own.encoded])
    decoded.push({ type, payload: own.value })
  }
  return { pairs, decoded }
}

/** The events of pairs that were just parsed. Throws when they are none. */
export function decodeEvents(json: unknown): DecidedEvent[] {
  if (!Array.isArray(json)) throw new TypeError('events that are no list')
  return json.map((pair: unknown) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw new TypeError('an event that is no pair')
    const [type, payload]: readonly unknown[] = pair
    if (typeof type !== 'string') throw new TypeError('an event without a name')
    return { type, payload: fromFresh(payload) }
  })
}

type EventFunction = (state: unknown, payload: unknown) => unknown

/**
 * The state after `events`, frozen. Throws when `owner`, named in the error, has no function for one, or when its
 * function throws or returns nothing.
 */
export function applyEvents(
  owner: string,
  functions: Readonly<Record<string, unknown>>,
  state: unknown,
  events: readonly DecidedEvent[],
): unknown {
  let next = state
  for (const { type, payload } of events) {
    if (!Object.hasOwn(functions, type)) throw new TypeError(`${owner} has no event '${type}'`)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the event was made by the owner's own `on`
    next = (functions[type] as EventFunction)(next, deepFreeze(payload))
    if (next === undefined) throw new TypeError(`the event '${type}' of ${owner} returned no state`)
    deepFreeze(next)
  }
  return next
}
