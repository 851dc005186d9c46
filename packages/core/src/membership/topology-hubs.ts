import { isHubForm } from './forms.js'
import { drop, settle } from './linking.js'
import type { LinkRow, Step } from './state.js'
import { addressOf, refreshTopology } from './topology.js'
import { refreshTargets } from './targets.js'
import type { Hub, MemberId, MembershipMessage } from './types.js'

/** Hubs that one message may name. */
const HUBS_MAX = 4

/** The own group knows its leader. A smaller term is older news than what others told. */
export function hubsNamed(s: Step, term: number, ids: readonly MemberId[]): void {
  if (term < s.state.topology.term || ids.length === 0) return
  const hubs = ids.slice(0, HUBS_MAX).flatMap((memberId): Hub[] => {
    const own = memberId === s.state.self.memberId
    const address = own ? s.state.self.address : addressOf(s.state, memberId)
    return address === undefined ? [] : [{ memberId, address }]
  })
  takeHubs(s, term, hubs, null)
}

/** Of one term the leader itself knows best who comes next. */
export function hubsTold(s: Step, row: LinkRow, told: Extract<MembershipMessage, { t: 'hubs' }>): void {
  const { topology } = s.state
  if (row.stage !== 'usable' || row.hello === null || row.hello.clusterId === null) return
  if (!told.hubs.every(isHubForm)) {
    const peer = s.state.peers.get(row.hello.memberId)
    drop(s, row, 'protocol', 'hubs without a place')
    return peer && settle(s, peer)
  }
  if (told.term < topology.term) return tellHubs(s, row)
  const [leader] = told.hubs
  if (!leader || (told.term === topology.term && leader.memberId !== row.hello.memberId)) return
  takeHubs(s, told.term, told.hubs.slice(0, HUBS_MAX), row)
}

function takeHubs(s: Step, term: number, hubs: readonly Hub[], from: LinkRow | null): void {
  const { topology } = s.state
  const known =
    hubs.length === topology.hubs.length && hubs.every((hub, at) => isSame(hub, topology.hubs[at]))
  const newer = term > topology.term
  topology.term = term
  if (known && !newer) return
  topology.hubs = hubs
  topology.hubIds = new Set(hubs.map(({ memberId }) => memberId))
  refreshTopology(s)
  refreshTargets(s)
  for (const row of s.state.links.values()) if (row !== from) tellHubs(s, row)
}

const isSame = (a: Hub, b: Hub | undefined): boolean => a.memberId === b?.memberId && a.address === b.address

/** Whoever opens a link to a member of a large cluster learns from it where the leader is. */
export function tellHubs(s: Step, row: LinkRow): void {
  const { large, term, hubs } = s.state.topology
  if (!large || hubs.length === 0 || row.stage !== 'usable') return
  s.effects.push({ kind: 'send', link: row.id, message: { t: 'hubs', term, hubs } })
}
