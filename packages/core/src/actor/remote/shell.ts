import { CodecError } from '../../codec/index.js'
import type { Clock, Log, Timer, Timers } from '../../host/index.js'
import { actorLimits } from '../limits.js'
import { type AnyRef, parseRefText, refText, type StopOptions, type Target } from '../ref.js'
import type { Watcher } from '../ref.js'
import type { Desk } from '../receptionist.js'
import type { Remote } from '../remote.js'
import type { DeadLetter } from '../reports.js'
import type { ActorSystem } from '../system.js'
import { Deliveries } from './deliveries.js'
import { asActorMessage } from './form.js'
import { remoteLimits as limits } from './limits.js'
import { admits, stepRemote } from './machine.js'
import type { ActorMessage, Offers, Parcel, Place, SessionMessage } from './messages.js'
import { pack, unpack } from './parcel.js'
import { Questions } from './questions.js'
import { createRemote, type RemoteEffect, type RemoteInput, type RemoteState } from './state.js'
import { RemoteTarget } from './target.js'

/** What the shell needs of its peer. */
export interface RemotePorts {
  readonly host: { readonly clock: Clock; readonly timers: Timers; readonly log: Log }
  /** Dropped when there is no link: what matters is sent again. */
  send(node: string, message: SessionMessage): void
  /** Something waits for this node, and there is no link to it: one is made if there can be one. */
  need?(node: string): void
  /** Calls `flush` soon, at the end of a turn. */
  wake(): void
}

/**
 * Actors of other peers as targets here, and actors here for other peers: the shell around `stepRemote`. What it is
 * told of links and members comes by `step`; it must be flushed after `wake` was called.
 */
export class RemoteActors implements Remote {
  readonly node: string
  readonly #ports: RemotePorts
  readonly #system: ActorSystem
  readonly #questions: Questions
  readonly #deliveries: Deliveries
  /** Nodes that this process was under former identities: refs to them lead here. */
  readonly #own: Set<string>
  #state: RemoteState
  #desk: Desk | undefined
  readonly #timers = new Set<Timer>()
  #offersDue = false
  #awake = false
  #stopped = false

