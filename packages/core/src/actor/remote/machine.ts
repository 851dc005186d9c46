import { match } from 'ts-pattern'
import { down, ensure, isFull, lostText, members, over, tick, up } from './connect.js'
import type { Place } from './messages.js'
import { hasRoom, push } from './session.js'
import { isOver, placeKey, type RemoteEffect, type RemoteInput, type RemoteState } from './state.js'
import type { Step, Token } from './state.js'
import { armTimers, control, flush, received, sayAck } from './traffic.js'

/** Whether a message of this length would be taken now; asked before it is posted. */
export function admits(state: RemoteState, node: string, length: number): 'yes' | 'full' | 'lost' {
  if (isOver(state, node)) return 'lost'
  const session = state.sessions.get(node)
  if (session === undefined) return isFull(state) ? 'lost' : 'yes'
  return hasRoom(session, length) ? 'yes' : 'full'
}

/**
 * Actors of this peer and those of all others: what one peer knows of sessions, asks, watches and offers. Changes
 * `state` in place and returns what its shell must do, in order. No clock, no chance, no promise.
 *
 * - While both peers live and neither removes the other, messages between two actors arrive in the order of their
 *   sending, each once: what a broken link swallowed is sent again over the next one.
 * - A node is lost when its start is over, when it was a member and is removed, when it has given this one up, or
 *   when it is no member and was not linked for 5 s. Then its asks fail as `lost`, watches end as `lost`, tells that
 *   were not acknowledged are dropped with a dead letter (they may have been handled), and both sides forget.
 * - Each watcher is told of an end exactly once, unless it stops watching before.
 * - Each ask that is not forgotten is answered or fails; or its node stays linked or a member.
 * - Nothing grows beyond `remoteLimits`.
 */
export function stepRemote(state: RemoteState, input: RemoteInput, nowMs: number): RemoteEffect[] {
  const s: Step = { state, nowMs, effects: [] }
  step(s, input)
  // Its shell flushes after everything else.
  if (input.kind === 'flush' || input.kind === 'timer') armTimers(s)
  return s.effects
}

function step(s: Step, input: RemoteInput): void {
  match(input)
    .with({ kind: 'post' }, ({ node, text, ask }) => post(s, node, text, ask))
    .with({ kind: 'forget' }, ({ id }) => void s.state.asks.delete(id))
    .with({ kind: 'watch' }, ({ node, at, watcher }) => watch(s, node, at, watcher))
    .with({ kind: 'unwatch' }, ({ node, at, watcher }) => unwatch(s, node, at, watcher))
    .with({ kind: 'answer' }, ({ node, id, text }) => answer(s, node, id, text))
    .with({ kind: 'ended' }, ({ node, at, why }) => {
      const session = s.state.sessions.get(node)
      if (session?.watched.delete(placeKey(at)) === true) control(s, session, { t: 'ended', at, why })
    })
    .with({ kind: 'offers' }, ({ offers }) => {
      if (offers.length === 0 && s.state.offers.length === 0) return
      s.state.offers = offers
      for (const session of s.state.sessions.values()) session.offersDue = true
    })
    .with({ kind: 'message' }, ({ node, message }) => received(s, node, message))
    .with({ kind: 'up' }, ({ node }) => up(s, node))
    .with({ kind: 'down' }, ({ node }) => down(s, node))
    .with({ kind: 'over' }, ({ node }) => over(s, node))
    .with({ kind: 'members' }, ({ nodes }) => members(s, new Set(nodes)))
    .with({ kind: 'flush' }, () => flush(s))
    .with({ kind: 'timer' }, ({ key }) => {
      s.state.timers.delete(key)
      if (key === 'tick') tick(s)
      else for (const session of s.state.sessions.values()) sayAck(s, session)
    })
    .exhaustive()
}

function post(s: Step, node: string, text: string, ask: number | undefined): void {
  const session = ensure(s, node)
  if (session === null) {
    if (ask === undefined) s.effects.push({ kind: 'dropped', node, texts: [text] })
    else s.effects.push({ kind: 'fail', id: ask, code: 'lost', text: lostText(node) })
    return
  }
  if (ask !== undefined) s.state.asks.set(ask, node)
  push(session, { text, tell: ask === undefined })
}

function answer(s: Step, node: string, id: number, text: string): void {
  const session = s.state.sessions.get(node)
  if (session?.asked.delete(id) !== true) return
  if (hasRoom(session, text.length)) push(session, { text, tell: false })
  else control(s, session, { t: 'failed', id, code: 'full', text: 'too many replies wait for this peer' })
}

function watch(s: Step, node: string, at: Place, watcher: Token): void {
  const session = ensure(s, node)
  if (session === null) return void s.effects.push({ kind: 'terminated', watcher, node, at, why: 'lost' })
  const here = s.state.watches.get(node) ?? new Map()
  s.state.watches.set(node, here)
  const watched = here.get(placeKey(at))
  if (watched !== undefined) return void watched.watchers.add(watcher)
  here.set(placeKey(at), { at, watchers: new Set([watcher]) })
  control(s, session, { t: 'watch', at })
}

function unwatch(s: Step, node: string, at: Place, watcher: Token): void {
  const here = s.state.watches.get(node)
  const watched = here?.get(placeKey(at))
  if (here === undefined || watched?.watchers.delete(watcher) !== true || watched.watchers.size > 0) return
  here.delete(placeKey(at))
  if (here.size === 0) s.state.watches.delete(node)
  const session = s.state.sessions.get(node)
  if (session !== undefined) control(s, session, { t: 'unwatch', at })
}
