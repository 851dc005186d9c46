import type { Accept, Decision, InputOf, Refuse } from '@tanist/core'
import type { DueRun, Due } from './due.js'
import type { LostCommand, Reconciliation } from './reconcile.js'
import type { AnyReaction, Reactions } from './reaction.js'
import type { Issue, Schema } from './schema.js'
import type { AnySteps } from './versions.js'

/** Who sent a command, as the server authenticated it. */
export interface Caller {
  /** `role`: no person and no program, but a reaction or a due command of the role named in `role`. */
  readonly level: 'member' | 'trusted' | 'stray' | 'role'
  readonly memberId?: string
  /** Whom the caller speaks for, as the application's own check named it. */
  readonly user?: string
  readonly role?: string
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
  /** Sizes in bytes of the journal form. */
  limits?: RoleLimits
  /** Runs on the server when this peer begins to serve. */
  onServe?: (reign: Reign<NoInfer<S>>) => void | Promise<void>
  /**
   * Runs on the server when it stops serving. At a hand-over the next one waits for it, for 1.5 s at most; after a
   * lost lease it may still run while another serves: use the token against outside systems.
   */
  onYield?: (reign: Reign<NoInfer<S>>) => void | Promise<void>
  /**
   * Gets what was acknowledged in a branch that lost, in order, on every peer that holds it; at least once, until it
   * returns (or its promise resolves) without an error. Without it the loss is kept in a file for an operator.
   */
  reconcile?: (lost: readonly LostCommand[], ctx: Reconciliation<NoInfer<S>>) => void | Promise<void>
}

/** The part of a definition that is typed by its events and commands. */
export interface RoleEffects<S, E, C> {
  /**
   * Side effects, by event: run on the server once the event is committed, at least once, until they end without an
   * error. See `Reaction`.
   */
  reactions?: Reactions<E, C>
  /**
   * Commands that shall run at a time, derived from the state: `(s, run) => s.holds.map((h) => run.free(h.until, h))`.
   * Each runs once at the server, at or after its time, also when servers change meanwhile. Two items with the same
   * command, time and input are one.
   */
  due?: (state: NoInfer<S>, run: DueRun<C>) => Iterable<Due>
  /** By command: what checks its input on the server before it is decided; the command gets what it gives. */
  schemas?: Readonly<Record<string, Schema<unknown>>>
  /** Commands that stray clients may call; each must have a schema. Default: none. */
  open?: readonly NoInfer<keyof C & string>[]
  /** `stray`: stray clients may read its state and follow its events, all of them. Default: trusted clients alone. */
  readable?: 'stray'
}

export interface RoleLimits {
  /** Of one command's input. Default 256 KiB. */
  readonly inputBytes?: number
  /** Of one event. Default 256 KiB. */
  readonly eventBytes?: number
  /** Of the state, as the last snapshot had it and what was journalled since: beyond it commands are refused. Default 1 GiB. */
  readonly stateBytes?: number
}

/** A checked definition: the value that members, clients and tests share. */
export interface Role<S, E, C> extends RoleExtras {
  readonly name: string
  readonly state: () => S
  readonly events: E
  readonly commands: C
  readonly onServe?: (reign: Reign<NoInfer<S>>) => void | Promise<void>
  readonly onYield?: (reign: Reign<NoInfer<S>>) => void | Promise<void>
  readonly reconcile?: (lost: readonly LostCommand[], ctx: Reconciliation<NoInfer<S>>) => void | Promise<void>
}

/** Any role, when its types do not matter. */
export interface AnyRole extends RoleExtras {
  readonly name: string
  readonly state: () => unknown
  readonly events: Readonly<Record<string, (state: never, payload: never) => unknown>>
  readonly commands: Readonly<Record<string, (state: never, input: never, on: never, ctx: Ctx) => Decision>>
}

/** What `role(...)` has checked and nobody but the framework calls: without its types. */
export interface RoleExtras {
  readonly reactions?: Readonly<Record<string, AnyReaction>>
  readonly due?: (state: never, run: never) => Iterable<Due>
  readonly schemas?: Readonly<Record<string, Schema<unknown>>>
  readonly open?: readonly string[]
  readonly readable?: 'stray'
  readonly limits?: RoleLimits
  readonly versions?: Readonly<Record<string, number>>
  readonly upcast?: Readonly<Record<string, AnySteps>>
  readonly downcast?: Readonly<Record<string, AnySteps>>
  readonly renamed?: Readonly<Record<string, string>>
  readonly formerly?: readonly string[]
  readonly stateVersion?: number
  readonly upcastState?: AnySteps
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
 * Any command can end so: it threw, or the server would not run it. Nothing was executed. The server's log
 * says more under `reference`.
 */
export interface Failed {
  readonly code: 'failed'
  readonly reason: FailReason
  readonly reference: string
  readonly text: string
  /** Of `invalid`: what the schema said. */
  readonly issues?: readonly Issue[]
}

/** Closed: `match(...).exhaustive()` takes it. */
export type FailReason =
  /** The command's own code threw, or what it made cannot be journalled. */
  | 'threw'
  /** The server runs a build without this role or command. */
  | 'unknown'
  /** The role is not served: its code could not take an entry of the journal. */
  | 'role-failed'
  /** The input does not fit the command's schema, or cannot be read. */
  | 'invalid'
  /** Strays may not call it. */
  | 'not-open'
  /** Input, event, entry or state are over a limit. */
  | 'too-large'
  /** It was being decided when two servers died. */
  | 'quarantined'
  /** It needs a version of an event that not all voters know yet. */
  | 'not-yet'
  /** The id is malformed, or belongs to another command. */
  | 'bad-id'
  /** The server remembers too many clients. */
  | 'crowded'

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
  /** Whom this member speaks for: `ctx.caller.user`. Members are believed. */
  readonly user?: string
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
