import type { Host } from '@tanist/core'
import { deepFreeze } from '@tanist/core'
import { createReactor, failingOf, hasWork, planFor, plansOf, stepReactor, taskOf } from '../role/index.js'
import type {
  Failing,
  PendingReaction,
  Plans,
  Reactor,
  ReactorEffect,
  ReactorInput,
  RoleHost,
  TaskId,
} from '../role/index.js'
import type { FencingToken } from '../succession/index.js'
import { whenEnded, YIELD_MS } from './ends.js'
import type { OwnEntries } from './own-entries.js'
import { ReactionRun } from './reaction-run.js'
import type { RunPorts } from './reaction-run.js'
import type { KeyedTimers } from './timers.js'

export interface ReactionPorts extends Omit<RunPorts, 'nowMs'> {
  readonly host: Pick<Host, 'clock' | 'timers' | 'log' | 'random'>
  readonly timers: KeyedTimers
  readonly enqueue: (input: () => void) => void
  /** Whether this peer is entitled to serve at this moment. */
  readonly holds: () => boolean
  /** The status says something else now. */
  readonly changed: () => void
}

interface Running {
  readonly of: ReactionRun
  readonly over: Promise<void>
}

/** Runs the reactions of all roles while this peer serves. */
export class Reactions {
  readonly #roles: RoleHost
  readonly #own: OwnEntries
  readonly #ports: ReactionPorts
  readonly #plans: Plans
  readonly #reactor: Reactor
  /** Those that the machine knows, by role and key. */
  readonly #pending = new Map<string, PendingReaction>()
  readonly #running = new Map<number, Running>()
  #token: FencingToken | null = null

  constructor(roles: RoleHost, own: OwnEntries, ports: ReactionPorts) {
    this.#roles = roles
    this.#own = own
    this.#ports = ports
    this.#plans = plansOf(ports.roles)
    this.#reactor = createReactor(ports.host.random)
  }

  begin(token: FencingToken): void {
    this.#token = token
    const all = this.#roles.pendingRoles().flatMap((role) => this.#roles.pending(role))
    this.#step({ kind: 'begin', tasks: this.#know(all) })
  }

  /** Events with reactions were committed, or an operator lets some run again. */
  added(reactions: readonly PendingReaction[]): void {
    if (this.#token !== null) this.#step({ kind: 'added', tasks: this.#know(reactions) })
  }

  /** Their settlement is committed. */
  settled(tasks: readonly TaskId[]): void {
    for (const task of tasks) this.#pending.delete(idOf(task))
    this.#step({ kind: 'gone', tasks })
  }

  get hasWork(): boolean {
    return hasWork(this.#reactor)
  }

  /** The end of a turn of the peer. */
  turn(): void {
    if (!this.hasWork) return
    this.#step({ kind: 'turn', mayStart: this.#ports.holds(), maySettle: this.#own.mayPropose })
  }

  onTimer(): void {
    this.#step({ kind: 'timer' })
  }

  /** `done` is called once all that ran has ended, or after the time limit. */
  end(done: () => void): void {
    this.#token = null
    const running = [...this.#running.values()]
    this.#step({ kind: 'end' })
    this.#pending.clear()
    const overdue = `Reactions did not end within ${YIELD_MS} ms after they were told to; the reign ends anyway.`
    whenEnded(
      this.#ports.host,
      running.map(({ over }) => over),
      overdue,
      done,
    )
  }

  /** Of the reactions of a role that fail in this reign, by key. */
  failing(role: string): ReadonlyMap<string, Failing> {
    return failingOf(this.#reactor, role)
  }

  /** It waits for a build that has it. */
  isKnown(reaction: PendingReaction): boolean {
    return planFor(this.#plans, reaction) !== undefined
  }

  #know(reactions: readonly PendingReaction[]): ReturnType<typeof taskOf>[] {
    const pending = reactions.filter(({ parked }) => parked === null)
    for (const reaction of pending) this.#pending.set(idOf(reaction), deepFreeze(reaction))
    return pending.map((reaction) => taskOf(this.#plans, reaction))
  }

  #step(input: ReactorInput): void {
    for (const effect of stepReactor(this.#reactor, input, this.#ports.host.clock.now())) this.#run(effect)
  }

  #run(effect: ReactorEffect): void {
    const { host, timers } = this.#ports
    switch (effect.kind) {
      case 'start':
        return this.#start(effect)
      case 'abort':
        this.#running.get(effect.run)?.of.abort(effect.why)
        // Nobody waits for it, also not the end of the reign.
        this.#running.delete(effect.run)
        return
      case 'settle': {
        const { settlements } = effect
        if (this.#own.settle(settlements) === 'later') this.#step({ kind: 'unsettled', settlements })
        return
      }
      case 'timer':
        return timers.set('reactions', effect.afterMs)
      case 'note': {
        const { level, event, text, role, key } = effect
        this.#ports.changed()
        return host.log.write(level, event, text, { role, key })
      }
    }
  }

  #start({ run, role, key, attempt }: Extract<ReactorEffect, { kind: 'start' }>): void {
    const { host, enqueue } = this.#ports
    const reaction = this.#pending.get(idOf({ role, key }))
    const plan = reaction && planFor(this.#plans, reaction)
    if (this.#token === null || reaction === undefined || plan === undefined) return
    const ports = { ...this.#ports, nowMs: () => host.clock.now().wallMs }
    const one = new ReactionRun(ports, { reaction, attempt, token: this.#token })
    const over = one
      .run((event, ctx) => {
        plan.lane?.(event)
        return plan.run(event, ctx)
      })
      .then((failure) => {
        this.#running.delete(run)
        enqueue(() => this.#step({ kind: 'ended', run, failure }))
      })
    this.#running.set(run, { of: one, over })
  }
}

const idOf = ({ role, key }: TaskId): string => `${role}:${key}`
