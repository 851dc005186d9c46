import type { Host } from '@tanist/core'
import { createDueClock, dueOf, hasDueWork, stepDueClock } from '../role/index.js'
import type { AnyRole, DueClock, DueClockEffect, DueClockInput, DueItem, RoleHost } from '../role/index.js'
import type { OwnEntries } from './own-entries.js'
import type { KeyedTimers } from './timers.js'

export interface DuePorts {
  readonly host: Pick<Host, 'clock' | 'log'>
  readonly roles: readonly AnyRole[]
  readonly timers: KeyedTimers
  readonly changed: () => void
}

/** Decides the due commands of all roles while this peer serves. */
export class DueCommands {
  readonly #roles: RoleHost
  readonly #own: OwnEntries
  readonly #ports: DuePorts
  readonly #names: readonly string[]
  readonly #clock: DueClock = createDueClock()
  /** By role: why nothing was derived last. */
  readonly #failures = new Map<string, string>()

  constructor(roles: RoleHost, own: OwnEntries, ports: DuePorts) {
    this.#roles = roles
    this.#own = own
    this.#ports = ports
    this.#names = ports.roles.filter(({ due }) => due !== undefined).map(({ name }) => name)
  }

  begin(): void {
    if (this.#names.length > 0) this.#step({ kind: 'begin', roles: this.#names })
  }

  changedState(role: string): void {
    if (this.#clock.serving) this.#step({ kind: 'changed', role })
  }

  applied(role: string, key: string): void {
    this.#step({ kind: 'applied', role, key })
  }

  get hasWork(): boolean {
    return hasDueWork(this.#clock)
  }

  turn(): void {
    if (this.hasWork && this.#own.mayPropose) this.#step({ kind: 'turn' })
  }

  onTimer(): void {
    this.#step({ kind: 'timer' })
  }

  end(): void {
    this.#step({ kind: 'end' })
  }

  /** Null while they are not decided here. */
  of(role: string): ReturnType<typeof dueOf> {
    return dueOf(this.#clock, role)
  }

  #step(input: DueClockInput): void {
    for (const effect of stepDueClock(this.#clock, input, this.#ports.host.clock.now())) this.#run(effect)
  }

  #run(effect: DueClockEffect): void {
    const { host, timers } = this.#ports
    switch (effect.kind) {
      case 'derive':
        return this.#derive(effect.role)
      case 'run':
        return this.#decide(effect.item)
      case 'timer':
        return timers.set('due', effect.afterMs)
      case 'note': {
        const { level, event, text, role, key } = effect
        this.#ports.changed()
        return host.log.write(level, event, text, { role, key })
      }
    }
  }

  #derive(role: string): void {
    const { clock } = this.#ports.host
    const fromMs = clock.now().monotonicMs
    const items = this.#roles.due(role)
    this.#step({ kind: 'derived', role, items, costMs: clock.now().monotonicMs - fromMs })
    const failure = this.#roles.dueFailure(role)
    if (failure === this.#failures.get(role)) return
    if (failure === undefined) this.#failures.delete(role)
    else this.#failures.set(role, failure)
    this.#ports.changed()
  }

  #decide(item: DueItem): void {
    const decided = this.#own.decideDue(item)
    const kind = decided === 'later' ? decided : decided.kind
    switch (kind) {
      case 'later':
        return this.#step({ kind: 'decided', item, outcome: 'later' })
      case 'append':
        return this.#step({ kind: 'decided', item, outcome: 'journalled' })
      case 'failed': {
        const text = decided !== 'later' && decided.kind === 'failed' ? decided.refusal.text : ''
        return this.#step({ kind: 'decided', item, outcome: { failed: text } })
      }
      default:
        return this.#step({ kind: 'decided', item, outcome: 'over' })
    }
  }
}
