import { isObservable, type Observable, type Subscription } from 'rxjs'
import type { Timer, Timers } from '../host/index.js'
import { AskError } from './errors.js'
import type { Exposed } from './exposed.js'
import type { Receptionist, ServiceKey } from './receptionist.js'
import { type ActorRef, type AnyRef, refText, type Target, targetOf, type Watcher } from './ref.js'
import type { DeadLetter } from './reports.js'

/** Whom a router sends to: fixed refs, refs that change, or whoever offers a service. */
export type Routees<P> = readonly ActorRef<P>[] | Observable<readonly ActorRef<P>[]> | ServiceKey<P>

export interface RouterOptions {
  /**
   * `round-robin` (default): one after the other. `least-busy`: the one with the fewest messages that wait, or asks
   * of this router that are open, whatever is more. `consistent-hash`: the same one for the same `hash`, as long as it
   * is there; when routees come and go, only the hashes that they had move.
   */
  readonly strategy?: 'round-robin' | 'least-busy' | 'consistent-hash'
  /** What decides for `consistent-hash`, which needs it: a text of the message. */
  readonly hash?: (message: never, handler: string) => string
  /** How long messages wait while there is no routee, at most 1,000 of them. Default 0: dead letters and failures at once. */
  readonly waitMs?: number
}

export interface RouterPorts {
  readonly timers: Timers
  readonly receptionist: Receptionist
  dead(letter: DeadLetter): void
  readonly exposed: Exposed
}

const WAITING_MAX = 1_000

interface Routee {
  readonly ref: AnyRef
  readonly hash: number
  readonly watcher: Watcher
  /** Asks of this router. */
  open: number
}

interface Waiting {
  readonly handler: string
  readonly message: unknown
  readonly send: (routee: Routee) => void
  readonly fail: (error: AskError) => void
}

/** Sends each message on to one of its routees, at once and without a mailbox of its own. */
export class Router<P> implements Target {
  readonly handlers: null = null
  readonly path: string
  readonly ref: AnyRef
  readonly #ports: RouterPorts
  readonly #strategy: 'round-robin' | 'least-busy' | 'consistent-hash'
  readonly #hash: (message: unknown, handler: string) => string
  readonly #waitMs: number
  readonly #watchers = new Set<Watcher>()
  readonly #source: Subscription | undefined
  #routees: readonly Routee[] = []
  /** In the order of their coming, each with its deadline. */
  readonly #waiting = new Map<Waiting, Timer>()
  #next = 0
  #stopped = false

  constructor(ports: RouterPorts, path: string, routees: Routees<P>, options: RouterOptions) {
    this.#ports = ports
    this.path = path
    this.#strategy = options.strategy ?? 'round-robin'
    this.#waitMs = options.waitMs ?? 0
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it gets what callers of this protocol send
    const hash = options.hash as ((message: unknown, handler: string) => string) | undefined
    if (this.#strategy === 'consistent-hash' && hash === undefined)
      throw new TypeError(
        'A router by consistent-hash needs the option hash: a function from a message to a text',
      )
    this.#hash = hash ?? (() => '')
    this.ref = ports.exposed.add(path, this)
    if (isList(routees)) this.#setRoutees(routees)
    else {
      const refs$ = isObservable(routees) ? routees : ports.receptionist.find$(routees)
      this.#source = refs$.subscribe((refs: readonly AnyRef[]) => this.#setRoutees(refs))
    }
  }

  get load(): number {
    return this.#waiting.size
  }

  tell(handler: string, message: unknown): boolean {
    const routee = this.#choose(handler, message)
    if (routee !== undefined) return routee.ref[targetOf].tell(handler, message)
    return this.#wait(
      handler,
      message,
      (found) => void found.ref[targetOf].tell(handler, message),
      () => {},
    )
  }

  ask(handler: string, message: unknown, timeoutMs?: number): Promise<unknown> {
    const routee = this.#choose(handler, message)
    if (routee !== undefined) return this.#askOf(routee, handler, message, timeoutMs)
    return new Promise((resolve, reject) => {
      const send = (found: Routee): void => {
        this.#askOf(found, handler, message, timeoutMs).then(resolve, reject)
      }
      this.#wait(handler, message, send, reject)
    })
  }

