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

/** One machine has a whole /64 of IPv6 to itself; and IPv4 may come in IPv6's clothes. */
export function addressKey(host: string): string {
  const bare = host.replaceAll(/[[\]]|%.*$/g, '').toLowerCase()
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)
  if (mapped?.[1] !== undefined) return mapped[1]
  if (!bare.includes(':')) return bare
  const [head = '', tail] = bare.split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from(
    { length: tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length) },
    () => '0',
  )
  const all = [...groups, ...zeros, ...after]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
  // All of this machine's own.
  return bare === '::1' ? bare : `${all.join(':')}::/64`
}
