import type { Accept, Decision, InputOf, Refuse } from '@tanist/core'
import type { LostCommand, Reconciliation } from './reconcile.js'

/** Who sent a command, as the server authenticated it. */
export interface Caller {
  readonly level: 'member' | 'trusted' | 'stray'
  readonly memberId?: string
  readonly user?: string
}

/** The only outside world of a command: everything here is journalled or derived from what is. */
export interface Ctx {
  /** Milliseconds since 1970 by the server's clock. May go back after a take-over. */
  readonly at: number
  /** A new identifier at each call, unique in the branch of the journal. */
  readonly id: () => string
  readonly caller: Caller
}

/** The time during which this peer serves a role. */
export interface Reign<S> {
  /** For fencing outside systems: greater (term first, then index) is newer. */
  readonly token: { readonly term: number; readonly index: number }
  /** The committed state now. */
  readonly state: () => S
  /** Aborted when this peer stops serving. */
  readonly signal: AbortSignal
}

/** What `role(name, definition)` takes. Event and command functions are pure and never change the state given. */
export interface RoleDefinition<S, E, C> {
  /** The state before the first event. */
  state: () => S
  /** `(state, payload) => next state`. */
  events: E
  /** `(state, input, on, ctx) => refuse(...) | persist(on.something(...)).reply(...)`. */
  commands: C
  /** Runs on the server when this peer begins to serve. */
  onServe?: (reign: Reign<NoInfer<S>>) => void | Promise<void>
  /**
   * Runs on the server when it stops serving. At a hand-over the next one waits for it, for 2 s at most; after a
   * lost lease it may still run while another serves: use the token against outside systems.
   */
  onYield?: (reign: Reign<NoInfer<S>>) => void | Promise<void>
  /**
   * Gets what was acknowledged in a branch that lost, in order, on every peer that holds it; at least once, until it
   * returns (or its promise resolves) without an error. Without it the loss is kept in a file for an operator.
   */
  reconcile?: (lost: readonly LostCommand[], ctx: Reconciliation<NoInfer<S>>) => void | Promise<void>
}

/** A checked definition: the value that members, clients and tests share. */
export interface Role<S, E, C> extends Readonly<RoleDefinition<S, E, C>> {
  readonly name: string
}

/** Any role, when its types do not matter. */
export interface AnyRole {
  readonly name: string
  readonly state: () => unknown
  readonly events: Readonly<Record<string, (state: never, payload: never) => unknown>>
  readonly commands: Readonly<Record<string, (state: never, input: never, on: never, ctx: Ctx) => Decision>>
  readonly onServe?: (reign: Reign<never>) => void | Promise<void>
  readonly onYield?: (reign: Reign<never>) => void | Promise<void>
  readonly reconcile?: (lost: readonly LostCommand[], ctx: never) => void | Promise<void>
}

/** Where in the journal a command was decided. */
export interface Position {
  readonly term: number
  readonly index: number
}

/**
 * Any command can end so: it threw, or the server could not run it. Nothing was executed. The server's log
 * says more under `reference`.
 */
export interface Failed {
  readonly code: 'failed'
  readonly reference: string
  readonly text: string
}

export interface UnavailableOutcome {
  readonly status: 'unavailable'
  /** `no`: it was and will not be executed. `unknown`: ask again with `id`. */
  readonly executed: 'no' | 'unknown'
  /** A sentence: what the call was waiting for. */
  readonly reason: string
  /** Milliseconds since 1970: since when. */
  readonly since: number
  /** `SESSION:SEQ`: a call with this `id` gets the first outcome when there was one. */
  readonly id: string
}

/** How a call ends, for a command that returns `D`. */
export type Outcome<D> =
  | (D extends Accept<infer R> ? { readonly status: 'ok'; readonly value: R } & Position : never)
  | (D extends Refuse<infer F> ? { readonly status: 'refused'; readonly refusal: F } & Position : never)
  | ({ readonly status: 'refused'; readonly refusal: Failed } & Position)
  | UnavailableOutcome

/** A call under way. It never rejects because of what the server said. */
export interface Call<D> extends Promise<Outcome<D>> {
  /** The reply alone; throws `Refused` or `Unavailable`. */
  value(): Promise<D extends Accept<infer R> ? R : never>
}

export interface CallOptions {
  /** `CLIENT:SEQ`: your own identity for the command, or the `id` of an unavailable outcome. */
  readonly id?: string
  /** Gives up waiting when aborted; the command may still be executed. */
  readonly signal?: AbortSignal
  /** Default 10,000. */
  readonly deadlineMs?: number
}

/** What `peer.role(x)` returns: the role's commands as calls. */
export type Proxy<C> = {
  readonly [K in keyof C & string]: C[K] extends (...args: never) => infer D
    ? [InputOf<C[K]>] extends [void]
      ? (input?: undefined, options?: CallOptions) => Call<D>
      : undefined extends InputOf<C[K]>
        ? (input?: InputOf<C[K]>, options?: CallOptions) => Call<D>
        : (input: InputOf<C[K]>, options?: CallOptions) => Call<D>
    : never
}
