import type { ActorMessage, Ending, Offers, Parcel, Place, SessionMessage } from './messages.js'
import type { Session } from './session.js'

/** Whoever waits for the end of an actor elsewhere; the machine only keeps and returns it. */
export type Token = object

export type RemoteInput =
  /** A message to an actor of another node, encoded as an `ActorMessage`. With `ask`: its id, which waits from now on. */
  | { readonly kind: 'post'; readonly node: string; readonly text: string; readonly ask?: number }
  /** Nobody waits for this any more. */
  | { readonly kind: 'forget'; readonly id: number }
  | { readonly kind: 'watch' | 'unwatch'; readonly node: string; readonly at: Place; readonly watcher: Token }
  /** A reply or a failure for an ask of another node: dropped when nobody there waits for it. */
  | { readonly kind: 'answer'; readonly node: string; readonly id: number; readonly text: string }
  /** An actor here that this node watches has ended. */
  | { readonly kind: 'ended'; readonly node: string; readonly at: Place; readonly why: Ending }
  /** What the own receptionist offers now. */
  | { readonly kind: 'offers'; readonly offers: Offers }
  | { readonly kind: 'message'; readonly node: string; readonly message: SessionMessage }
  /** There is a link, another one than before; none. */
  | { readonly kind: 'up' | 'down'; readonly node: string }
  /** It is proven that this start of a member is over. */
  | { readonly kind: 'over'; readonly node: string }
  /** All members. Who was one and is none any more is lost. */
  | { readonly kind: 'members'; readonly nodes: readonly string[] }
  /** The end of a turn: what waits may be sent. */
  | { readonly kind: 'flush' }
  | { readonly kind: 'timer'; readonly key: TimerKey }

export type TimerKey = 'tick' | 'ack'

export type RemoteEffect =
  | { readonly kind: 'send'; readonly node: string; readonly message: SessionMessage }
  /** Something waits for this member, and there is no link to it. */
  | { readonly kind: 'need'; readonly node: string }
  /** A message for an actor here; an `ask` and a `stop` are to be answered. */
  | {
      readonly kind: 'deliver'
      readonly node: string
      readonly message: Extract<ActorMessage, { t: 'tell' | 'ask' | 'stop' }>
    }
  | { readonly kind: 'reply'; readonly id: number; readonly message: Parcel }
  | { readonly kind: 'fail'; readonly id: number; readonly code: string; readonly text: string }
  | {
      readonly kind: 'terminated'
      readonly watcher: Token
      readonly node: string
      readonly at: Place
      readonly why: Ending
    }
  /** This node watches an actor here, or does not any more. */
  | { readonly kind: 'watched' | 'unwatched'; readonly node: string; readonly at: Place }
  /** Dead letters: tells that may not have arrived, as they were encoded. */
  | { readonly kind: 'dropped'; readonly node: string; readonly texts: readonly string[] }
  /** Something arrived that is no message. */
  | { readonly kind: 'malformed'; readonly node: string; readonly json: unknown }
  | { readonly kind: 'offered'; readonly node: string; readonly offers: Offers }
  | { readonly kind: 'timer'; readonly key: TimerKey; readonly afterMs: number }

/** Plain data, owned and changed by `stepRemote` alone. */
export interface RemoteState {
  readonly self: string
  readonly sessions: Map<string, Session>
  /** By id, the node that is asked. */
  readonly asks: Map<number, string>
  /** By node and `path#uid`: who waits for that end. */
  readonly watches: Map<string, Map<string, Watched>>
  /** By member: the newest start of which it is known that it, and all before it, are over. */
  readonly ended: Map<string, number>
  members: ReadonlySet<string>
  readonly linked: Set<string>
  offers: Offers
  lastEpoch: number
  /** Timers that are set. */
  readonly timers: Set<TimerKey>
}

export interface Watched {
  readonly at: Place
  readonly watchers: Set<Token>
}

export function createRemote(self: string): RemoteState {
  return {
    self,
    sessions: new Map(),
    asks: new Map(),
    watches: new Map(),
    ended: new Map(),
    members: new Set(),
    linked: new Set(),
    offers: [],
    lastEpoch: 0,
    timers: new Set(),
  }
}

export interface Step {
  readonly state: RemoteState
  readonly nowMs: number
  readonly effects: RemoteEffect[]
}

export function placeKey([path, uid]: Place): string {
  return `${path}#${uid}`
}

/** `MEMBER.INCARNATION`. */
export function nodeText(memberId: string, incarnation: number): string {
  return `${memberId}.${incarnation}`
}

export function memberOf(node: string): { readonly memberId: string; readonly incarnation: number } {
  const dot = node.lastIndexOf('.')
  return { memberId: node.slice(0, dot), incarnation: Number(node.slice(dot + 1)) }
}

export function isOver(state: RemoteState, node: string): boolean {
  const { memberId, incarnation } = memberOf(node)
  return incarnation <= (state.ended.get(memberId) ?? -1)
}
