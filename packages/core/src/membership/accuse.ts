import { linkTo, quietMs, type Step } from './state.js'
import { watched, watchers } from './topology.js'
import type { Accusation, MemberId } from './types.js'

/** Tells what this peer observed to whom it concerns: every beat, and at once when it is new. */
export function accuse(s: Step): void {
  const { state } = s
  const { suspicion } = state
  if (s.now < suspicion.tellMs) return
  suspicion.tellMs = s.now + state.large.beatMs
  const told = new Map<number, Accusation[]>()
  for (const memberId of suspicion.accusing.get(state.self.memberId) ?? []) {
    const accusation = own(s, memberId)
    if (!accusation) continue
    for (const id of audience(s, memberId)) {
      const link = linkTo(state, id)
      if (!link) continue
      const list = told.get(link.id)
      if (list) list.push(accusation)
      else told.set(link.id, [accusation])
    }
  }
  // An empty list takes back what was said.
  for (const id of suspicion.toldTo) if (!told.has(id) && state.links.has(id)) told.set(id, [])
  for (const [link, accusations] of told)
    s.effects.push({ kind: 'send', link, message: { t: 'accuse', accusations } })
  suspicion.toldTo = new Set([...told].filter(([, list]) => list.length > 0).map(([link]) => link))
}

function own(s: Step, memberId: MemberId): Accusation | undefined {
  const { state } = s
  const doubt = state.suspicion.doubts.get(memberId)
  const accuser = doubt?.by.get(state.self.memberId)
  if (!doubt || !accuser) return undefined
  const heardMs = state.peers.get(memberId)?.heardMs ?? doubt.sinceMs
  return {
    memberId,
    incarnation: doubt.incarnation,
    seq: state.records.rows.get(memberId)?.seq ?? 0,
    class: accuser.class,
    quietMs: Math.round(quietMs(s, heardMs)),
  }
}

/** The hubs and the others that watch it; without a hub all neighbours, one of which may be the next. */
function audience(s: Step, memberId: MemberId): Set<MemberId> {
  const { state } = s
  const self = state.self.memberId
  const hubs = state.topology.hubs.map((hub) => hub.memberId)
  const to = new Set([...hubs, ...watchers(state, memberId)])
  if (!hubs.some((id) => id === self || linkTo(state, id)))
    for (const id of [...watched(state), ...watchers(state, self)]) to.add(id)
  to.delete(self)
  to.delete(memberId)
  return to
}
