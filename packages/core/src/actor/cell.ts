import type { Cell } from '../host/index.js'
import { Ask, isPromise } from './ask.js'
import { type Behavior, behaviorOf, definitionOf, isReply } from './behavior.js'
import { ActorContext } from './context.js'
import { SpawnError } from './errors.js'
import { Family, type Head } from './family.js'
import { abandon, attend, end, escalate, fail, type Held, loseStash, type Phase } from './lifecycle.js'
import { actorLimits } from './limits.js'
import { Mailbox } from './mailbox.js'
import { type Notice, noticeOf } from './notice.js'
import type { Belongings } from './belongings.js'
import { noticePort, type Plan, planOf, type Port } from './port.js'
import {
  type AnyRef,
  forgetSenders,
  makeRef,
  type Sender,
  type StopOptions,
  type Target,
  type Watcher,
} from './ref.js'
import { type DeadLetter, whyDead } from './reports.js'
import { stopCell } from './stop.js'
import type { RestartLimit } from './supervision.js'
import type { Surroundings } from './surroundings.js'

const none: readonly number[] = []

/**
 * One actor: mailbox, state, children and supervision, run as one cell of the engine.
 *
 * - At most one of handler, `state()`, `preRestart` and `postStop` runs at any time: they all run inside the cell's
 *   turn (the first `state()` inside `spawn`).
 * - From `stopping` on nothing is accepted; what waited became dead letters in the same moment.
 * - Whatever the actor's code throws ends here, so a turn never throws.
 *
 * Here is what each message passes through; what happens when something fails or ends is in `lifecycle.ts`. Most
 * actors never watch, stash, spawn or stop, so the fields for that stay empty until they are used.
 */
export class ActorCell implements Target, Head {
  readonly surroundings: Surroundings
  readonly parent: Family
  readonly name: string
  readonly ref: AnyRef
  readonly context: ActorContext
  /** How it began, and begins again. */
  readonly origin: Plan
  /** How it behaves now. */
  plan: Plan
  state: unknown
  mailbox: Mailbox<Port> | undefined
  family: Family | undefined
  belongings: Belongings | undefined

  phase: Phase = 'running'
  /** `attend` has something to do before the next message. */
  attention = false
  /** Messages are accepted. */
  open = true
  /** It stops when its mailbox is empty. */
  draining = false
  why: 'stopped' | 'failed' = 'stopped'
  /** Its last failure. */
  error: unknown
  /** Counts the restarts. */
  incarnation = 0
  /** Its first `state()` threw. */
  unborn = false
  restartsMs: readonly number[] = none
  held: Held | undefined
  watchers: Set<Watcher> | undefined
  stopWaiters: (() => void)[] | undefined
  deadLetters = 0

  #cell: Cell | undefined
  /** A turn is to come, or runs. */
  #scheduled = false
  /** Wall-clock time of the message that is handled, read when first asked for. */
  #atMs: number | undefined
  #turnEndsMs = 0
  /** Messages between two looks at the clock. */
  #stride: number = actorLimits.budgetEvery

  constructor(surroundings: Surroundings, parent: Family, name: string, plan: Plan) {
    this.surroundings = surroundings
    this.parent = parent
    this.name = name
    this.origin = plan
    this.plan = plan
    this.ref = makeRef(
      surroundings.node,
      `${parent.path}/${name}`,
      surroundings.nextUid(),
      this,
      surroundings.asker,
    )
    this.context = new ActorContext(this)
  }

  get path(): string {
    return this.ref.path
  }

  get handlers(): readonly string[] {
    return this.plan.names
  }

  get load(): number {
    return this.mailbox?.waiting ?? 0
  }

  get restartLimit(): RestartLimit | undefined {
    return this.origin.definition.restarts
  }

  get isEnding(): boolean {
    return this.phase === 'stopping' || this.phase === 'finishing' || this.phase === 'stopped'
  }

  /** Neither a handler nor a turn of it is under way or to come. */
  get isIdle(): boolean {
    return !this.#scheduled
  }

