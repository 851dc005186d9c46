import { Observable, Subject } from 'rxjs'
import { type ActorRef, type AnyRef, refText, targetOf, type Watcher } from './ref.js'
import { remoteLimits } from './remote/index.js'

declare const service: unique symbol

/** Names a service, and the protocol that whoever offers it understands. */
export interface ServiceKey<P> {
  readonly name: string
  readonly [service]?: (protocol: P) => P
}

/**
 * @example
 * const printers = serviceKey<{ print: (m: { text: string }) => void }>('printers')
 * system.receptionist.register(printers, printer)
 * const [first] = system.receptionist.find(printers)
 */
export function serviceKey<P>(name: string): ServiceKey<P> {
  if (name === '' || name.length > remoteLimits.keyLength)
    throw new TypeError(`A service key has 1 to ${remoteLimits.keyLength} characters`)
  return Object.freeze({ name })
}

/**
 * Who offers what, in the whole cluster: every peer knows what all peers offer, soon after it changed there. An offer
 * ends when its actor does, or when the peer that registered it is lost. Refs are in the same order on every peer.
 */
export interface Receptionist {
  /** Once is enough; again changes nothing. A `RangeError` above 1,000 of one peer. */
  register<P>(key: ServiceKey<P>, ref: ActorRef<NoInfer<P>>): void
  /** Takes back what this peer has registered. */
  deregister<P>(key: ServiceKey<P>, ref: ActorRef<NoInfer<P>>): void
  find<P>(key: ServiceKey<P>): readonly ActorRef<P>[]
  /** What is known now, then each change. */
  find$<P>(key: ServiceKey<P>): Observable<readonly ActorRef<P>[]>
}

type Offered = ReadonlyMap<string, readonly AnyRef[]>

/** The receptionist of one peer, with what it tells others and hears from them. */
export class Desk implements Receptionist {
  /** Called after each change of what is registered here. */
  onOwn: (() => void) | undefined
  readonly #own = new Map<string, Map<string, AnyRef>>()
  readonly #others = new Map<string, Offered>()
  readonly #known = new Map<string, readonly AnyRef[]>()
  readonly #changes = new Subject<string>()
  /** One for each ref that is registered. */
  readonly #watchers = new Map<string, Watcher>()
  #count = 0

  /** By key. */
  get own(): readonly (readonly [key: string, refs: readonly AnyRef[]])[] {
    return [...this.#own].map(([key, refs]) => [key, [...refs.values()]])
  }

  register<P>({ name }: ServiceKey<P>, ref: AnyRef): void {
    const text = refText(ref)
    const refs = this.#own.get(name) ?? new Map<string, AnyRef>()
    if (refs.has(text)) return
    if (this.#count >= remoteLimits.offers)
      throw new RangeError(`One peer registers at most ${remoteLimits.offers} refs`)
    this.#count++
    this.#own.set(name, refs.set(text, ref))
    this.#changed([name])
    if (this.#watchers.has(text)) return
    const watcher: Watcher = { terminated: () => this.#ended(text) }
    this.#watchers.set(text, watcher)
    ref[targetOf].watch(watcher)
  }

  deregister<P>({ name }: ServiceKey<P>, ref: AnyRef): void {
    const text = refText(ref)
    if (!this.#remove(name, text)) return
    this.#changed([name])
    const watcher = this.#watchers.get(text)
    if (watcher === undefined || [...this.#own.values()].some((refs) => refs.has(text))) return
    this.#watchers.delete(text)
    ref[targetOf].unwatch(watcher)
  }

  find<P>({ name }: ServiceKey<P>): readonly ActorRef<P>[] {
    let known = this.#known.get(name)
    if (known === undefined) {
      known = this.#collect(name)
      if (known.length > 0) this.#known.set(name, known)
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the key says what is registered under it
    return known as readonly ActorRef<P>[]
  }

  find$<P>(key: ServiceKey<P>): Observable<readonly ActorRef<P>[]> {
    return new Observable((subscriber) => {
      let last = this.find(key)
      subscriber.next(last)
      return this.#changes.subscribe({
        next: (name) => {
          const now = this.find(key)
          if (name !== key.name || sameRefs(last, now)) return
          last = now
          subscriber.next(now)
        },
        complete: () => subscriber.complete(),
      })
    })
  }

  /** What another peer offers now, whole; nothing when it is lost. */
  offered(node: string, offers: Offered): void {
    const before = this.#others.get(node)
    if (offers.size > 0) this.#others.set(node, offers)
    else if (!this.#others.delete(node)) return
    this.#tell([...new Set([...(before?.keys() ?? []), ...offers.keys()])])
  }

  close(): void {
    this.#changes.complete()
  }

  #ended(text: string): void {
    this.#watchers.delete(text)
    this.#changed([...this.#own.keys()].filter((key) => this.#remove(key, text)))
  }

  #remove(key: string, text: string): boolean {
    const refs = this.#own.get(key)
    if (refs?.delete(text) !== true) return false
    this.#count--
    if (refs.size === 0) this.#own.delete(key)
    return true
  }

  #changed(keys: readonly string[]): void {
    if (keys.length === 0) return
    this.onOwn?.()
    this.#tell(keys)
  }

  #tell(keys: readonly string[]): void {
    for (const key of keys) this.#known.delete(key)
    for (const key of keys) this.#changes.next(key)
  }

  #collect(key: string): readonly AnyRef[] {
    const all = new Map(this.#own.get(key))
    for (const offers of this.#others.values())
      for (const ref of offers.get(key) ?? []) if (!all.has(refText(ref))) all.set(refText(ref), ref)
    return [...all].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, ref]) => ref)
  }
}

function sameRefs(a: readonly AnyRef[], b: readonly AnyRef[]): boolean {
  return a.length === b.length && a.every((ref, i) => refText(ref) === refText(b[i] ?? ref))
}
