/**
 * The address of one actor, for as long as that actor lives: an actor started later under the same path has
 * another `uid`, and messages to the old ref become dead letters.
 */
export interface AnyRef {
  readonly path: string
  readonly uid: number
  /** Only the layer makes refs. */
  readonly [targetOf]: Target
}

/**
 * A ref to an actor that understands the protocol `P`, for example
 * `ActorRef<{ inc: (m: { by: number }) => void; get: () => number }>`.
 */
export interface ActorRef<P> extends AnyRef {
  /** Sends and forgets. What cannot be handled becomes a dead letter. */
  readonly tell: Tell<P>
  /** Sends and waits for the reply, 5 s unless the system was given another time. Rejects with `AskError`. */
  readonly ask: AskFor<P>
  /** `ask` with another deadline: `ref.askWithin(200).get()`. */
  askWithin(timeoutMs: number): AskFor<P>
}

export type Tell<P> = {
  readonly [K in keyof P]: P[K] extends (...message: infer M) => unknown ? (...message: M) => void : never
}

export type AskFor<P> = {
  readonly [K in keyof P]: P[K] extends (...message: infer M) => infer R
    ? (...message: M) => Promise<Awaited<R>>
    : never
}

export const targetOf: unique symbol = Symbol('tanist.actor')

/** What a ref leads to. */
export interface Target {
  readonly handlers: readonly string[]
  tell(handler: string, message: unknown): void
  ask(handler: string, message: unknown, timeoutMs?: number): Promise<unknown>
  stop(): Promise<void>
}

type Send<R> = (message?: unknown) => R

/** One function per handler, safe to take out of the object. */
function sendersOf<R>(
  target: Target,
  send: (handler: string, message: unknown) => R,
): Record<string, Send<R>> {
  const senders: Record<string, Send<R>> = Object.create(null)
  for (const handler of target.handlers) senders[handler] = (message) => send(handler, message)
  return senders
}

/** A ref without its protocol; it becomes typed where the behavior is known. */
export function makeRef(path: string, uid: number, target: Target): AnyRef {
  return new Ref(path, uid, target)
}

/** Builds its senders when they are first used: most actors are never asked. */
class Ref implements AnyRef {
  readonly path: string
  readonly uid: number
  readonly [targetOf]: Target
  #tell: Record<string, Send<void>> | undefined
  #ask: Record<string, Send<Promise<unknown>>> | undefined

  constructor(path: string, uid: number, target: Target) {
    this.path = path
    this.uid = uid
    this[targetOf] = target
  }

  get tell(): Record<string, Send<void>> {
    const target = this[targetOf]
    return (this.#tell ??= sendersOf(target, (handler, message) => target.tell(handler, message)))
  }

  get ask(): Record<string, Send<Promise<unknown>>> {
    const target = this[targetOf]
    return (this.#ask ??= sendersOf(target, (handler, message) => target.ask(handler, message)))
  }

  askWithin(timeoutMs: number): Record<string, Send<Promise<unknown>>> {
    const target = this[targetOf]
    return sendersOf(target, (handler, message) => target.ask(handler, message, timeoutMs))
  }
}
