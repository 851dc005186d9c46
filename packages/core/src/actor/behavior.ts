import type { Log } from '../host/index.js'
import type { ActorRef, AnyRef } from './ref.js'
import type { MailboxOptions } from './mailbox.js'
import type { RestartLimit, Supervision } from './supervision.js'

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
export function actor<S, H extends Handlers<NoInfer<S>>, I extends Handlers<NoInfer<S>>>(
  definition: {
    /**
     * Makes the first state, and the state after each restart; the place to set timers, watch and spawn what the actor
     * needs from its start (write the type then, `(ctx: Ctx) => ...`, or the compiler cannot infer `S`). Throws: at first `spawn` throws, later the actor stops.
     */
    readonly state: (ctx: Ctx) => S
    readonly on: H & { readonly [K in keyof H]: Handler<NoInfer<S>, Outcome<NoInfer<S>, ProtocolOf<H>>> }
    /**
     * Handlers that only the actor itself reaches, by name: what its timers, piped promises, watches and receive
     * timeout bring. They are no part of its protocol.
     */
    readonly internal?: I & {
      readonly [K in keyof I]: Handler<NoInfer<S>, Silent<NoInfer<S>, ProtocolOf<H>>>
    }
    /** Runs at each restart with the state that failed, after the children have stopped and before `state()`. */
    readonly preRestart?: (state: NoInfer<S>, error: unknown, ctx: Ctx) => void | Promise<void>
    /** Runs exactly once, after the last handler and after all children have stopped. Not at restarts. */
    readonly postStop?: (state: NoInfer<S>, ctx: Ctx) => void | Promise<void>
  } & ActorOptions,
): Behavior<ProtocolOf<H>> {
  // Inside, states and messages are `unknown`: the types above have paired them already.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { [definitionOf]: definition as unknown as Definition }
}

/**
 * The next state, and the value that an ask gets. A tell ignores the value. Of a promise the ask gets the outcome
 * once it is there, and the actor goes on meanwhile; when it is rejected the actor stays as it is.
 */
export function reply<S, R>(state: S, value: R): Next<S, R> {
  return new NextState(state, value)
}

/**
 * As `actor`, for those who prefer one function and a union of messages: `on` gets each message as it was sent, and
 * answers by refs inside the message.
 *
 * @example
 * type Msg = { type: 'inc'; by: number } | { type: 'get'; to: ActorRef<Receives<number>> }
 * const counter = receive<Msg>()({
 *   state: () => 0,
 *   on: (n, m) => {
 *     if (m.type === 'inc') return n + m.by
 *     m.to.tell(n)
 *     return n
 *   },
 * })
 */
export function receive<M>(): <S, I extends Handlers<NoInfer<S>>>(
  definition: {
    readonly state: (ctx: Ctx) => S
    readonly on: (state: NoInfer<S>, message: M, ctx: Ctx) => Silent<NoInfer<S>, Receives<M>>
    readonly internal?: I & { readonly [K in keyof I]: Handler<NoInfer<S>, Silent<NoInfer<S>, Receives<M>>> }
    readonly preRestart?: (state: NoInfer<S>, error: unknown, ctx: Ctx) => void | Promise<void>
    readonly postStop?: (state: NoInfer<S>, ctx: Ctx) => void | Promise<void>
  } & ActorOptions,
) => Behavior<Receives<M>> {
  return (definition) => {
    const { on, ...rest } = definition
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return { [definitionOf]: { ...rest, on: { [RECEIVE]: on } } as unknown as Definition }
  }
}

/** What has nothing to do with states and messages. */
export interface ActorOptions {
  /** Of this actor itself, when its parent restarts it. Default: 10 within 60 s, at once. */
  readonly restarts?: RestartLimit
  /** How failures of its children are answered. Default: each is restarted by itself. */
  readonly supervision?: Supervision
  /** Default: 100,000 messages, further ones are refused. */
  readonly mailbox?: MailboxOptions
  /** Messages that may be stashed. Default 1,000; one more is a failure of the handler. */
  readonly stash?: number
}

/** The handler of a behavior that was made by `receive`. */
export const RECEIVE = '*'

/** Returned by a handler: from the next message on the actor behaves so, with `state()` of that behavior. Its
 * name, mailbox, timers, children, watches and limits stay. What the new one does not handle is unhandled. */
export function become<P>(behavior: Behavior<P>): Become<P> {
  return new Becoming(behavior)
}

