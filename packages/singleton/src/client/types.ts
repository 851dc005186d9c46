import type { Address, MemberId } from '@tanist/core'
import type { Observable } from 'rxjs'
import type { Manifest } from './manifest.js'
import type { ReadOptions, RoleHandle, ServerView } from '../role-handle.js'
import type { AnyRole, Role } from '../role/index.js'
import type { ClusterView } from './messages.js'

/** What makes a client, whatever host it runs on. */
export interface ClientSettings {
  readonly app: string
  /** What it calls and watches. Default none. */
  readonly roles?: readonly AnyRole[]
  /** Members to try, `host:port`, in this order at first. Default: those that discovery finds. */
  readonly addresses?: readonly Address[]
  /** For people, in the logs of members. Default none. */
  readonly name?: string
  /** `trusted` (default with a secret) or `stray` (default without one). */
  readonly level?: 'trusted' | 'stray'
  /** Handed to the application's `authenticate` at every link. */
  readonly token?: string
  /**
   * Begins the ids of this client's calls. A program that is started again with the same one and repeats what it had not
   * seen answered, under the ids it used then, has it executed once. Default: drawn anew.
   */
  readonly session?: string
  /** Calls that wait while there is no link, at most; more end at once as `unavailable`. Default 1,000. */
  readonly bufferMax?: number
  /** Bytes of their inputs, at most. Default 4 MiB. */
  readonly bufferBytes?: number
  readonly reconnect?: Partial<ReconnectTiming>
}

/** In milliseconds. */
export interface ReconnectTiming {
  /** The first attempt after a loss comes at random within it. Default 250. */
  readonly firstMs: number
  /** Then at random between 0 and this, twice as long each time. Default 250. */
  readonly baseMs: number
  /** And never more. Default 20,000. */
  readonly maxMs: number
  /** A link that lasted so long begins anew. Default 5,000. */
  readonly stableMs: number
  /** Nothing heard for so long: the link is asked, and after another quarter of it given up. Default 25,000. */
  readonly silenceMs: number
}

export interface ClientStatus {
  readonly state: 'searching' | 'connecting' | 'connected' | 'closed'
  /** The member that it is linked to. */
  readonly member: { readonly id: MemberId; readonly name: string; readonly address: Address } | null
  readonly level: 'trusted' | 'stray'
  readonly user: string | null
  readonly clusterId: string | null
  readonly view: ClusterView | null
  /** Calls that wait for a link, and those that were sent and not answered. */
  readonly waiting: number
  readonly inFlight: number
  /** Links so far, the present one too. */
  readonly links: number
  /** Why there is no link, in a sentence; null while there is one. */
  readonly waitingFor: string | null
  /** When the next attempt comes, milliseconds since 1970; null when one is under way or none is needed. */
  readonly retryAtMs: number | null
}

export interface Client {
  readonly id: string
  /** Resolves with the first link; rejects with a `ConnectError` when a member says that there can be none. */
  readonly connected: Promise<void>
  readonly status$: Observable<ClientStatus>
  status(): ClientStatus
  readonly server$: Observable<ServerView>
  /** As on a member. `state$` begins with the first state that comes. Throws a `TypeError` for a role it was not made with. */
  role<S, E, C>(role: Role<S, E, C>): RoleHandle<S, C, E>
  read<S, E, C>(role: Role<S, E, C>, options?: ReadOptions): Promise<S>
  manifest(): Promise<Manifest>
  /** Calls under way end as `unavailable` with `executed: 'unknown'`, those not sent with `'no'`. */
  close(): Promise<void>
}
