import { RECEIVE, type Receives } from './behavior.js'

/**
 * The address of one actor, for as long as that actor lives: an actor started later under the same path has
 * another `uid`, and messages to the old ref become dead letters. As JSON it is a text, `refText(ref)`, and inside
 * a message to another peer it arrives as a ref that works there.
 */
export interface AnyRef {
  /** The peer that the actor lives on and its start, `MEMBER.INCARNATION`; empty in a system of its own. */
  readonly node: string
  readonly path: string
  /** Of the actor that bears this path now. 0: whoever does, for well-known paths. */
  readonly uid: number
  readonly toJSON: () => string
  /** Only the layer makes refs. */
  readonly [targetOf]: Target
}

/**
 * A ref to an actor that understands the protocol `P`, for example
 * `ActorRef<{ inc: (m: { by: number }) => void; get: () => number }>` or, for a union of messages, `ActorRef<Receives<M>>`.
 */
export interface ActorRef<P> extends AnyRef {
  /**
   * Sends and forgets: `ref.tell.inc({ by: 1 })`, or `ref.tell(message)`. False when it is known already that nobody
   * will handle it, for example because the mailbox is full; then it became a dead letter, like everything that
   * cannot be handled.
   */
  readonly tell: Tell<P>
  /**
   * Sends and waits for the reply, 5 s unless the system was given another time. Rejects with `AskError`, at once
   * when the actor is gone or its peer is lost. Of a union of messages: `ref.ask((to) => ({ type: 'get', to }))`.
   */
  readonly ask: AskFor<P>
  /** `ask` with another deadline: `ref.askWithin(200).get()`. */
  askWithin(timeoutMs: number): AskFor<P>
}

export type Tell<P> =
  P extends Receives<infer M>
    ? (message: M) => boolean
    : {
        readonly [K in keyof P]: P[K] extends (...message: infer M) => unknown
          ? (...message: M) => boolean
          : never
      }

export type AskFor<P> =
  P extends Receives<infer M>
    ? <R>(make: (to: ActorRef<Receives<R>>) => M) => Promise<R>
    : {
        readonly [K in keyof P]: P[K] extends (...message: infer M) => infer R
          ? (...message: M) => Promise<Awaited<R>>
          : never
      }

export const targetOf: unique symbol = Symbol('tanist.actor')

/** What a ref leads to: an actor here, an actor on another peer, a router, a singleton wherever it is. */
export interface Target {
  /** Null: unknown here, every name may be one. */
  readonly handlers: readonly string[] | null
  /** False when it became a dead letter at once. */
  tell(handler: string, message: unknown): boolean
  ask(handler: string, message: unknown, timeoutMs?: number): Promise<unknown>
  stop(options?: StopOptions): Promise<void>
  /**
   * `watcher` hears of the end exactly once; when it has ended already, before this returns. A watcher only notes
   * it (an actor puts it into its mailbox).
   */
  watch(watcher: Watcher): void
  unwatch(watcher: Watcher): void
  /** Messages that wait for it, as far as that is known here. */
  readonly load: number
  /** A function that sends to one handler, where that is faster than looking it up each time. */
  sender?(handler: string, how: 'tell' | 'ask', timeoutMs?: number): Sender
}

export type Sender = (message?: unknown) => unknown

/** Asks an actor that answers by a ref in the message. */
export interface Asker {
  question(
    target: Target,
    path: string,
    make: (to: ActorRef<Receives<unknown>>) => unknown,
    timeoutMs: number | undefined,
  ): Promise<unknown>
}

export interface StopOptions {
  /** Handle what waits in the mailbox first; what comes from now on is refused. Default false: it becomes dead letters. */
  readonly drain?: boolean
  /**
   * How long to wait. After it what was still to be drained becomes dead letters and the promise rejects with a
   * `StopError` that names the actor that does not end; the stop goes on. Default: for ever.
   */
  readonly deadlineMs?: number
}

export interface Watcher {
  terminated(ref: AnyRef, why: 'stopped' | 'failed' | 'lost'): void
}

