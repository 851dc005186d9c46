import type { Charge, Charged } from './bank.js'

/** One line of the books. */
export interface Booking {
  readonly cents: number
  readonly state: Charged
  /** How often money was taken under this key, and how often it was given back: never more than once. */
  readonly taken: number
  readonly givenBack: number
}

/** The books of a payment service: what makes a charge idempotent. Without its HTTP, so that tests can use it. */
export class Ledger {
  readonly #bookings = new Map<string, Booking>()

  get bookings(): ReadonlyMap<string, Booking> {
    return this.#bookings
  }

  /** `decline`: what happens when this is the first time. A repetition hears what the first one heard. */
  charge({ key, cents }: Charge, decline: boolean): Charged {
    const known = this.#bookings.get(key)
    if (known !== undefined) return known.state
    const state = decline ? 'declined' : 'charged'
    this.#bookings.set(key, { cents, state, taken: decline ? 0 : 1, givenBack: 0 })
    return state
  }

  /** Also of a key that was never seen: a charge may still be on its way, and must find the door closed. */
  voidCharge(key: string): Charged {
    const known = this.#bookings.get(key) ?? { cents: 0, state: 'declined', taken: 0, givenBack: 0 }
    this.#bookings.set(key, { ...known, state: 'voided', givenBack: known.taken })
    return 'voided'
  }
}