  /** `system` is connected by this, and belongs to the node of the first identity. */
  constructor(system: ActorSystem, ports: RemotePorts) {
    this.node = system.node
    this.#system = system
    this.#ports = ports
    this.#own = new Set([system.node])
    this.#state = createRemote(system.node)
    this.#questions = new Questions(ports.host.timers, (id) => this.step({ kind: 'forget', id }))
    this.#deliveries = new Deliveries(system, {
      pack: (value) => this.#pack(value),
      unpack: (parcel) => this.#unpack(parcel),
      step: (input) => this.step(input),
    })
    system.connect(this)
  }

  attach(desk: Desk): void {
    this.#desk = desk
    desk.onOwn = () => this.#changed()
    this.#changed()
  }

  target(node: string, path: string, uid: number): Target {
    const here = this.#own.has(node) ? this.#system.local(path, uid) : undefined
    return here ?? new RemoteTarget(this, node, path, uid)
  }

  /** The peer goes on under another identity: what was between the former one and others is lost. */
  rename(node: string): void {
    for (const linked of this.#state.linked) this.step({ kind: 'down', node: linked })
    for (const { node: other } of [...this.#state.sessions.values()]) this.step({ kind: 'over', node: other })
    this.#own.add(node)
    // What the former one had asked to be woken for is over.
    this.#awake = false
    this.#state = createRemote(node)
    this.#changed()
  }

  /** No peer is reached any more: everything under way is lost. */
  stop(): void {
    this.#stopped = true
    for (const { node } of [...this.#state.sessions.values()]) this.step({ kind: 'over', node })
    for (const timer of this.#timers) timer.cancel()
  }

  step(input: RemoteInput): void {
    const { clock } = this.#ports.host
    const effects = stepRemote(this.#state, input, clock.now().monotonicMs)
    for (const effect of effects) this.#run(effect)
    if (input.kind !== 'flush') this.#wake()
  }

  flush(): void {
    this.#awake = false
    if (this.#offersDue) this.#offer()
    this.step({ kind: 'flush' })
  }

  /** @throws CodecError */
  tell(node: string, at: Place, handler: string, message: unknown): boolean {
    const text = this.#encode({ t: 'tell', at, handler, message: this.#pack(message) })
    const taken = this.#admits(node, text.length)
    if (taken !== 'yes') {
      this.#dead(node, at, handler, message, taken)
      return false
    }
    this.step({ kind: 'post', node, text })
    return true
  }

  ask(
    node: string,
    at: Place,
    handler: string,
    message: unknown,
    forMs: number = actorLimits.askTimeoutMs,
  ): Promise<unknown> {
    const question = this.#questions.open(`${handler} of ${placeText(node, at)}`, forMs)
    return this.#post(node, question, () =>
      this.#encode({
        t: 'ask',
        id: question.id,
        at,
        handler,
        message: this.#pack(message),
        forMs: Math.ceil(forMs),
      }),
    )
  }

  watch(node: string, at: Place, watcher: Watcher): void {
    if (this.#stopped) watcher.terminated(this.#system.resolve(placeText(node, at)), 'lost')
    else this.step({ kind: 'watch', node, at, watcher })
  }

  stopActor(node: string, at: Place, { drain = false, deadlineMs }: StopOptions = {}): Promise<unknown> {
    const question = this.#questions.open(`stop of ${placeText(node, at)}`, deadlineMs)
    return this.#post(node, question, () => this.#encode({ t: 'stop', id: question.id, at, drain }))
  }

  #post(
    node: string,
    { id, reply }: { readonly id: number; readonly reply: Promise<unknown> },
    encode: () => string,
  ): Promise<unknown> {
    try {
      const text = encode()
      const taken = this.#admits(node, text.length)
      if (taken === 'yes') this.step({ kind: 'post', node, text, ask: id })
      else
        this.#questions.fail(id, taken, taken === 'full' ? 'too much waits for its peer' : 'its peer is gone')
    } catch (error) {
      this.#questions.throw(id, error)
    }
    return reply
  }

  #admits(node: string, length: number): 'yes' | 'full' | 'lost' {
    return this.#stopped ? 'lost' : admits(this.#state, node, length)
  }

  #encode(message: ActorMessage): string {
    const text = JSON.stringify(message)
    if (text.length > limits.messageLength)
      throw new CodecError(
        `a message of ${text.length} characters; at most ${limits.messageLength} can be sent`,
        '$',
      )
    return text
  }

  #pack(value: unknown): Parcel {
    return pack(value, (ref) => this.#textOf(ref))
  }

  /** Null for an actor of a system that no peer belongs to. */
  #textOf(ref: AnyRef): string | null {
    if (ref.node === '') return null
    return refText(this.#own.has(ref.node) ? { path: ref.path, uid: ref.uid, node: this.#state.self } : ref)
  }

  #unpack(parcel: Parcel): unknown {
    return unpack(parcel, (text) => this.#refOf(text))
  }

  #refOf(text: string): AnyRef {
    const place = parseRefText(text)
    if (place === null) throw new CodecError('a ref is announced where none is')
    return this.#system.resolve(this.#own.has(place.node) ? refText({ ...place, node: this.node }) : text)
  }

  #run(effect: RemoteEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#ports.send(effect.node, effect.message)
      case 'need':
        return this.#ports.need?.(effect.node)
      case 'deliver':
        return this.#deliveries.deliver(effect.node, effect.message)
      case 'reply':
        return this.#questions.answer(effect.id, () => this.#unpack(effect.message))
      case 'fail':
        return this.#questions.fail(effect.id, effect.code, effect.text)
      case 'terminated': {
        const { node, at, why, watcher } = effect
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `watch` has put in
        return (watcher as Watcher).terminated(this.#system.resolve(placeText(node, at)), why)
      }
      case 'watched':
        return this.#deliveries.watch(effect.node, effect.at)
      case 'unwatched':
        return this.#deliveries.unwatch(effect.node, effect.at)
      case 'dropped':
        for (const text of effect.texts) this.#dropped(effect.node, text)
        return
      case 'malformed':
        return this.#deliveries.malformed(effect.node, effect.json)
      case 'offered':
        return this.#offered(effect.node, effect.offers)
      case 'timer': {
        const { key, afterMs } = effect
        const timer = this.#ports.host.timers.set(afterMs, () => {
          this.#timers.delete(timer)
          this.step({ kind: 'timer', key })
        })
        this.#timers.add(timer)
        return
      }
    }
  }

  /** All that changes in one turn goes in one message. */
  #changed(): void {
    this.#offersDue = true
    this.#wake()
  }

  #wake(): void {
    if (this.#awake || this.#stopped) return
    this.#awake = true
    this.#ports.wake()
  }

  #offer(): void {
    this.#offersDue = false
    const own = this.#desk?.own ?? []
    const offers = own.map(([key, refs]) => [key, refs.map((ref) => this.#textOf(ref) ?? '')] as const)
    this.step({ kind: 'offers', offers })
  }

  #offered(node: string, offers: Offers): void {
    const known = new Map<string, readonly AnyRef[]>()
    for (const [key, texts] of offers) {
      const refs = texts.flatMap((text) => (parseRefText(text) === null ? [] : [this.#refOf(text)]))
      if (refs.length > 0) known.set(key, refs)
    }
    this.#desk?.offered(node, known)
  }

  #dropped(node: string, text: string): void {
    const told = asActorMessage(JSON.parse(text))
    if (told?.t === 'tell') this.#dead(node, told.at, told.handler, this.#unpack(told.message), 'lost')
  }

  #dead(node: string, at: Place, handler: string, message: unknown, reason: DeadLetter['reason']): void {
    this.#system.deadLetter({ path: placeText(node, at), handler, message, reason })
  }
}

function placeText(node: string, [path, uid]: Place): string {
  return refText({ node, path, uid })
}
