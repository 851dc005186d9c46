import { type Definition, definitionOf, type Behavior } from './behavior.js'
import type { ActorCell } from './cell.js'
import { SpawnError } from './errors.js'
import { Group } from './group.js'
import { end, halt, renewAlone, resume } from './lifecycle.js'
import { type Plan, planOf } from './port.js'
import { backoffMs, defaultRestartLimit, judge, type Judgement, type Supervision } from './supervision.js'
import { hurry, stopNow } from './stop.js'
import type { Surroundings } from './surroundings.js'

/** Who has the children: an actor, or the system. */
export interface Head {
  readonly path: string
  readonly surroundings: Surroundings
  /** A child's failure is one of its parent now. */
  escalated(child: ActorCell, error: unknown, during: string): void
  /** After `stopAll`: the last child has stopped. */
  childless(): void
}

export interface Stopping {
  readonly drain: boolean
}

/**
 * The children of one actor, or the top-level actors of a system, in the order of their birth: what follows when one
 * fails, and in which order they stop (one after another, the youngest first, since it may use the older ones).
 */
export class Family {
  readonly surroundings: Surroundings
  readonly #head: Head
  readonly #supervision: Supervision | undefined
  readonly #children = new Map<string, ActorCell>()
  /** All are being stopped. */
  #closing: Stopping | undefined
  /** To be stopped, the next one last. */
  #doomed: ActorCell[] = []
  #stoppingNow: ActorCell | undefined
  /** A child may stop at once: then the loop that stops them goes on, instead of another one inside it. */
  #walking = false
  #restartsMs: readonly number[] = []
  #group: Group | undefined

  constructor(head: Head, supervision: Supervision | undefined) {
    this.#head = head
    this.surroundings = head.surroundings
    this.#supervision = supervision
  }

  get isEmpty(): boolean {
    return this.#children.size === 0
  }

  get path(): string {
    return this.#head.path
  }

  /** The child whose end is waited for. */
  get stoppingNow(): ActorCell | undefined {
    return this.#stoppingNow
  }

  values(): Iterable<ActorCell> {
    return this.#children.values()
  }

  get(name: string): ActorCell | undefined {
    return this.#children.get(name)
  }

  has(child: ActorCell): boolean {
    return this.#children.get(child.name) === child
  }

