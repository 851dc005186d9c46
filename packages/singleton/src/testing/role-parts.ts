import type { Accept, Event, Proxy, Refuse } from '../role/index.js'

/** The parts of a role's type, for whoever tests it: names, inputs, replies, refusals and events. */
export type CommandName<C> = keyof C & string

type CallArgs<C, K extends CommandName<C>> = Proxy<C>[K] extends (...args: infer A) => unknown ? A : never

export type InputOf<C, K extends CommandName<C>> = CallArgs<C, K>[0]

/** The arguments of a command, then `O`. */
export type ArgsWith<C, K extends CommandName<C>, O> =
  [] extends CallArgs<C, K> ? [input?: InputOf<C, K>, options?: O] : [input: InputOf<C, K>, options?: O]

type DecisionOf<C, K extends CommandName<C>> = C[K] extends (...args: never) => infer D ? D : never

export type ReplyOf<C, K extends CommandName<C>> =
  DecisionOf<C, K> extends infer D ? (D extends Accept<infer R> ? R : never) : never

export type RefusalOf<C, K extends CommandName<C>> =
  DecisionOf<C, K> extends infer D ? (D extends Refuse<infer F> ? F : never) : never

type PayloadOf<F> = F extends (state: never, ...rest: infer R) => unknown ? R[0] : never

/** One of the role's events as plain data. */
export type EventOf<S, E> = {
  [K in keyof E & string]:
    | Event<S, K, PayloadOf<E[K]>>
    | { readonly type: K; readonly payload: PayloadOf<E[K]> }
}[keyof E & string]