/** What a handler may use besides state and message. Valid until the actor has stopped. */
export interface Ctx {
  readonly self: AnyRef
  /** `self` with its protocol, which the compiler cannot know here. */
  readonly me: <P>() => ActorRef<P>
  /** The host's log; every line carries the actor's path. */
  readonly log: Log
  /** Wall-clock time of this message: milliseconds since 1970. */
  readonly at: number
  /** Starts a child; it is stopped when this actor stops or restarts. */
  readonly spawn: <P>(behavior: Behavior<P>, name: string) => ActorRef<P>
  readonly children: readonly AnyRef[]
  /**
   * Stops this actor, or a child of it, after the running handler; nothing that waits in the mailbox is handled.
   * With another ref: a `TypeError`.
   */
  readonly stop: (child?: AnyRef) => void
  /**
   * From now on the end of `ref` arrives here, exactly once, as a `Terminated` for the handler `to`: also when the
   * peer it lives on dies or is removed, and at once when it is stopped already. Watching again changes `to`.
   */
  readonly watch: (ref: AnyRef, to: string) => void
  /** No `Terminated` of it arrives from now on, not even one that waits already. */
  readonly unwatch: (ref: AnyRef) => void
  /** Cancelled when the actor restarts or stops: what a former incarnation set never arrives. */
  readonly timers: ActorTimers
  /** Each time no message has come for so long, `to` gets `message`. Null: no more. */
  readonly receiveTimeout: (afterMs: number | null, to: string, message?: unknown) => void
  /** Puts the message that is handled aside; an ask stays open. Throws a `StashError` when it is full. */
  readonly stash: () => void
  /** Puts what was stashed back, in front of what waits in the mailbox and in its order. */
  readonly unstash: () => void
  /** The outcome arrives as a message: the value for `done`, what it was rejected with for `failed`. Lost with a restart. */
  readonly pipe: (
    promise: PromiseLike<unknown>,
    to: { readonly done: string; readonly failed: string },
  ) => void
}

/** By name; setting a name again replaces it. A handler that does not exist is a `TypeError` that names those that do. */
export interface ActorTimers {
  once(name: string, afterMs: number, to: string, message?: unknown): void
  /** Never two at once in the mailbox: a slow actor skips. */
  every(name: string, everyMs: number, to: string, message?: unknown): void
  cancel(name: string): void
  has(name: string): boolean
}

/** What a watcher gets. */
export interface Terminated {
  readonly ref: AnyRef
  /** `lost`: its peer died or was removed, or was never there; the actor itself may live on behind a broken net. */
  readonly why: 'stopped' | 'failed' | 'lost'
}

const becoming: unique symbol = Symbol('tanist.become')
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

/** Of `become`: an actor becomes nothing that understands less. */
export interface Become<P> {
  readonly [becoming]: Behavior<P>
}

/** A protocol of one message type: `ref.tell(message)`. */
export interface Receives<M> {
  readonly [RECEIVE]: (message: M) => void
}

export type Outcome<S, P = never> =
  | Silent<S, P>
  | Next<S, unknown>
  | Promise<S | Next<S, unknown> | Become<P>>
/** Of handlers that nobody asks: a `reply` of theirs would reach nobody. */
export type Silent<S, P> = S | Become<P> | Promise<S | Become<P>>
export type Handler<S, O> = (state: S, message: never, ctx: Ctx) => O
export type Handlers<S> = Readonly<Record<string, Handler<S, unknown>>>

/** From handlers to a protocol: `(state, message) => reply(state, n)` becomes `(message) => n`. */
export type ProtocolOf<H> = {
  readonly [K in keyof H]: (...message: MessageOf<H[K]>) => ReplyOf<H[K]>
}

type MessageOf<F> = F extends (state: never, ...rest: infer A) => unknown
  ? A extends readonly []
    ? []
    : A extends readonly [infer M, ...unknown[]]
      ? [M] extends [never]
        ? []
        : [message: M]
      : A extends readonly [(infer M)?, ...unknown[]]
        ? [message?: M]
        : []
  : never

type ReplyOf<F> = F extends (...args: never) => infer O ? ValueOf<Awaited<O>> : never
type ValueOf<O> = O extends Next<infer _, infer R> ? R : void

/** A behavior as the layer runs it. */
export interface Definition extends ActorOptions {
  readonly state: (ctx: Ctx) => unknown
  readonly on: Readonly<Record<string, AnyHandler>>
  readonly internal?: Readonly<Record<string, AnyHandler>>
  readonly preRestart?: (state: unknown, error: unknown, ctx: Ctx) => void | Promise<void>
  readonly postStop?: (state: unknown, ctx: Ctx) => void | Promise<void>
}

export type AnyHandler = (state: unknown, message: unknown, ctx: Ctx) => unknown

/** Tells a reply from a plain state. */
export function isReply(outcome: unknown): outcome is { readonly state: unknown; readonly value: unknown } {
  return outcome instanceof NextState
}

/** The next behavior, when the handler returned one. */
export function behaviorOf(outcome: unknown): Behavior<unknown> | undefined {
  return outcome instanceof Becoming ? outcome[becoming] : undefined
}

class Becoming<P> implements Become<P> {
  readonly [becoming]: Behavior<P>
  constructor(behavior: Behavior<P>) {
    this[becoming] = behavior
  }
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
