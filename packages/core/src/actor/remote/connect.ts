import { remoteLimits as limits } from './limits.js'
import { newSession, restart, rewind, type Session, waiting } from './session.js'
import { isOver, memberOf, nodeText, type RemoteState, type Step } from './state.js'

export function lostText(node: string): string {
  return `its peer ${node} is gone, or was never there; the message may have been handled`
}

export function isFull(state: RemoteState): boolean {
  return state.sessions.size >= limits.peers + state.members.size
}

/** The session with a node; null when there can be none. */
export function ensure(s: Step, node: string): Session | null {
  const { state } = s
  const known = state.sessions.get(node)
  if (known !== undefined) return known
  if (node === state.self || isOver(state, node) || isFull(state)) return null
  const session = newSession(node, ++state.lastEpoch, s.nowMs)
  session.member = state.members.has(node)
  session.linked = state.linked.has(node)
  session.offersDue = state.offers.length > 0
  state.sessions.set(node, session)
  if (session.linked) open(s, session, true)
  return session
}

export function open(s: Step, session: Session, ask: boolean): void {
  const { node, epoch, peerEpoch, received } = session
  if (ask) session.askedMs = s.nowMs
  s.effects.push({ kind: 'send', node, message: { t: 'open', epoch, seen: peerEpoch, received, ask } })
}

/** The two sides do not agree: asks, not too often. */
export function askWhere(s: Step, session: Session): void {
  if (session.linked && s.nowMs - session.askedMs >= limits.tickMs / 5) open(s, session, true)
}

/** Also when another link takes the place of one: what was on that is sent again. */
export function up(s: Step, node: string): void {
  const { memberId, incarnation } = memberOf(node)
  over(s, nodeText(memberId, incarnation - 1))
  if (isOver(s.state, node)) return
  s.state.linked.add(node)
  const known = s.state.sessions.get(node)
  if (known === undefined) return void ensure(s, node)
  known.linked = true
  known.ready = false
  open(s, known, true)
}

export function down(s: Step, node: string): void {
  s.state.linked.delete(node)
  const session = s.state.sessions.get(node)
  if (session === undefined) return
  session.linked = false
  session.ready = false
  session.neededMs = Number.NEGATIVE_INFINITY
  session.aloneSinceMs = s.nowMs
}

/** This start of the member, and each before it. */
export function over(s: Step, node: string): void {
  const { state } = s
  const { memberId, incarnation } = memberOf(node)
  if (isOver(state, node) || incarnation < 0) return
  state.ended.delete(memberId)
  state.ended.set(memberId, incarnation)
  for (const first of state.ended.keys()) {
    if (state.ended.size <= limits.ended) break
    state.ended.delete(first)
  }
  for (const session of state.sessions.values()) if (isOver(state, session.node)) end(s, session)
  for (const linked of state.linked) if (isOver(state, linked)) state.linked.delete(linked)
}

export function members(s: Step, nodes: ReadonlySet<string>): void {
  s.state.members = nodes
  for (const session of s.state.sessions.values()) {
    const was = session.member
    session.member = nodes.has(session.node)
    if (!was || session.member) continue
    end(s, session)
    // Removed, and here again: both begin anew.
    if (s.state.linked.has(session.node)) ensure(s, session.node)
  }
  for (const node of nodes) {
    const { memberId, incarnation } = memberOf(node)
    over(s, nodeText(memberId, incarnation - 1))
  }
}

export function end(s: Step, session: Session): void {
  s.state.sessions.delete(session.node)
  lose(s, session)
}

/** Everything that was between this node and the other is lost; the session may begin again from 1. */
export function lose(s: Step, session: Session): void {
  const { state, effects } = s
  const { node } = session
  const watchedHere = [...session.watched.values()]
  const texts = restart(session).flatMap(({ tell, text }) => (tell ? [text] : []))
  session.offersDue = state.offers.length > 0
  if (texts.length > 0) effects.push({ kind: 'dropped', node, texts })
  for (const [id, asked] of state.asks) {
    if (asked !== node) continue
    state.asks.delete(id)
    effects.push({ kind: 'fail', id, code: 'lost', text: lostText(node) })
  }
  const watches = state.watches.get(node)
  state.watches.delete(node)
  for (const { at, watchers } of watches?.values() ?? [])
    for (const watcher of watchers) effects.push({ kind: 'terminated', watcher, node, at, why: 'lost' })
  for (const at of watchedHere) effects.push({ kind: 'unwatched', node, at })
  effects.push({ kind: 'offered', node, offers: [] })
}

export function tick(s: Step): void {
  for (const session of s.state.sessions.values()) {
    const { linked, member, ready, sent, acked } = session
    if (!linked && !member && s.nowMs - session.aloneSinceMs >= limits.unknownMs) end(s, session)
    else if (linked && !ready) open(s, session, true)
    else if (ready && sent > acked && ++session.stalledTicks >= limits.stalledTicks) {
      rewind(session)
      session.ready = false
      open(s, session, true)
    }
  }
}

/** Whether it has to be looked after before anything else happens. */
export function isOpen(session: Session): boolean {
  const { linked, member, ready, sent, acked } = session
  return linked ? !ready || sent > acked : !member || waiting(session) > 0
}
