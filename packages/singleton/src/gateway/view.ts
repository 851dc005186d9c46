import type { Address, MemberId } from '@tanist/core'
import type { ClusterView } from '../client/index.js'
import type { PeerStatus } from '../peer/index.js'
import { viewMembers } from './limits.js'

/** Where clients of one layer find a member: null when it has no such layer. */
export type AddressOn = (member: { readonly id: MemberId; readonly address: Address }) => Address | null

/** What a client is told of the cluster, so that it finds another member. */
export function viewOf(status: PeerStatus, addressOn: AddressOn): ClusterView {
  const { server, successors, waitingFor, self } = status
  const [successor] = successors
  const members = status.members.flatMap(({ id, name, address, reachable, state }) => {
    if (!reachable || state === 'gone') return []
    const at = addressOn({ id, address: id === self.id ? self.address : address })
    return at === null ? [] : [{ id, name, address: at }]
  })
  return {
    server: server && { id: server.id, name: server.name, term: server.term },
    successor: successor ? { id: successor.id, name: successor.name } : null,
    waitingFor,
    members: someOf(members, self.id),
  }
}

/** Of many: oneself, and the oldest, which stay longest. */
function someOf<M extends { readonly id: MemberId }>(members: readonly M[], self: MemberId): readonly M[] {
  if (members.length <= viewMembers) return members
  const own = members.filter(({ id }) => id === self)
  return [...own, ...members.filter(({ id }) => id !== self)].slice(0, viewMembers)
}
