import type { Address, Random } from '@tanist/core'
import type { PeerStatus } from '../peer/index.js'
import type { AddressOn } from './view.js'

/** Addresses in one redirect. */
const NAMED = 8

/**
 * Where clients go instead of here: reachable members, those with the fewest clients first as far as they say so, and
 * alike ones in another order for each client, so that not all of them go to one.
 */
export function othersFor(status: PeerStatus, addressOn: AddressOn, random: Random): readonly Address[] {
  return status.members
    .filter(({ id, reachable, state }) => id !== status.self.id && reachable && state === 'up')
    .map((member) => ({ at: addressOn(member), clients: member.about?.clients ?? 0, lot: random.next() }))
    .filter((row): row is typeof row & { readonly at: Address } => row.at !== null)
    .toSorted((a, b) => a.clients - b.clients || a.lot - b.lot)
    .slice(0, NAMED)
    .map(({ at }) => at)
}
