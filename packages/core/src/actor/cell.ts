import type { Cell, Disk, Host } from '../host/index.js'
import { invariant } from '../invariant.js'
import { Ask } from './ask.js'
import { type Behavior, type Ctx, type Definition, definitionOf, isReply } from './behavior.js'
import { makeContext } from './context.js'
import { SpawnError } from './errors.js'
import { Family } from './family.js'
import { actorLimits } from './limits.js'
import { Mailbox } from './mailbox.js'
import { type AnyRef, makeRef, type Target, type Watcher } from './ref.js'
import type { ActorFailure, DeadLetter } from './reports.js'
import { defaultRestartLimit, judge } from './supervision.js'

/** What all actors of a system share. */
export interface Surroundings {
  readonly host: Pick<Host, 'engine' | 'clock' | 'timers' | 'log' | 'random'> & { readonly disk?: Disk }
  readonly data: string | undefined
  readonly askTimeoutMs: number
  readonly node: string
  nextUid(): number
  failed(failure: ActorFailure): void
  /** `count`: how many letters this actor has lost so far. */
  dead(letter: DeadLetter, count: number): void
}

interface Envelope {
  readonly handler: string
  readonly message: unknown
  readonly ask: Ask | undefined
  readonly internal?: boolean
}

/**
 * One actor: mailbox, state, children and supervision, run as one cell of the engine.
 *
 *   running --stop, or too many failures--> stopping --handler and children ended--> finishing --postStop--> stopped
 *
 * - At most one of handler, restart and postStop runs at any time: they all run inside the cell's turn.
 * - From `stopping` on nothing is accepted; what waited became dead letters in the same moment.
 * - Whatever a handler, `state()` or `postStop` throws ends here, so a turn never throws.
 */
export class ActorCell implements Target {
  readonly ref: AnyRef
  readonly handlers: readonly string[]
  readonly #path: string
  readonly #surroundings: Surroundings
  readonly #definition: Definition
  readonly #mailbox: Mailbox<Envelope>
  readonly #children: Family<ActorCell>
  readonly #cell: Cell
  readonly #forget: () => void
  #phase: 'running' | 'stopping' | 'finishing' | 'stopped' = 'running'
  #state: unknown
  #ctx: Ctx | undefined
  /** Wall-clock time of the message that is handled, read when first asked for. */
  #atMs: number | undefined
  readonly #watchers = new Set<Watcher>()
  #scheduled = false
  /** `start` of the definition has still to run, before any message. */
  #unstarted: boolean
  /** What an actor that stops by a failure failed with. */
  #cause: unknown
  #turnEndsMs = 0
  #restartsMs: readonly number[] = []
  #deadLetters = 0
  #stopped: Promise<void> | undefined
  #resolveStopped: (() => void) | undefined