  /** `create` makes the cell, which begins here. Throws what the behavior's `state()` throws. */
  add<P>(behavior: Behavior<P>, name: string, create: (plan: Plan) => ActorCell): ActorCell {
    const path = `${this.path}/${name}`
    if (!/^[^/#\s]+$/.test(name))
      throw new SpawnError('name', `"${name}" is no name for an actor: use no slash, no # and no white space`)
    if (this.#children.has(name))
      throw new SpawnError('taken', `${path} exists: choose another name, or await its stop first`)
    const definition: Definition = behavior[definitionOf]
    const child = create(planOf(definition))
    this.#children.set(name, child)
    child.begin()
    return child
  }

  /** A child has stopped. */
  remove(child: ActorCell): void {
    if (!this.has(child)) return
    this.#children.delete(child.name)
    if (this.#stoppingNow === child) this.#stoppingNow = undefined
    this.#group?.moved()
    if (this.#closing !== undefined || this.#doomed.length > 0) this.#stopNext()
  }

  /** A child that takes part in a restart of several came a step further. */
  moved(): void {
    this.#group?.moved()
  }

  /** Until none is left, also of those that are born meanwhile; then `childless`, in any case later. */
  stopAll(stopping: Stopping): void {
    if (this.#closing !== undefined) return
    this.#closing = stopping
    const halted = this.#group?.members ?? []
    this.#leaveGroup()
    // Each has messages of its own to handle yet.
    if (stopping.drain) for (const member of halted) renewAlone(member)
    this.#doomed = [...this.#children.values()]
    this.#stopNext()
  }

  /** No more draining. */
  hurry(): void {
    if (this.#closing !== undefined) this.#closing = { drain: false }
    if (this.#stoppingNow !== undefined) hurry(this.#stoppingNow)
  }

  /** What a failure of a child leads to; changes nothing but the count of restarts. */
  judge(child: ActorCell, error: unknown): Judgement {
    const stop: Judgement = { action: 'stop', error, during: undefined }
    if (this.#closing?.drain === false) return stop
    const judgement = this.#consider(child, error)
    // The last messages of a family that ends concern nobody else.
    return this.#closing !== undefined && judgement.action === 'escalate' ? stop : judgement
  }

  #consider(child: ActorCell, error: unknown): Judgement {
    const supervision = this.#supervision
    let decision: ReturnType<NonNullable<Supervision['decide']>> = 'restart'
    try {
      decision = supervision?.decide?.(error, child.ref) ?? 'restart'
    } catch (thrown) {
      return { action: 'escalate', error: thrown, during: 'decide' }
    }
    if (decision === 'escalate') return { action: 'escalate', error, during: `child ${child.name}` }
    if (decision !== 'restart') return { action: decision, error, during: undefined }
    return this.#judgeRestart(child, error)
  }

  #judgeRestart(child: ActorCell, error: unknown): Judgement {
    const { clock, random } = this.surroundings.host
    const alone = this.#isAlone()
    const limit = (alone ? child.restartLimit : this.#supervision?.restarts) ?? defaultRestartLimit
    const verdict = judge(alone ? child.restartsMs : this.#restartsMs, clock.now().monotonicMs, limit)
    if (alone) child.restartsMs = verdict.restartsMs
    else this.#restartsMs = verdict.restartsMs
    if (verdict.action === 'restart') {
      const delayMs = backoffMs(limit.backoff, verdict.restartsMs.length - 1, random)
      return { action: 'restart', error, during: undefined, delayMs }
    }
    if (this.#supervision?.onLimit !== 'escalate') return { action: 'stop', error, during: undefined }
    return { action: 'escalate', error, during: `child ${child.name}` }
  }

  /** The child is held. */
  carryOut(child: ActorCell, judgement: Judgement): void {
    const { action, error } = judgement
    if (action === 'resume') resume(child)
    else if (action === 'escalate') this.#head.escalated(child, error, judgement.during ?? '')
    else if (action === 'stop') {
      child.why = 'failed'
      if (this.#closing === undefined) this.#stopConcerned(child)
      // Any other one waits for its turn.
      else if (child === this.#stoppingNow) end(child, 'failed')
    } else if (this.#isAlone()) halt(child, error, judgement.delayMs ?? 0)
    else this.#restartConcerned(child, error, judgement.delayMs ?? 0)
  }

  #isAlone(): boolean {
    const { strategy = 'one-for-one' } = this.#supervision ?? {}
    return strategy === 'one-for-one' || this.#closing !== undefined
  }

  /** Oldest first. */
  #concerned(child: ActorCell): ActorCell[] {
    if (this.#isAlone()) return [child]
    const all = [...this.#children.values()]
    return this.#supervision?.strategy === 'all-for-one' ? all : all.slice(all.indexOf(child))
  }

  #stopConcerned(child: ActorCell): void {
    const concerned = new Set(this.#concerned(child))
    this.#leaveGroup(concerned)
    for (const other of this.#doomed) concerned.add(other)
    this.#doomed = [...this.#children.values()].filter((other) => concerned.has(other))
    this.#stopNext()
  }

  #restartConcerned(child: ActorCell, error: unknown, delayMs: number): void {
    const before = this.#group
    before?.leave()
    const concerned = new Set([...(before?.members ?? []), ...this.#concerned(child)])
    const members = [...this.#children.values()].filter((other) => concerned.has(other))
    const done = (): void => void (this.#group = undefined)
    this.#group = new Group(members, error, delayMs, this.surroundings.host.timers, done)
    this.#group.moved()
  }

  /** Those who restart and are not stopped go on restarting. */
  #leaveGroup(stopped?: ReadonlySet<ActorCell>): void {
    const before = this.#group
    if (before === undefined) return
    before.leave()
    this.#group = undefined
    if (stopped === undefined) return
    const members = before.members.filter((member) => !stopped.has(member))
    const done = (): void => void (this.#group = undefined)
    this.#group = new Group(members, before.error, before.delayMs, this.surroundings.host.timers, done)
    this.#group.moved()
  }

  #stopNext(): void {
    if (this.#walking) return
    this.#walking = true
    while (this.#stoppingNow === undefined) {
      const next = this.#doomed.pop() ?? this.#lateBorn()
      if (next === undefined) break
      if (!this.has(next)) continue
      this.#stoppingNow = next
      stopNow(next, this.#closing?.drain ?? false)
    }
    this.#walking = false
    if (this.#closing === undefined || this.#children.size > 0) return
    this.#closing = undefined
    this.#head.childless()
  }

  #lateBorn(): ActorCell | undefined {
    if (this.#closing === undefined || this.#children.size === 0) return undefined
    this.#doomed = [...this.#children.values()]
    return this.#doomed.pop()
  }
}