  get atMs(): number {
    return (this.#atMs ??= this.surroundings.host.clock.now().wallMs)
  }

  /** The first state. Throws what `state()` throws; then the cell has ended, or ends with its children. */
  begin(): void {
    try {
      this.state = this.plan.definition.state(this.context)
    } catch (error) {
      abandon(this)
      throw error
    }
  }

  // ---- what comes

  tell(handler: string, message: unknown): boolean {
    return this.put(this.plan.port('tell', handler), message)
  }

  ask(handler: string, message: unknown, timeoutMs?: number): Promise<unknown> {
    return this.#question(this.plan.port('ask', handler), message, timeoutMs)
  }

  /** The handler is looked up once. */
  sender(handler: string, how: 'tell' | 'ask', timeoutMs?: number): Sender {
    const port = this.plan.port(how, handler)
    if (how === 'tell') return (message) => this.put(port, message)
    return (message) => this.#question(port, message, timeoutMs)
  }

  #question(port: Port, message: unknown, timeoutMs = this.surroundings.askTimeoutMs): Promise<unknown> {
    const ask = new Ask(message, timeoutMs, this.path, port.name)
    if (this.put(port, ask)) this.surroundings.deadlines.add(ask)
    return ask.reply
  }

  put(port: Port, message: unknown): boolean {
    if (!this.open) return this.lose(port, message, 'stopped')
    const mailbox = (this.mailbox ??= new Mailbox())
    if (mailbox.size >= this.origin.capacity && !this.#makeRoom(mailbox))
      return this.lose(port, message, 'full')
    mailbox.push(port, message)
    if (!this.#scheduled) this.poke()
    return true
  }

  /** Never refused while the actor lives, but false when it accepts nothing any more. */
  notify(notice: Notice): boolean {
    if (!this.open) return false
    ;(this.mailbox ??= new Mailbox()).push(noticePort, notice)
    if (!this.#scheduled) this.poke()
    return true
  }

  #makeRoom(mailbox: Mailbox<Port>): boolean {
    if (!this.origin.dropsOldest) return false
    for (let oldest = mailbox.takeOldest(); oldest !== undefined; oldest = mailbox.takeOldest()) {
      if (oldest.port.kind !== 'notice') {
        this.lose(oldest.port, oldest.message, 'full')
        return true
      }
      mailbox.putNext(oldest)
    }
    return false
  }

  /** It becomes a dead letter. */
  lose({ kind, name }: Port, message: unknown, reason: DeadLetter['reason']): false {
    if (kind === 'notice') {
      noticeOf(message).lost(this)
      return false
    }
    const ask = kind === 'ask' ? questionOf(message) : undefined
    const text = ask === undefined ? message : ask.message
    ask?.fail(reason, whyDead[reason], this.why === 'failed' ? this.error : undefined)
    this.loseMessage(name, text, reason)
    return false
  }

  loseMessage(handler: string, message: unknown, reason: DeadLetter['reason']): void {
    this.surroundings.dead({ path: this.path, handler, message, reason }, ++this.deadLetters)
  }

  // ---- children, watchers, ends

  spawn<P>(behavior: Behavior<P>, name: string): ActorCell {
    if (this.phase === 'finishing' || this.phase === 'stopped')
      throw new SpawnError('stopped', `${this.path} is stopped: it can have no new child "${name}"`)
    const family = (this.family ??= new Family(this, this.origin.definition.supervision))
    return family.add(behavior, name, (plan) => new ActorCell(this.surroundings, family, name, plan))
  }

  escalated(child: ActorCell, error: unknown, during: string): void {
    escalate(this, child, error, during)
  }

  childless(): void {
    this.poke()
  }

  watch(watcher: Watcher): void {
    if (this.phase === 'stopped') watcher.terminated(this.ref, this.why)
    else (this.watchers ??= new Set()).add(watcher)
  }

  unwatch(watcher: Watcher): void {
    this.watchers?.delete(watcher)
  }

  stop(options?: StopOptions): Promise<void> {
    return stopCell(this, options)
  }

  /** The next hook sees the time at which it begins. */
  newMoment(): void {
    this.#atMs = undefined
  }

  // ---- turns

  /** There is something to do. */
  poke(): void {
    this.#scheduled = true
    this.#cell ??= this.surroundings.host.engine.cell(this.path, () => this.#turn())
    this.#cell.wake()
  }

  endTurns(): void {
    this.#cell?.stop()
  }

  #turn(): void | Promise<void> {
    this.#scheduled = true
    if (this.load > this.#stride) this.#turnEndsMs = this.#nowMs() + actorLimits.turnBudgetMs
    else this.#turnEndsMs = 0
    return this.#go(actorLimits.batchMessages)
  }

  #go(messages: number): void | Promise<void> {
    let tillLook = this.#stride
    for (let left = messages; left > 0; left--) {
      if (this.attention) {
        const next = attend(this)
        if (typeof next === 'object') return next.then(() => this.#go(left))
        if (!next) return this.#rest(false)
      }
      const port = this.mailbox?.take()
      if (port === undefined) {
        if (!this.draining) break
        end(this, 'stopped')
        continue
      }
      const pending = this.#handle(port, this.mailbox?.message)
      if (pending !== undefined) return pending.then(() => this.#go(left - 1))
      if (--tillLook > 0) continue
      if (this.#isLate()) break
      tillLook = this.#stride
    }
    this.mailbox?.forget()
    this.belongings?.quiet?.active()
    this.#rest(this.attention || this.draining || this.mailbox?.isEmpty === false)
  }

  #rest(again: boolean): void {
    this.#scheduled = again
    if (again) this.poke()
  }

  /** Looks more seldom from now on when it was quick. */
  #isLate(): boolean {
    const nowMs = this.#nowMs()
    if (this.#turnEndsMs === 0) this.#turnEndsMs = nowMs + actorLimits.turnBudgetMs
    const leftMs = this.#turnEndsMs - nowMs
    const quick = leftMs > actorLimits.turnBudgetMs / 2
    if (quick) this.#stride = Math.min(this.#stride * 2, actorLimits.batchMessages)
    else this.#stride = actorLimits.budgetEvery
    return leftMs <= 0
  }

  #nowMs(): number {
    return this.surroundings.host.clock.now().monotonicMs
  }

  // ---- one message

  #handle(port: Port, entry: unknown): void | Promise<void> {
    this.#atMs = undefined
    if (port.kind === 'tell') {
      const run = port.plan === this.plan ? port.run : this.plan.handler(port.name)
      return this.#run(run, port.name, entry, undefined)
    }
    if (port.kind === 'ask') {
      const ask = questionOf(entry)
      const run = port.plan === this.plan ? port.run : this.plan.handler(port.name)
      return this.#run(run, port.name, ask.message, ask)
    }
    const notice = noticeOf(entry)
    if (!notice.take(this)) return undefined
    return this.#run(this.plan.ownHandler(notice.to), notice.to, notice.message, undefined)
  }

  #run(
    run: Plan['definition']['on'][string] | undefined,
    name: string,
    message: unknown,
    ask: Ask | undefined,
  ): void | Promise<void> {
    if (run === undefined) {
      ask?.fail('unhandled', whyDead.unhandled)
      return this.loseMessage(name, message, 'unhandled')
    }
    try {
      const outcome = run(this.state, message, this.context)
      if (!isPromise(outcome)) return this.#settle(outcome, name, ask)
      this.surroundings.slow.begin(this, name)
      return Promise.resolve(outcome).then(
        (value) => this.#settleLate(value, name, ask),
        (error: unknown) => this.#failLate(error, name, ask),
      )
    } catch (error) {
      this.#fail(error, name, ask)
    }
  }

