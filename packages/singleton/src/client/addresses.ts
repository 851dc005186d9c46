import type { Address, Random } from '@tanist/core'
import { ADDRESSES_MAX } from './limits.js'

/** Where a member may be, by who said so. */
export interface AddressBook {
  /** By the application, in its order. */
  readonly given: readonly Address[]
  /** By the last member: where clients of this level can go. */
  view: readonly Address[]
  /** By discovery, the newest first. */
  hints: readonly Address[]
  /** There were links, the newest first. */
  remembered: readonly Address[]
}

export interface Candidate {
  readonly address: Address
  /** By name: it is tried without a pause before it. */
  readonly given: boolean
}

/**
 * Everybody who may be there, in the order in which to ask: those given, the last view in an order of its own for each
 * client, hints, and where links were before. Who was just lost comes last.
 */
export function candidates(book: AddressBook, lost: Address | null, random: Random): Candidate[] {
  const order = new Map<Address, boolean>()
  for (const address of book.given) order.set(address, true)
  for (const address of [...shuffled(book.view, random), ...book.hints, ...book.remembered])
    if (!order.has(address)) order.set(address, false)
  const all = [...order].map(([address, given]) => ({ address, given }))
  return [...all.filter(({ address }) => address !== lost), ...all.filter(({ address }) => address === lost)]
}

/** Something to dial: `host:port`, and the port is one. */
export function isDialable(address: unknown): address is Address {
  if (typeof address !== 'string' || address.length > 300) return false
  const port = /^(?:\[[0-9a-fA-F:.%\w]+\]|[^\s:/[\]@?#]+):(\d{1,5})$/.exec(address)?.[1]
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535
}

/** The newest first, each once, as many as are kept. */
export function newestFirst(added: readonly Address[], before: readonly Address[]): readonly Address[] {
  return [...new Set([...added, ...before])].slice(0, ADDRESSES_MAX)
}

function shuffled(list: readonly Address[], random: Random): Address[] {
  const mixed = [...list]
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(random.next() * (i + 1))
    const other = mixed[j] as Address
    mixed[j] = mixed[i] as Address
    mixed[i] = other
  }
  return mixed
}
