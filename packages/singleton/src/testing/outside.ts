import type { Random } from '@tanist/core'
import { seededRandom } from '@tanist/core/testing'
import type { World } from '@tanist/core/testing'
import type { AnyRole, Role } from '../role/index.js'
import type { PeerEnv } from './env.js'
import type { LawEvent } from './laws/index.js'
import { ReignBook } from './reign-book.js'
import { showShort } from './value-text.js'

/** A fencing token, or the part of it that a call carries. */
export interface Token {
  readonly term: number
  readonly index: number
}

/** A call to an outside system, as the system saw it. */
export interface ServiceCall<Q, A> {
  /** Counts the calls of this system from 1, in the order in which they were made. */
  readonly n: number
  readonly node: string
  readonly life: number
  readonly token: Token | null
  readonly request: Q
  readonly calledAtMs: number
  /** When the system handled it; null when it got lost on the way there, or the run ended before. */
  readonly handledAtMs: number | null
  readonly reply: A | null
  /** What it threw instead of a reply. */
  readonly error: string | null
  /** The caller got the reply or the error: it lived, and the answer was not lost. */
  readonly heard: boolean
}

/** No answer came. Whether the call was handled nobody can know: as with every real system. */
export class NoAnswer extends Error {
  constructor(service: string) {
    super(`${service} did not answer; it may have done what it was asked or not`)
    this.name = 'NoAnswer'
  }
}

/** Handles a request at once. What it throws, the caller gets. */
export type Handler<Q, A> = (
  request: Q,
  call: Pick<ServiceCall<Q, A>, 'n' | 'node' | 'life' | 'token' | 'calledAtMs'>,
) => A

export interface ServiceOptions {
  /** Longest time of a call, there and back. Default 20. */
  readonly latencyMs?: number
  /** Share of calls that the caller hears nothing of but `NoAnswer`; half of them were handled. Default 0. */
  readonly failRate?: number
  /** After this time without an answer the caller gets `NoAnswer`. Default 1,000. */
  readonly timeoutMs?: number
}

/** An outside system: a bank, a mail server, a printer. It lives as long as the run, whatever crashes. */
export interface Service<Q, A> {
  readonly name: string
  readonly calls: readonly ServiceCall<Q, A>[]
  /** What the roles of one life of one peer call; never answers a process that has ended. */
  for(env: PeerEnv): (request: Q, token?: Token) => Promise<A>
  /** A call as one of the events that contradict each other, for laws. */
  event(call: ServiceCall<Q, A>): LawEvent
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * The world around a cluster, for one run: outside systems that roles call from `onServe`, and records of reigns.
 * Nothing in it belongs to a peer, so it outlives all crashes.
 */
export class Outside {
  readonly reigns: ReignBook = new ReignBook()
  readonly #seed: number | string
  readonly #carrier: Carrier = { world: null }

  constructor(seed: number | string) {
    this.#seed = seed
  }

  /** To be called once the cluster has formed, before its first fault: from then on the world carries the calls. */
  attach(world: World): void {
    this.#carrier.world = world
  }

  /**
   * @example
   * const bank = outside.service('bank', (charge: { id: string; cents: number }) => bookings.push(charge), {
   *   latencyMs: 50,
   *   failRate: 0.1,
   * })
   */
  service<Q, A>(name: string, handler: Handler<Q, A>, options: ServiceOptions = {}): Service<Q, A> {
    const random = seededRandom(`${this.#seed}/outside/${name}`)
    return new SimService(name, handler, options, this.#carrier, random)
  }

  /** The same role, with the begin and end of its `onServe` and `onYield` recorded in `reigns`. */
  recordReigns<S, E, C>(role: Role<S, E, C>, env: PeerEnv): Role<S, E, C> {
    return this.reigns.record(role as Role<S, E, C> & AnyRole, env) as unknown as Role<S, E, C>
  }
}

/** What is under way outlives its caller once a world carries it; before the first fault nobody crashes. */
interface Carrier {
  world: World | null
}

class SimService<Q, A> implements Service<Q, A> {
  readonly name: string
  readonly calls: Mutable<ServiceCall<Q, A>>[] = []
  readonly #handler: Handler<Q, A>
  readonly #options: Required<ServiceOptions>
  readonly #carrier: Carrier
  readonly #random: Random

  constructor(
    name: string,
    handler: Handler<Q, A>,
    options: ServiceOptions,
    carrier: Carrier,
    random: Random,
  ) {
    const { latencyMs = 20, failRate = 0, timeoutMs = 1_000 } = options
    this.name = name
    this.#handler = handler
    this.#options = { latencyMs, failRate, timeoutMs }
    this.#carrier = carrier
    this.#random = random
  }

  for(env: PeerEnv): (request: Q, token?: Token) => Promise<A> {
    return (request, token) =>
      new Promise((resolve, reject) => this.#call(env, request, token ?? null, resolve, reject))
  }

  event({ n, node, request, token, calledAtMs }: ServiceCall<Q, A>): LawEvent {
    const reign = token === null ? '' : ` with the token ${token.term}.${token.index}`
    return { atMs: calledAtMs, node, text: `call ${n} of ${this.name}: ${showShort(request)}${reign}` }
  }

  #call(
    env: PeerEnv,
    request: Q,
    token: Token | null,
    resolve: (reply: A) => void,
    reject: (error: unknown) => void,
  ): void {
    const { latencyMs, failRate, timeoutMs } = this.#options
    const { node, life, host } = env
    const call: Mutable<ServiceCall<Q, A>> = {
      n: this.calls.length + 1,
      node,
      life,
      token,
      request,
      calledAtMs: env.nowMs(),
      handledAtMs: null,
      reply: null,
      error: null,
      heard: false,
    }
    this.calls.push(call)
    const fate = this.#random.next()
    const lostThere = fate < failRate / 2
    const lostBack = !lostThere && fate < failRate
    const [there, back] = [this.#random.next(), this.#random.next()].map((share) => (share * latencyMs) / 2)
    // Timers of a process that has ended never fire: it hears nothing.
    const end = (afterMs: number, settle: () => void): void => void host.timers.set(afterMs, settle)
    end(timeoutMs, () => reject(new NoAnswer(this.name)))
    if (lostThere) return
    this.#travel(env, there ?? 0, () => {
      const answer = this.#handle(call, env)
      if (lostBack) return
      end(back ?? 0, () => {
        call.heard = true
        if ('error' in answer) reject(answer.error)
        else resolve(answer.reply)
      })
    })
  }

  #handle(
    call: Mutable<ServiceCall<Q, A>>,
    { nowMs }: PeerEnv,
  ): { readonly reply: A } | { readonly error: unknown } {
    call.handledAtMs = nowMs()
    const what = `${this.name}: ${showShort(call.request)} from ${call.node}`
    this.#carrier.world?.remark('', 'moment', what)
    try {
      call.reply = this.#handler(call.request, call)
      return { reply: call.reply }
    } catch (error) {
      call.error = error instanceof Error ? error.message : String(error)
      return { error }
    }
  }

  /** What is under way arrives, whatever becomes of the caller. */
  #travel({ host }: PeerEnv, afterMs: number, arrive: () => void): void {
    const { world } = this.#carrier
    if (world === null) host.timers.set(afterMs, arrive)
    else world.schedule(world.nowMs + afterMs, arrive)
  }
}
