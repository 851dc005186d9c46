import type { Now } from '@tanist/core'
import type { DecideAt, Decided, DueItem, RoleHost, Settlement } from '../role/index.js'
import { dueSession } from '../role/index.js'

export interface OwnEntriesPorts {
  readonly now: () => Now
  readonly serves: () => boolean
  /** Position of the next proposal; null while nothing may be decided. */
  readonly next: () => Omit<DecideAt, 'atMs'> | null
  readonly propose: (payload: Uint8Array) => void
}

/** What a server journals without having been asked by a caller. */
export class OwnEntries {
  readonly #roles: RoleHost
  readonly #ports: OwnEntriesPorts

  constructor(roles: RoleHost, ports: OwnEntriesPorts) {
    this.#roles = roles
    this.#ports = ports
  }

  get mayPropose(): boolean {
    return this.#at() !== null
  }

  /** The position of the entry; null when nothing of it applies, `later` when nothing may be journalled now. */
  settle(settlements: readonly Settlement[]): number | 'later' | null {
    const at = this.#at()
    if (at === null) return 'later'
    const payload = this.#roles.settle(settlements, at)
    if (payload === null) return null
    this.#ports.propose(payload)
    return at.index
  }

  decideDue({ role, key, command, input }: DueItem): Decided | 'later' {
    const at = this.#at()
    if (at === null) return 'later'
    const caller = { level: 'role' as const, role }
    const request = { session: dueSession(role, key), seq: 1, floor: 0, role, command, input, caller }
    const decided = this.#roles.decide(request, at)
    if (decided.kind === 'append') this.#ports.propose(decided.payload)
    return decided
  }

  #at(): DecideAt | null {
    if (!this.#ports.serves()) return null
    const next = this.#ports.next()
    return next && { ...next, atMs: this.#ports.now().wallMs }
  }
}
