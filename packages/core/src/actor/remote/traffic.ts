import { encodeText } from '../../codec/index.js'
import { askWhere, end, ensure, isOpen, lose, open } from './connect.js'
import { asActorMessage } from './form.js'
import { remoteLimits as limits } from './limits.js'
import type { ActorMessage, SessionMessage } from './messages.js'
import { acknowledge, push, rewind, type Session, take, waiting } from './session.js'
import { isOver, placeKey, type Step, type TimerKey } from './state.js'

type Batch = Extract<SessionMessage, { t: 'batch' }>
type Open = Extract<SessionMessage, { t: 'open' }>

/** What is no message of an actor is not refused for want of room; but nobody can make the queue grow for ever. */
export function control(s: Step, session: Session, message: ActorMessage): void {
  push(session, { text: JSON.stringify(message), tell: false })
  if (waiting(session) <= limits.queueMessages + limits.watches) return
  end(s, session)
  ensure(s, session.node)
}

export function received(s: Step, node: string, message: SessionMessage): void {
  if (isOver(s.state, node)) return
  const session = ensure(s, node)
  if (session === null) return
  if (message.t === 'open') opened(s, session, message)
  else arrived(s, session, message)
}

function opened(s: Step, session: Session, message: Open): void {
  // A late one, of a former link.
  if (message.epoch < session.peerEpoch) return
  if (message.epoch > session.peerEpoch) {
    // The other side had given this one up.
    if (session.peerEpoch !== 0) lose(s, session)
    session.peerEpoch = message.epoch
    session.received = 0
  }
  if (message.seen === session.epoch) acknowledge(session, message.received)
  rewind(session)
  session.ready = session.linked
  if (message.ask && session.linked) open(s, session, false)
}

function arrived(s: Step, session: Session, batch: Batch): void {
  if (batch.from !== session.peerEpoch || batch.to !== session.epoch) return askWhere(s, session)
  acknowledge(session, batch.ack)
  if (batch.count === 0) return
  // Something before it was lost on the way.
  if (batch.seq > session.received + 1) return askWhere(s, session)
  const known = session.received + 1 - batch.seq
  session.unacked += batch.count
  session.unackedLength += batch.data?.length ?? 0
  if (known >= batch.count) return
  session.received = batch.seq + batch.count - 1
  const items = parsed(batch)
  if (items === null) return void s.effects.push({ kind: 'malformed', node: session.node, json: null })
  for (const item of items.slice(known)) accept(s, session, item)
}

function parsed({ data, count }: Batch): readonly unknown[] | null {
  try {
    const items: unknown = JSON.parse(utf8.decode(data))
    return Array.isArray(items) && items.length === count ? items : null
  } catch {
    return null
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function accept(s: Step, session: Session, json: unknown): void {
  const { node, asked, watched } = session
  const { state, effects } = s
  const message = asActorMessage(json)
  if (message === null) return void effects.push({ kind: 'malformed', node, json })
  switch (message.t) {
    case 'tell':
      return void effects.push({ kind: 'deliver', node, message })
    case 'ask':
    case 'stop': {
      const { id } = message
      if (asked.size >= limits.openAsks)
        return control(s, session, {
          t: 'failed',
          id,
          code: 'full',
          text: 'too many asks of this peer are open',
        })
      asked.add(id)
      return void effects.push({ kind: 'deliver', node, message })
    }
    case 'reply':
    case 'failed': {
      const { id } = message
      if (state.asks.get(id) !== node) return
      state.asks.delete(id)
      if (message.t === 'reply') effects.push({ kind: 'reply', id, message: message.message })
      else effects.push({ kind: 'fail', id, code: message.code, text: message.text })
      return
    }
    case 'watch': {
      const { at } = message
      if (watched.has(placeKey(at))) return
      if (watched.size >= limits.watches) return control(s, session, { t: 'ended', at, why: 'lost' })
      watched.set(placeKey(at), at)
      return void effects.push({ kind: 'watched', node, at })
    }
    case 'unwatch': {
      const { at } = message
      if (watched.delete(placeKey(at))) effects.push({ kind: 'unwatched', node, at })
      return
    }
    case 'ended': {
      const { at, why } = message
      const here = state.watches.get(node)
      const ended = here?.get(placeKey(at))
      here?.delete(placeKey(at))
      if (here?.size === 0) state.watches.delete(node)
      for (const watcher of ended?.watchers ?? [])
        effects.push({ kind: 'terminated', watcher, node, at, why })
      return
    }
    case 'offers':
      return void effects.push({ kind: 'offered', node, offers: message.offers })
  }
}

export function flush(s: Step): void {
  for (const session of s.state.sessions.values()) {
    if (!session.linked && waiting(session) > 0) need(s, session)
    if (!session.ready) continue
    if (session.offersDue) {
      session.offersDue = false
      push(session, { text: JSON.stringify({ t: 'offers', offers: s.state.offers }), tell: false })
    }
    for (let batch = take(session); batch.texts.length > 0; batch = take(session))
      send(s, session, batch.seq, batch.texts)
    if (session.unacked >= limits.ackMessages || session.unackedLength >= limits.ackLength) sayAck(s, session)
  }
}

function need(s: Step, session: Session): void {
  if (s.nowMs - session.neededMs < limits.needMs) return
  session.neededMs = s.nowMs
  s.effects.push({ kind: 'need', node: session.node })
}

export function sayAck(s: Step, session: Session): void {
  if (session.ready && session.unacked > 0) send(s, session, 0, [])
}

function send(s: Step, session: Session, seq: number, texts: readonly string[]): void {
  const { epoch: from, peerEpoch: to, received: ack, node } = session
  session.unacked = 0
  session.unackedLength = 0
  const data = texts.length === 0 ? {} : { data: encodeText(`[${texts.join(',')}]`) }
  const message: Batch = { t: 'batch', from, to, seq, count: texts.length, ack, ...data }
  s.effects.push({ kind: 'send', node, message })
}

export function armTimers(s: Step): void {
  for (const session of s.state.sessions.values()) {
    if (isOpen(session)) arm(s, 'tick', limits.tickMs)
    if (session.ready && session.unacked > 0) arm(s, 'ack', limits.ackMs)
  }
}

function arm({ state, effects }: Step, key: TimerKey, afterMs: number): void {
  if (state.timers.has(key)) return
  state.timers.add(key)
  effects.push({ kind: 'timer', key, afterMs })
}
