import type { AnyEvent } from './decision.js'

/** A decision, when its types do not matter. */
export type Decided =
  | { readonly kind: 'refuse'; readonly refusal: unknown }
  | {
      readonly kind: 'accept'
      readonly events: readonly AnyEvent[]
      readonly answer: ((next: unknown) => unknown) | null
    }

/** What a command returned. Throws a `TypeError` that names `place` when that is no decision. */
export function checkDecision(place: string, value: unknown): Decided {
  if (isDecision(value)) return value
  const what = value instanceof Promise ? 'a promise; commands decide at once' : 'no decision'
  throw new TypeError(`the command ${place} returned ${what}: it must return refuse(...) or persist(...)`)
}

function isDecision(value: unknown): value is Decided {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    ['refuse', 'accept'].includes(String(value.kind))
  )
}
