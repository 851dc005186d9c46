import type { Receives } from './behavior.js'

/**
 * The address of one actor, for as long as that actor lives: an actor started later under the same path has
 * another `uid`, and messages to the old ref become dead letters. As JSON it is a text, `refText(ref)`, and inside
 * a message to another peer it arrives as a ref that works there.
 */
export interface AnyRef {
  /** The peer that the actor lives on and its start, `MEMBER.INCARNATION`; `*`: wherever it is read; empty in a system of its own. */
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

type Send<R> = (message?: unknown) => R

/** One function per handler, safe to take out of the object; of an unknown set one for every name. */
function sendersOf<R>(target: Target, send: (handler: string, message: unknown) => R): unknown {
  if (target.handlers === null) {
    const known: Record<string, Send<R>> = Object.create(null)
    return new Proxy(known, {
      get: (_, name) =>
        typeof name === 'string' ? (known[name] ??= (message) => send(name, message)) : undefined,
    })
  }
  const senders: Record<string, Send<R>> = Object.create(null)
  for (const handler of target.handlers) senders[handler] = (message) => send(handler, message)
  return senders
}

/** A ref without its protocol; it becomes typed where the behavior is known. */
export function makeRef(node: string, path: string, uid: number, target: Target): AnyRef {
  return new Ref(node, path, uid, target)
}

/** Whether a value is a ref, whoever made it. */
export function isRef(value: unknown): value is AnyRef {
  return value instanceof Ref
}

/** `tanist:NODE/PATH#UID`: works at every peer of the cluster, until that actor has stopped. */
export function refText({ node, path, uid }: Pick<AnyRef, 'node' | 'path' | 'uid'>): string {
  return `tanist:${node}/${path}#${uid}`
}

/** Null for anything else. */
export function parseRefText(text: string): { node: string; path: string; uid: number } | null {
  const [, node, path, uid] = /^tanist:([^/]*)\/([^#]+)#(\d{1,15})$/.exec(text) ?? []
  return node === undefined || path === undefined ? null : { node, path, uid: Number(uid) }
}

/** Builds its senders when they are first used: most actors are never asked. */
class Ref implements AnyRef {
  readonly node: string
  readonly path: string
  readonly uid: number
  readonly [targetOf]: Target
  #tell: unknown
  #ask: unknown

  constructor(node: string, path: string, uid: number, target: Target) {
    this.node = node
    this.path = path
    this.uid = uid
    this[targetOf] = target
  }

  get tell(): unknown {
    const target = this[targetOf]
    return (this.#tell ??= sendersOf(target, (handler, message) => target.tell(handler, message)))
  }

  get ask(): unknown {
    const target = this[targetOf]
    return (this.#ask ??= sendersOf(target, (handler, message) => target.ask(handler, message)))
  }

  askWithin(timeoutMs: number): unknown {
    const target = this[targetOf]
    return sendersOf(target, (handler, message) => target.ask(handler, message, timeoutMs))
  }

  toJSON(): string {
    return refText(this)
  }
}