  #settle(outcome: unknown, name: string, ask: Ask | undefined): void {
    let value: unknown
    if (isReply(outcome)) {
      this.state = outcome.state
      value = outcome.value
      if (isPromise(value)) this.#answeredLater(value, name)
    } else {
      const next = behaviorOf(outcome)
      if (next === undefined) this.state = outcome
      else if (!this.#become(next, name, ask)) return
    }
    const stash = this.belongings?.stash
    if (stash === undefined || !stash.settle()) ask?.answer(value)
    else if (this.isEnding) loseStash(this)
  }

  /** A later answer that fails leaves the actor as it is; an ask fails with it. */
  #answeredLater(value: PromiseLike<unknown>, during: string): void {
    const { path, surroundings } = this
    value.then(undefined, (error: unknown) =>
      surroundings.failed({ kind: 'threw', path, during, error, action: 'resume' }),
    )
  }

  #become(behavior: Behavior<unknown>, name: string, ask: Ask | undefined): boolean {
    try {
      const plan = planOf(behavior[definitionOf])
      this.state = plan.definition.state(this.context)
      this.plan = plan
      forgetSenders(this.ref)
      return true
    } catch (error) {
      this.#fail(error, name, ask)
      return false
    }
  }

  #settleLate(outcome: unknown, name: string, ask: Ask | undefined): void {
    this.surroundings.slow.end(this)
    this.#settle(outcome, name, ask)
  }

  #failLate(error: unknown, name: string, ask: Ask | undefined): void {
    this.surroundings.slow.end(this)
    this.#fail(error, name, ask)
  }

  #fail(error: unknown, name: string, ask: Ask | undefined): void {
    this.belongings?.stash?.takeBack(this.mailbox)
    ask?.fail('failed', 'the handler threw', error)
    fail(this, name, error)
  }
}

function questionOf(message: unknown): Ask {
  // Only `#question` puts something on a port of this kind.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return message as Ask
}