  /** Throws what the behavior's `state()` throws. `forget` is called once, when the actor has stopped. */
  constructor(surroundings: Surroundings, path: string, definition: Definition, forget: () => void) {
    this.#state = definition.state()
    this.#surroundings = surroundings
    this.#path = path
    this.#definition = definition
    this.#forget = forget
    this.#mailbox = new Mailbox(definition.mailbox?.capacity ?? actorLimits.mailboxCapacity)
    this.#children = new Family(path)
    this.handlers = Object.keys(definition.on)
    this.ref = makeRef(surroundings.node, path, surroundings.nextUid(), this)
    this.#cell = surroundings.host.engine.cell(path, () => this.#turn())
    this.#unstarted = definition.start !== undefined
    if (this.#unstarted) this.#schedule()
  }

  get load(): number {
    return this.#mailbox.size
  }

  tell(handler: string, message: unknown): boolean {
    return this.#accept({ handler, message, ask: undefined })
  }

  ask(
    handler: string,
    message: unknown,
    timeoutMs: number = this.#surroundings.askTimeoutMs,
  ): Promise<unknown> {
    const ask = new Ask(this.#surroundings.host.timers, timeoutMs, `${handler} of ${this.#path}`)
    this.#accept({ handler, message, ask })
    return ask.reply
  }

  /** The outcome comes as a message for these handlers. */
  pipe(promise: PromiseLike<unknown>, to: { readonly done: string; readonly failed: string }): void {
    const bring = (handler: string) => (message: unknown) =>
      void this.#accept({ handler, message, ask: undefined, internal: true })
    promise.then(bring(to.done), bring(to.failed))
  }

  /** Resolves when the actor has stopped; to await it inside its own handler would wait for ever. */
  stop(): Promise<void> {
    if (this.#stopped !== undefined) return this.#stopped
    const stopped = new Promise<void>((resolve) => {
      this.#resolveStopped = resolve
    })
    this.#stopped = stopped
    this.#phase = 'stopping'
    for (let rest = this.#mailbox.take(); rest !== undefined; rest = this.#mailbox.take())
      this.#drop(rest, 'stopped')
    this.#mailbox.signal('stop')
    this.#schedule()
    return stopped
  }

  spawn<P>(behavior: Behavior<P>, name: string): ActorCell {
    if (this.#phase === 'finishing' || this.#phase === 'stopped')
      throw new SpawnError('stopped', `${this.#path} is stopped: it can have no new child "${name}"`)
    return this.#children.add(
      name,
      (path, stopped) => new ActorCell(this.#surroundings, path, behavior[definitionOf], stopped),
    )
  }

  child(name: string): ActorCell | undefined {
    return this.#children.get(name)
  }

  watch(watcher: Watcher): void {
    if (this.#phase === 'stopped') watcher.terminated(this.ref, 'stopped')
    else this.#watchers.add(watcher)
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher)
  }

  #accept(envelope: Envelope): boolean {
    if (this.#phase !== 'running') return this.#drop(envelope, 'stopped')
    if (!this.#mailbox.push(envelope)) return this.#drop(envelope, 'full')
    this.#schedule()
    return true
  }

  #drop({ handler, message, ask }: Envelope, reason: 'stopped' | 'full'): false {
    ask?.fail(reason, reason === 'full' ? 'its mailbox is full' : 'the actor is stopped', this.#cause)
    const letter: DeadLetter = { path: this.#path, handler, message, reason }
    this.#surroundings.dead(letter, ++this.#deadLetters)
    return false
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#cell.wake()
  }

  #turn(): void | Promise<void> {
    this.#turnEndsMs = this.#surroundings.host.clock.now().monotonicMs + actorLimits.turnBudgetMs
    return this.#drain(actorLimits.batchMessages)
  }

  #drain(messages: number): void | Promise<void> {
    for (let left = messages; left > 0; left--) {
      if (this.#mailbox.takeSignal() === 'stop') return this.#finish()
      if (this.#unstarted) return this.#start().then(() => this.#drain(left))
      const envelope = this.#mailbox.take()
      if (envelope === undefined) break
      const pending = this.#handle(envelope)
      if (pending !== undefined) return pending.then(() => this.#drain(left - 1))
      if (left % actorLimits.budgetEvery === 1 && this.#isLate()) break
    }
    this.#scheduled = !this.#mailbox.isEmpty
    if (this.#scheduled) this.#cell.wake()
  }

  #isLate(): boolean {
    return this.#surroundings.host.clock.now().monotonicMs >= this.#turnEndsMs
  }

  async #start(): Promise<void> {
    this.#unstarted = false
    const { host, data } = this.#surroundings
    const report = (during: string, error: unknown): void =>
      this.#surroundings.failed({ path: this.#path, during, error, action: 'resume' })
    try {
      this.#state = await this.#definition.start?.(this.#state, { host, data, report }, this.#context())
    } catch (error) {
      await this.#fail({ handler: 'start', message: undefined, ask: undefined }, error)
    }
  }

  #handle(envelope: Envelope): void | Promise<void> {
    this.#atMs = undefined
    try {
      const { on, internal } = this.#definition
      const handler = (envelope.internal === true ? internal : on)?.[envelope.handler]
      invariant(handler !== undefined, `refs of ${this.#path} only send what it handles`)
      const outcome = handler(this.#state, envelope.message, this.#context())
      if (!isPromise(outcome)) return this.#settle(envelope, outcome)
      return Promise.resolve(outcome).then(
        (value) => this.#settle(envelope, value),
        (error: unknown) => this.#fail(envelope, error),
      )
    } catch (error) {
      return this.#fail(envelope, error)
    }
  }

  #settle(envelope: Envelope, outcome: unknown): void {
    const replied = isReply(outcome)
    this.#state = replied ? outcome.state : outcome
    const value = replied ? outcome.value : undefined
    if (!isPromise(value)) envelope.ask?.answer(value)
    else
      value.then(
        (later) => envelope.ask?.answer(later),
        (error: unknown) => envelope.ask?.fail('failed', sentenceOf(error), error),
      )
  }

  #fail(envelope: Envelope, error: unknown): void | Promise<void> {
    envelope.ask?.fail('failed', 'the handler threw', error)
    const nowMs = this.#surroundings.host.clock.now().monotonicMs
    const verdict = judge(this.#restartsMs, nowMs, this.#definition.restarts ?? defaultRestartLimit)
    this.#restartsMs = verdict.restartsMs
    const action = this.#phase === 'running' ? verdict.action : 'stop'
    this.#surroundings.failed({ path: this.#path, during: envelope.handler, error, action })
    if (action === 'stop') {
      this.#cause = error
      void this.stop()
    } else if (this.#children.isEmpty && this.#definition.preRestart === undefined) this.#renew()
    else return this.#clear(error).then(() => this.#renew())
  }

  async #clear(error: unknown): Promise<void> {
    await this.#children.stopAll()
    await this.#definition.preRestart?.(this.#state, error, this.#context())
  }

  #renew(): void {
    this.#unstarted = this.#definition.start !== undefined
    if (this.#unstarted) this.#schedule()
    try {
      this.#state = this.#definition.state()
    } catch (error) {
      this.#surroundings.failed({ path: this.#path, during: 'state()', error, action: 'stop' })
      void this.stop()
    }
  }

  async #finish(): Promise<void> {
    await this.#children.stopAll()
    this.#phase = 'finishing'
    this.#atMs = undefined
    try {
      await this.#definition.postStop?.(this.#state, this.#context())
    } catch (error) {
      this.#surroundings.failed({ path: this.#path, during: 'postStop', error, action: 'stop' })
    }
    this.#phase = 'stopped'
    this.#cell.stop()
    this.#forget()
    for (const watcher of this.#watchers) watcher.terminated(this.ref, 'stopped')
    this.#watchers.clear()
    this.#resolveStopped?.()
  }

  #context(): Ctx {
    return (this.#ctx ??= makeContext(this, this.#surroundings.host.log, () => {
      return (this.#atMs ??= this.#surroundings.host.clock.now().wallMs)
    }))
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