/** A ref without its protocol; it becomes typed where the behavior is known. */
export function makeRef(node: string, path: string, uid: number, target: Target, asker?: Asker): AnyRef {
  return new Ref(node, path, uid, target, asker)
}

/** Whether a value is a ref, whoever made it. */
export function isRef(value: unknown): value is AnyRef {
  return value instanceof Ref
}

/** After a change of its target's handlers. */
export function forgetSenders(ref: AnyRef): void {
  if (ref instanceof Ref) ref.forgetSenders()
}

/** `tanist:NODE/PATH#UID`: works at every peer of the cluster, until that actor has stopped. */
export function refText({ node, path, uid }: AnyRef): string {
  return `tanist:${node}/${path}#${uid}`
}

/** Null for anything else. */
export function parseRefText(text: string): { node: string; path: string; uid: number } | null {
  const [, node, path, uid] = /^tanist:([^/]*)\/([^#]+)#(\d{1,15})$/.exec(text) ?? []
  return node === undefined || path === undefined ? null : { node, path, uid: Number(uid) }
}

type How = 'tell' | 'ask'

/** Nothing inherited: a handler may be called `constructor`. */
const bare: object = Object.freeze(Object.create(null))

/** Builds its senders when they are first used: most actors are never asked. */
class Ref implements AnyRef {
  readonly node: string
  readonly path: string
  readonly uid: number
  readonly [targetOf]: Target
  readonly #asker: Asker | undefined
  #tell: unknown
  #ask: unknown

  constructor(node: string, path: string, uid: number, target: Target, asker: Asker | undefined) {
    this.node = node
    this.path = path
    this.uid = uid
    this[targetOf] = target
    this.#asker = asker
  }

  get tell(): unknown {
    return (this.#tell ??= this.#senders('tell'))
  }

  get ask(): unknown {
    return (this.#ask ??= this.#senders('ask'))
  }

  askWithin(timeoutMs: number): unknown {
    return this.#senders('ask', timeoutMs)
  }

  toJSON(): string {
    return refText(this)
  }

  /** The target has other handlers now. */
  forgetSenders(): void {
    this.#tell = undefined
    this.#ask = undefined
  }

  /** One function per handler, safe to take out of the object; of an unknown set one for every name. */
  #senders(how: How, timeoutMs?: number): unknown {
    const { handlers } = this[targetOf]
    if (handlers === null) return this.#anySenders(how, timeoutMs)
    if (handlers.includes(RECEIVE)) return this.#plain(how, timeoutMs)
    // Of a prototype of its own, so that the engine keeps it as an object and not as a table.
    const senders: Record<string, Sender> = Object.create(bare)
    for (const handler of handlers) senders[handler] = this.#sender(handler, how, timeoutMs)
    return senders
  }

  #sender(handler: string, how: How, timeoutMs: number | undefined): Sender {
    const target = this[targetOf]
    if (target.sender !== undefined) return target.sender(handler, how, timeoutMs)
    if (how === 'tell') return (message) => target.tell(handler, message)
    return (message) => target.ask(handler, message, timeoutMs)
  }

  /** `ref.tell(message)` and `ref.ask((to) => message)`. */
  #plain(how: How, timeoutMs: number | undefined): Sender {
    const target = this[targetOf]
    if (how === 'tell') return this.#sender(RECEIVE, 'tell', timeoutMs)
    return (make) => {
      if (typeof make !== 'function') throw new TypeError('Give ask a function: ref.ask((to) => message)')
      if (this.#asker === undefined) throw new TypeError(`${this.path} can be asked only through a system`)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const maker = make as (to: ActorRef<Receives<unknown>>) => unknown
      return this.#asker.question(target, this.path, maker, timeoutMs)
    }
  }

  #anySenders(how: How, timeoutMs: number | undefined): unknown {
    const known = new Map<string, Sender>()
    return new Proxy(this.#plain(how, timeoutMs), {
      get: (_, name) => {
        if (typeof name !== 'string') return undefined
        let sender = known.get(name)
        if (sender === undefined) known.set(name, (sender = this.#sender(name, how, timeoutMs)))
        return sender
      },
    })
  }
}
