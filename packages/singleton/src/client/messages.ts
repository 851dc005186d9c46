import type { Address, Encoded, MemberId } from '@tanist/core'
import type { AnswerMessage, CommandId } from '../role/index.js'

/*
 * Between a process that is no member and the member that it is linked to: frames of core's codec on the channel `c`.
 * The client speaks first. A member answers what it can by itself and passes commands on to the server; the client
 * need not know who that is.
 *
 *   client                                   member
 *   hello                           ->
 *                                   <-       welcome | refused, which ends the link
 *   call, read, watch, manifest     ->
 *                                   <-       the answers, `view` whenever it changes, `ping` every 10 s
 *                                   <-       redirect: go there instead, before this link ends
 */

export const CLIENT_PROTOCOL = 1

/** Client to member. */
export type ClientMessage =
  | {
      readonly t: 'hello'
      readonly protocol: number
      readonly app: string
      /** Drawn once by the client; names it in logs and begins its sessions. 32 hexadecimal digits. */
      readonly client: string
      readonly name: string | null
      /** Proof of a user or of more rights, as the application's `authenticate` takes it. */
      readonly token: string | null
      /** Events and commands that this build of the client knows, for a sentence when they do not fit. */
      readonly roles: readonly string[]
    }
  | ClientCall
  | { readonly t: 'cancel'; readonly session: string; readonly seq: number }
  | {
      readonly t: 'read'
      readonly n: number
      readonly role: string
      readonly deadlineMs: number
      readonly consistency: 'linearizable' | 'local'
      readonly maxStaleMs: number | null
    }
  /** Its state now (or its events behind `after`), and then every event, until `unwatch`. */
  | { readonly t: 'watch'; readonly n: number; readonly role: string; readonly after: WatchPosition | null }
  | { readonly t: 'unwatch'; readonly n: number }
  | { readonly t: 'manifest'; readonly n: number }
  | { readonly t: 'pong' }
  /** Asked for by a client that doubts the link; answered at once. */
  | { readonly t: 'ping' }
  | { readonly t: 'bye' }

/** A command, with the id that makes repeating harmless. */
export interface ClientCall extends CommandId {
  readonly t: 'call'
  readonly floor: number
  readonly attempt: number
  readonly role: string
  readonly command: string
  readonly input: Encoded
  /** What is left of it. */
  readonly deadlineMs: number
  readonly traceparent?: string
}

/** As `EventPosition`: without `n` behind the whole entry. Members always name the branch. */
export interface WatchPosition {
  readonly index: number
  readonly n?: number
  readonly branch?: string
}

/** Member to client. */
export type MemberMessage =
  | {
      readonly t: 'welcome'
      readonly protocol: number
      readonly member: { readonly id: MemberId; readonly incarnation: number; readonly name: string }
      readonly clusterId: string | null
      readonly level: 'trusted' | 'stray'
      /** As the application's `authenticate` named it. */
      readonly user: string | null
      /** The newest index that is known to be committed: sessions that begin now have it in their names. */
      readonly committed: number
      readonly view: ClusterView
    }
  | { readonly t: 'refused'; readonly code: RefusalCode; readonly text: string }
  | AnswerMessage
  | {
      readonly t: 'unavailable'
      readonly session: string
      readonly seq: number
      readonly executed: 'no' | 'unknown'
      readonly reason: string
      readonly since: number
    }
  | {
      readonly t: 'state'
      readonly n: number
      readonly state: Encoded
      /** The `stateVersion` of the member's build; absent: 1. */
      readonly version?: number
      readonly position: WatchPosition
      /** As `FollowedState`. */
      readonly reset?: true
    }
  | {
      readonly t: 'event'
      readonly n: number
      readonly type: string
      readonly payload: Encoded
      /** Of the event in the member's build, which has brought it up; absent: 1. */
      readonly version?: number
      readonly at: number
      readonly term: number
      readonly position: WatchPosition
      /** Further events of the same entry follow: states are shown behind the last one. */
      readonly more?: true
    }
  /** The watch has ended: the role is not open to this client, or this member does not follow it. */
  | { readonly t: 'unwatched'; readonly n: number; readonly code: RefusalCode; readonly text: string }
  | {
      readonly t: 'readable'
      readonly n: number
      readonly state: Encoded
      /** As in `state`. */
      readonly version?: number
      readonly position: WatchPosition
    }
  | { readonly t: 'unreadable'; readonly n: number; readonly code: RefusalCode; readonly text: string }
  | { readonly t: 'manifest'; readonly n: number; readonly manifest: unknown }
  | { readonly t: 'view'; readonly view: ClusterView }
  | {
      readonly t: 'redirect'
      readonly to: readonly Address[]
      readonly code: 'leaving' | 'full' | 'moved'
      readonly text: string
    }
  | { readonly t: 'ping' }
  | { readonly t: 'pong' }

/** What a client knows of the cluster, so that it finds another member when this one goes. */
export interface ClusterView {
  readonly server: { readonly id: MemberId; readonly name: string; readonly term: number } | null
  readonly successor: { readonly id: MemberId; readonly name: string } | null
  readonly waitingFor: string | null
  /** Where clients of this level can go: reachable members, 64 at most. */
  readonly members: readonly { readonly id: MemberId; readonly name: string; readonly address: Address }[]
}

export type RefusalCode =
  | 'application'
  | 'version'
  | 'not-open'
  | 'unknown-role'
  | 'token'
  | 'limit'
  | 'too-large'
  | 'protocol'
  | 'starting'
  | 'stopping'
  | 'unavailable'
