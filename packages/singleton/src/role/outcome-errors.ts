import type { UnavailableOutcome } from './types.js'

/** Thrown by `value()` when the role refused the command; `refusal` is what it said. */
export class Refused extends Error {
  readonly refusal: unknown
  constructor(place: string, refusal: unknown) {
    super(`${place} was refused: ${describe(refusal)}`)
    this.name = 'Refused'
    this.refusal = refusal
  }
}

/** Thrown by `value()` when the call ended without an answer. The fields are those of the outcome. */
export class Unavailable extends Error {
  readonly reason: string
  readonly since: number
  readonly executed: 'no' | 'unknown'
  readonly id: string
  constructor(place: string, outcome: UnavailableOutcome) {
    const fate = outcome.executed === 'no' ? 'was not executed' : 'may have been executed'
    super(
      `${place} got no answer and ${fate}: ${outcome.reason}${outcome.executed === 'no' ? '' : ` Ask again with id '${outcome.id}'.`}`,
    )
    this.name = 'Unavailable'
    this.reason = outcome.reason
    this.since = outcome.since
    this.executed = outcome.executed
    this.id = outcome.id
  }
}

function describe(refusal: unknown): string {
  if (typeof refusal === 'string') return refusal
  if (typeof refusal !== 'object' || refusal === null) return String(refusal)
  if ('text' in refusal && typeof refusal.text === 'string') return refusal.text
  return 'code' in refusal && typeof refusal.code === 'string' ? refusal.code : 'see its refusal'
}