  /** Its routees go on. */
  stop(): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    this.#stopped = true
    this.#source?.unsubscribe()
    this.#setRoutees([])
    for (const waiting of this.#waiting.keys()) this.#drop(waiting, 'stopped')
    this.#ports.exposed.delete(this.path)
    for (const watcher of this.#watchers) watcher.terminated(this.ref, 'stopped')
    this.#watchers.clear()
    return Promise.resolve()
  }

  watch(watcher: Watcher): void {
    if (!this.#stopped) this.#watchers.add(watcher)
    else watcher.terminated(this.ref, 'stopped')
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher)
  }

  async #askOf(
    routee: Routee,
    handler: string,
    message: unknown,
    timeoutMs: number | undefined,
  ): Promise<unknown> {
    routee.open++
    try {
      return await routee.ref[targetOf].ask(handler, message, timeoutMs)
    } finally {
      routee.open--
    }
  }

  #choose(handler: string, message: unknown): Routee | undefined {
    const routees = this.#routees
    if (routees.length <= 1) return routees[0]
    if (this.#strategy === 'consistent-hash') return highest(routees, hashOf(this.#hash(message, handler)))
    this.#next = (this.#next + 1) % routees.length
    if (this.#strategy === 'round-robin') return routees[this.#next]
    let best = routees[this.#next]
    let least = busyness(best)
    for (let i = 1; i < routees.length && least > 0; i++) {
      const other = routees[(this.#next + i) % routees.length]
      const load = busyness(other)
      if (load < least) [best, least] = [other, load]
    }
    return best
  }

  #wait(
    handler: string,
    message: unknown,
    send: (routee: Routee) => void,
    fail: (error: AskError) => void,
  ): boolean {
    const waiting: Waiting = { handler, message, send, fail }
    const isFull = this.#waiting.size >= WAITING_MAX
    if (this.#waitMs === 0 || this.#stopped || isFull) {
      this.#drop(waiting, isFull ? 'full' : 'stopped')
      return false
    }
    this.#waiting.set(
      waiting,
      this.#ports.timers.set(this.#waitMs, () => this.#drop(waiting, 'stopped')),
    )
    return true
  }

  #drop(waiting: Waiting, reason: 'full' | 'stopped'): void {
    this.#waiting.get(waiting)?.cancel()
    this.#waiting.delete(waiting)
    const { handler, message, fail } = waiting
    const text = reason === 'full' ? `${WAITING_MAX} messages wait for a routee already` : 'it has no routee'
    fail(new AskError(reason, `${handler} of the router ${this.path}: ${text}`))
    this.#ports.dead({ path: this.path, handler, message, reason })
  }

  #setRoutees(refs: readonly AnyRef[]): void {
    const before = new Map(this.#routees.map((routee) => [refText(routee.ref), routee]))
    const now = new Map<string, Routee>()
    for (const ref of refs) {
      const text = refText(ref)
      now.set(text, now.get(text) ?? before.get(text) ?? this.#routee(ref, text))
    }
    this.#routees = [...now.values()]
    for (const [text, routee] of before) if (!now.has(text)) routee.ref[targetOf].unwatch(routee.watcher)
    for (const [text, routee] of now) if (!before.has(text)) routee.ref[targetOf].watch(routee.watcher)
    if (this.#routees.length > 0) this.#release()
  }

  #routee(ref: AnyRef, text: string): Routee {
    const ended = (): void => {
      this.#routees = this.#routees.filter(({ watcher: other }) => other !== watcher)
    }
    const watcher: Watcher = { terminated: ended }
    return { ref, hash: hashOf(text), watcher, open: 0 }
  }

  #release(): void {
    for (const [waiting, timer] of this.#waiting) {
      const routee = this.#choose(waiting.handler, waiting.message)
      if (routee === undefined) return
      timer.cancel()
      this.#waiting.delete(waiting)
      waiting.send(routee)
    }
  }
}

function isList<P>(routees: Routees<P>): routees is readonly ActorRef<P>[] {
  return Array.isArray(routees)
}

function busyness(routee: Routee | undefined): number {
  return routee === undefined ? 0 : Math.max(routee.ref[targetOf].load, routee.open)
}

/** Rendezvous hashing (Thaler and Ravishankar 1996): each key goes to the routee with which it hashes highest. */
function highest(routees: readonly Routee[], key: number): Routee | undefined {
  let best: Routee | undefined
  let most = -1
  for (const routee of routees) {
    const score = mixed(routee.hash ^ key)
    if (score > most) [best, most] = [routee, score]
  }
  return best
}

/** FNV-1a, mixed. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mixed(hash)
}

/** The finalizer of MurmurHash3: every bit of the input moves half of the bits. */
function mixed(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
