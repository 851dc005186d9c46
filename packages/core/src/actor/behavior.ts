import type { Log } from '../host/index.js'
import type { ActorRef, AnyRef } from './ref.js'
import type { RestartLimit } from './supervision.js'

/**
 * Describes a kind of actor: where its state starts, and one handler per message.
 *
 * A handler gets the state, the message and the context, and gives the next state, or `reply(next, value)`, or
 * a promise of either. One message is handled at a time, in the order of each sender's sending; the next one
 * waits for the promise. A handler that throws loses its message: the actor's children are stopped, its
 * state comes fresh from `state()`, and the mailbox is kept. After too many restarts the actor stops.
 *
 * @example
 * const counter = actor({
 *   state: () => ({ n: 0 }),
 *   on: {
 *     inc: (s, m: { by: number }) => ({ n: s.n + m.by }),
 *     get: (s) => reply(s, s.n),
 *   },
 * })
 */
export function actor<S, H extends Handlers<NoInfer<S>>>(definition: {
  /** Makes the first state, and the state after each restart. Throws: at first `spawn` throws, later the actor stops. */
  readonly state: () => S
  readonly on: H & { readonly [K in keyof H]: Handler<NoInfer<S>, Outcome<NoInfer<S>>> }
  /** Runs exactly once, after the last handler and after all children have stopped. Not at restarts. */
  readonly postStop?: (state: NoInfer<S>, ctx: Ctx) => void | Promise<void>
  /** Default: 10 within 60 s. */
  readonly restarts?: RestartLimit
  /** Messages that may wait. Default 100,000; further ones are refused. */
  readonly capacity?: number
}): Behavior<ProtocolOf<H>> {
  // Inside, states and messages are `unknown`: the types above have paired them already.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { [definitionOf]: definition as unknown as Definition }
}

/** The next state, and the value that an ask gets. A tell ignores the value. */
export function reply<S, R>(state: S, value: R): Next<S, R> {
  return new NextState(state, value)
}

/** What a handler may use besides state and message. Valid until the actor has stopped. */
export interface Ctx {
  readonly self: AnyRef
  /** The host's log; every line carries the actor's path. */
  readonly log: Log
  /** Wall-clock time of this message: milliseconds since 1970. */
  readonly at: number
  /** Starts a child; it is stopped when this actor stops or restarts. */
  readonly spawn: <P>(behavior: Behavior<P>, name: string) => ActorRef<P>
  /** Stops this actor after the running handler; nothing that waits in the mailbox is handled. */
  readonly stop: () => void
}

export const definitionOf: unique symbol = Symbol('tanist.behavior')
declare const protocol: unique symbol

/** A kind of actor that understands the protocol `P`: an object type with one function per message. */
export interface Behavior<P> {
  readonly [definitionOf]: Definition
  readonly [protocol]?: P
}

/** The ref type of a behavior: `RefOf<typeof counter>`. */
export type RefOf<B> = B extends Behavior<infer P> ? ActorRef<P> : never

declare const nextState: unique symbol
export interface Next<S, R> {
  readonly [nextState]: S
  readonly value: R
}

export type Outcome<S> = S | Next<S, unknown> | Promise<S | Next<S, unknown>>
export type Handler<S, O> = (state: S, message: never, ctx: Ctx) => O
export type Handlers<S> = Readonly<Record<string, Handler<S, unknown>>>

/** From handlers to a protocol: `(state, message) => reply(state, n)` becomes `(message) => n`. */
export type ProtocolOf<H> = {
  readonly [K in keyof H]: (...message: MessageOf<H[K]>) => ReplyOf<H[K]>
}

type MessageOf<F> = F extends (...args: infer A) => unknown
  ? A extends readonly [unknown, infer M, ...unknown[]]
    ? [M] extends [never]
      ? []
      : [message: M]
    : []
  : never

type ReplyOf<F> = F extends (...args: never) => infer O ? ValueOf<Awaited<O>> : never
type ValueOf<O> = O extends Next<infer _, infer R> ? R : void

/** A behavior as the layer runs it. */
export interface Definition {
  readonly state: () => unknown
  readonly on: Readonly<Record<string, (state: unknown, message: unknown, ctx: Ctx) => unknown>>
  readonly postStop?: (state: unknown, ctx: Ctx) => void | Promise<void>
  readonly restarts?: RestartLimit
  readonly capacity?: number
}

/** Tells a reply from a plain state. */
export function isReply(outcome: unknown): outcome is { readonly state: unknown; readonly value: unknown } {
  return outcome instanceof NextState
}

class NextState<S, R> implements Next<S, R> {
  declare readonly [nextState]: S
  readonly state: S
  readonly value: R
  constructor(state: S, value: R) {
    this.state = state
    this.value = value
  }
}
