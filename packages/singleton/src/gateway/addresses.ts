import { addressKey } from '@tanist/core'
import { Bucket } from './bucket.js'
import { addressesKept, addressLinkRate, addressMessageRate, addressSessionRate } from './limits.js'

/** What is known of one address: how many links it has, and how fast it asks. */
export interface AddressRow {
  links: number
  readonly opens: Bucket
  readonly messages: Bucket
  readonly sessions: Bucket
}

/** Rates are remembered for a while after the last link of an address, so that coming again does not reset them. */
export class Addresses {
  readonly #rows = new Map<string, AddressRow>()
  /** Those without links, the longest unused first. */
  readonly #idle = new Set<string>()

  /** One more link of this address. */
  open(host: string, nowMs: number): AddressRow {
    const key = addressKey(host)
    let row = this.#rows.get(key)
    if (row === undefined) {
      row = {
        links: 0,
        opens: new Bucket(addressLinkRate, nowMs),
        messages: new Bucket(addressMessageRate, nowMs),
        sessions: new Bucket(addressSessionRate, nowMs),
      }
      this.#rows.set(key, row)
    }
    this.#idle.delete(key)
    row.links += 1
    return row
  }

  close(host: string): void {
    const key = addressKey(host)
    const row = this.#rows.get(key)
    if (row === undefined) return
    row.links -= 1
    if (row.links > 0) return
    this.#idle.add(key)
    if (this.#idle.size <= addressesKept) return
    for (const oldest of this.#idle) {
      this.#idle.delete(oldest)
      this.#rows.delete(oldest)
      return
    }
  }
}
