import { remoteLimits as limits } from './limits.js'
import type { Place } from './messages.js'

/** A message on its way to another peer, encoded when it was told. */
export interface Item {
  readonly text: string
  /** A tell becomes a dead letter when it is lost; whoever waits for anything else is told in another way. */
  readonly tell: boolean
}

/**
 * One side of a session with another peer: what was sent and not acknowledged, what waits to be sent, and what
 * arrived. Both sides drop it when the other is gone; see `SessionMessage` for how they find out.
 */
export interface Session {
  readonly node: string
  /** Of what this side sends; greater than any before. */
  readonly epoch: number
  /** Of what the other sends; 0 before its `open`. */
  peerEpoch: number
  linked: boolean
  /** The other's `open` came over the present link: batches may go. */
  ready: boolean
  member: boolean
  /** Since when it is neither linked nor a member; then it is waited for in vain some day. */
  aloneSinceMs: number
  items: (Item | undefined)[]
  /** Index of the first in `items`; its number is `acked + 1`. */
  head: number
  acked: number
  sent: number
  /** Length of the texts in `items`, and of those that were sent. */
  length: number
  sentLength: number
  received: number
  /** Not acknowledged yet. */
  unacked: number
  unackedLength: number
  stalledTicks: number
  /** The own offers changed since they were sent. */
  offersDue: boolean
  /** Asks of the other side that are handled here. */
  readonly asked: Set<number>
  /** Actors here that the other side watches. */
  readonly watched: Map<string, Place>
  /** When the other side was last asked where it is. */
  askedMs: number
  /** When a link to it was last asked for. */
  neededMs: number
}

export function newSession(node: string, epoch: number, nowMs: number): Session {
  return {
    node,
    epoch,
    peerEpoch: 0,
    linked: false,
    ready: false,
    member: false,
    aloneSinceMs: nowMs,
    items: [],
    head: 0,
    acked: 0,
    sent: 0,
    length: 0,
    sentLength: 0,
    received: 0,
    unacked: 0,
    unackedLength: 0,
    stalledTicks: 0,
    offersDue: false,
    asked: new Set(),
    watched: new Map(),
    askedMs: Number.NEGATIVE_INFINITY,
    neededMs: Number.NEGATIVE_INFINITY,
  }
}

export function waiting(session: Session): number {
  return session.items.length - session.head
}

export function hasRoom(session: Session, length: number): boolean {
  return waiting(session) < limits.queueMessages && session.length + length <= limits.queueLength
}

export function push(session: Session, item: Item): void {
  session.items.push(item)
  session.length += item.text.length
}

/** The other side has everything up to here. */
export function acknowledge(session: Session, upTo: number): void {
  const until = Math.min(upTo, session.sent)
  while (session.acked < until) {
    const length = session.items[session.head]?.text.length ?? 0
    session.items[session.head++] = undefined
    session.acked++
    session.length -= length
    session.sentLength -= length
    session.stalledTicks = 0
  }
  if (session.head > 1_024 && session.head * 2 > session.items.length) {
    session.items = session.items.slice(session.head)
    session.head = 0
  }
}

/** What was sent and not acknowledged is to be sent again. */
export function rewind(session: Session): void {
  session.sent = session.acked
  session.sentLength = 0
  session.stalledTicks = 0
}

/** The next messages that may be sent, at most a batch; none when the window is full. */
export function take(session: Session): { readonly seq: number; readonly texts: string[] } {
  const seq = session.sent + 1
  const texts: string[] = []
  let length = 0
  while (texts.length < limits.batchMessages && length < limits.batchLength) {
    const inFlight = session.sent - session.acked
    if (inFlight >= limits.windowMessages || (inFlight > 0 && session.sentLength >= limits.windowLength))
      break
    const item = session.items[session.head + inFlight]
    if (item === undefined) break
    texts.push(item.text)
    length += item.text.length
    session.sent++
    session.sentLength += item.text.length
  }
  return { seq, texts }
}

/** Forgets everything that only this session knew, and returns what was not acknowledged. */
export function restart(session: Session): Item[] {
  const lost = session.items.slice(session.head).filter((item) => item !== undefined)
  session.items = []
  session.head = 0
  session.acked = 0
  session.sent = 0
  session.length = 0
  session.sentLength = 0
  session.received = 0
  session.unacked = 0
  session.unackedLength = 0
  session.stalledTicks = 0
  session.asked.clear()
  session.watched.clear()
  return lost
}
