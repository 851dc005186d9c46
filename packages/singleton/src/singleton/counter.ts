import { actorLimits, AskError, targetOf } from '@tanist/core'
import type { ActorSystem, AnyRef, Host, Target, Timer, Watcher } from '@tanist/core'
import { createDesk, stepDesk } from './desk.js'
import type { Desk, DeskConfig, DeskEffect, DeskInput, DeskLoss, DeskPlace } from './desk.js'

interface Asker {
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** What the refs of one singleton on one member lead to: the shell around its desk. */
export class Counter implements Target {
  readonly handlers: null = null
  readonly #host: Pick<Host, 'clock' | 'timers' | 'log'>
  readonly #actors: () => ActorSystem
  readonly #desk: Desk
  readonly #askers = new Map<number, Asker>()
  readonly #watchers = new Set<Watcher>()
  /** Called before what waited too long is told what it waited for. */
  beforeEnd: () => void = () => {}
  #lastAsk = 0
  #timer: Timer | null = null
  #ref: AnyRef | undefined
  #to: { readonly instance: string; readonly target: Target } | null = null

  constructor(host: Pick<Host, 'clock' | 'timers' | 'log'>, actors: () => ActorSystem, config: DeskConfig) {
    this.#host = host
    this.#actors = actors
    this.#desk = createDesk(config)
  }

  /** The same one each time, at every peer; the peer has a place for it from the first time on. */
  get ref(): AnyRef {
    return (this.#ref ??= this.#actors().place(this.#path, this))
  }

  get #path(): string {
    return `singleton/${this.#desk.config.name}`
  }

  get instance(): string | null {
    return this.#desk.instance
  }

  get load(): number {
    return this.#desk.queue.length + this.#desk.under.size
  }

  tell(handler: string, message: unknown): boolean {
    return this.#step({ kind: 'tell', handler, message }, true)
  }

  ask(handler: string, message: unknown, forMs: number = actorLimits.askTimeoutMs): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#lastAsk += 1
      this.#askers.set(this.#lastAsk, { resolve, reject })
      this.#step({ kind: 'ask', id: this.#lastAsk, handler, message, forMs }, false)
    })
  }

  /** Only the peer that serves stops it. */
  stop(): Promise<void> {
    const { name } = this.#desk.config
    return Promise.reject(
      new TypeError(`The singleton '${name}' is stopped by the peer that serves, not by its refs.`),
    )
  }

  /** The ref ends with this peer; the actor may be started again at any time. */
  watch(watcher: Watcher): void {
    if (this.#desk.stopped) watcher.terminated(this.ref, 'stopped')
    else this.#watchers.add(watcher)
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher)
  }

  place(place: DeskPlace): void {
    const { instance, open, refusal, waitingFor } = this.#desk
    const same = instance === place.instance && refusal === place.refusal && waitingFor === place.waitingFor
    if (same && open === (place.open && place.instance !== null && place.refusal === null)) return
    this.#step({ kind: 'place', ...place }, false)
  }

  end(): void {
    if (this.#desk.stopped) return
    this.#step({ kind: 'stop' }, false)
    this.#timer?.cancel()
    for (const watcher of this.#watchers) watcher.terminated(this.ref, 'stopped')
    this.#watchers.clear()
  }

  /** False when a message became a dead letter. `direct`: the sender is in this call, and gets what its message throws. */
  #step(input: DeskInput, direct: boolean): boolean {
    let fine = true
    for (const effect of stepDesk(this.#desk, input, this.#host.clock.now()))
      fine = this.#run(effect, direct) && fine
    return fine
  }

  #run(effect: DeskEffect, direct: boolean): boolean {
    switch (effect.kind) {
      case 'send':
        return effect.id === null ? this.#tell(effect, direct) : this.#ask(effect, effect.id)
      case 'answer':
        this.#take(effect.id)?.resolve(effect.value)
        return true
      case 'fail':
        this.#take(effect.id)?.reject(new AskError(effect.code, effect.text, effect.cause))
        return true
      case 'timer':
        this.#timer?.cancel()
        this.#timer = this.#host.timers.set(effect.afterMs, () => {
          this.beforeEnd()
          this.#step({ kind: 'timer' }, false)
        })
        return true
      case 'dead':
        this.#dead(effect.handler, effect.message, effect.reason)
        return false
    }
  }

  #take(id: number): Asker | undefined {
    const asker = this.#askers.get(id)
    this.#askers.delete(id)
    return asker
  }

  #tell({ instance, handler, message }: Extract<DeskEffect, { kind: 'send' }>, direct: boolean): boolean {
    try {
      return this.#target(instance).tell(handler, message)
    } catch (error) {
      if (direct) throw error
      const text = `${handler} of the singleton '${this.#desk.config.name}' could not be sent: ${String(error)}`
      this.#host.log.write('error', 'message-not-sent', text)
      this.#dead(handler, message, 'malformed')
      return false
    }
  }

  #ask(effect: Extract<DeskEffect, { kind: 'send' }>, id: number): boolean {
    const { instance, handler, message, forMs } = effect
    const failed = (error: unknown): void => {
      const known = error instanceof AskError
      const { code, text } = known
        ? { code: error.code, text: error.message }
        : { code: 'failed' as const, text: String(error) }
      const cause = known ? error.cause : error
      this.#step({ kind: 'failed', id, code, text, cause }, false)
    }
    try {
      this.#target(instance)
        .ask(handler, message, forMs)
        .then((value) => void this.#step({ kind: 'answered', id, value }, false), failed)
    } catch (error) {
      failed(error)
    }
    return true
  }

  #target(instance: string): Target {
    if (this.#to?.instance !== instance)
      this.#to = { instance, target: this.#actors().resolve<unknown>(instance)[targetOf] }
    return this.#to.target
  }

  #dead(handler: string, message: unknown, reason: DeskLoss | 'malformed'): void {
    this.#actors().deadLetter({ path: this.#path, handler, message, reason })
  }
}

/** One for each singleton. */
export function countersOf(
  host: Pick<Host, 'clock' | 'timers' | 'log'>,
  actors: () => ActorSystem,
  singletons: readonly DeskConfig[],
): ReadonlyMap<string, Counter> {
  return new Map(singletons.map((one) => [one.name, new Counter(host, actors, one)]))
}
