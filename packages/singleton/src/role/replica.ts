import type { Log } from '@tanist/core'
import { decodeRoleEntry } from './entry.js'
import type { CommandEntry } from './entry.js'
import type { CommandRecord } from './host-contract.js'
import { deepFreeze } from '@tanist/core'
import { evolve, sentence } from './run.js'
import { SessionTable } from './sessions.js'
import { Outbox } from './outbox.js'
import type { AnyRole } from './types.js'

/** What this build hosts of a role. */
export interface Hosted {
  readonly role: AnyRole
  readonly on: unknown
  /** Its events that have a reaction. */
  readonly reacting: ReadonlySet<string> | null
}

export type HostedRoles = ReadonlyMap<string, Hosted>

/** States and failures by role: those of the committed entries, or those of a leader ahead of them. */
export interface States {
  readonly states: Map<string, unknown>
  /** Why a role is no longer served. */
  readonly failures: Map<string, string>
}

/** A role as it travels between replicas. */
export interface RoleImage {
  readonly role: string
  readonly state?: unknown
  /** The entries that the writer could not take, from the first such one on, none of which is in `state`. */
  readonly backlog?: readonly CommandRecord[]
}

/** A replica: a function of the committed entries and of what this build makes of them. */
export class Replica implements States {
  readonly states: Map<string, unknown> = new Map()
  readonly failures: Map<string, string> = new Map()
  readonly sessions: SessionTable
  readonly outbox: Outbox
  readonly #roles: HostedRoles
  readonly #log: Log | undefined
  /** Roles with an entry: those that begin with `state()` need not be kept, and may begin otherwise tomorrow. */
  readonly #used = new Set<string>()
  /**
   * The entries that a failed role should have taken. A newer build may be able to, and they are in no snapshot of
   * the state; so they stay with it.
   */
  readonly #backlog = new Map<string, CommandRecord[]>()
  /** Roles with an entry that another build wrote, of a role or an event that this one does not have. */
  readonly #older = new Set<string>()

  constructor(
    roles: HostedRoles,
    log: Log | undefined,
    sessions: SessionTable = new SessionTable(),
    outbox: Outbox = new Outbox(),
  ) {
    this.#roles = roles
    this.#log = log
    this.sessions = sessions
    this.outbox = outbox
    for (const { role } of roles.values()) {
      try {
        this.states.set(role.name, deepFreeze(role.state()))
      } catch (error) {
        this.fail(role.name, `The role '${role.name}' has no first state: ${sentence(error)}`)
      }
    }
  }

  /** What this build has missed of roles and events that it does not know: others have it, so nobody has diverged. */
  get isOlder(): boolean {
    return this.#older.size > 0
  }

  fail(role: string, text: string): void {
    if (this.failures.has(role)) return
    this.failures.set(role, text)
    this.#log?.write('error', 'role-failed', text, { role })
  }

  /** An entry that cannot be read: nobody knows which role it was for. */
  failAll(record: CommandRecord, error: unknown): void {
    const text = unreadable(record, error)
    for (const role of new Set([...this.#roles.keys(), ...this.failures.keys()])) {
      this.#used.add(role)
      this.fail(role, text)
      this.#postpone(role, record)
    }
  }

  /** Evolves by one entry. Returns whether the state is another one now. */
  take(entry: CommandEntry, record: CommandRecord): boolean {
    const { role } = entry
    this.#used.add(role)
    if (!this.failures.has(role)) {
      const before = this.states.get(role)
      const text = evolveBy(this.#roles, this, entry, record)
      if (text === null) return !Object.is(before, this.states.get(role))
      this.fail(role, text)
    }
    if (!isKnown(this.#roles, entry)) this.#older.add(role)
    this.#postpone(role, record)
    return false
  }

  /** Takes the state that the leader came to when it decided the next entry. */
  advance(role: string, next: unknown): boolean {
    this.#used.add(role)
    const before = this.states.get(role)
    this.states.set(role, next)
    return !Object.is(before, next)
  }

  /** By name, so that every replica gives them in one order. */
  images(): RoleImage[] {
    return [...this.#used].toSorted(byText).map((role) => {
      const backlog = this.#backlog.get(role)
      return {
        role,
        ...(this.states.has(role) ? { state: this.states.get(role) } : {}),
        ...(backlog === undefined ? {} : { backlog: [...backlog] }),
      }
    })
  }

  /** Takes the place of what was there, and then what this build can of the backlog. */
  restore(image: RoleImage): void {
    const { role, state, backlog = [] } = image
    this.#used.add(role)
    if ('state' in image) this.states.set(role, state)
    if (!this.#roles.has(role)) {
      this.fail(role, `The role '${role}' is in the snapshot, but this build does not know it.`)
    }
    for (const record of backlog) this.#catchUp(role, record)
  }

  #catchUp(role: string, record: CommandRecord): void {
    try {
      const entry = decodeRoleEntry(record.payload)
      if ('events' in entry && entry.role === role) this.take(entry, record)
    } catch (error) {
      this.fail(role, unreadable(record, error))
      this.#postpone(role, record)
    }
  }

  #postpone(role: string, record: CommandRecord): void {
    const { index, term, payload } = record
    // Not `slice`: of a `Buffer` that is no copy.
    const kept = { index, term, payload: new Uint8Array(payload) }
    const backlog = this.#backlog.get(role)
    if (backlog === undefined) this.#backlog.set(role, [kept])
    else backlog.push(kept)
  }
}

/** Whether this build has the role and every event of the entry. */
function isKnown(roles: HostedRoles, { role, events }: CommandEntry): boolean {
  const known = roles.get(role)?.role.events
  return known !== undefined && events.every(({ type }) => Object.hasOwn(known, type))
}

/** Evolves a role by one entry; says why that cannot be, or null. */
export function evolveBy(
  roles: HostedRoles,
  { states }: States,
  { role, events }: CommandEntry,
  { index, term }: CommandRecord,
): string | null {
  const position = `at index ${index}, term ${term}`
  const hosted = roles.get(role)
  if (hosted === undefined)
    return `The role '${role}' is used by the journal entry ${position}, but this build does not know it.`
  try {
    states.set(role, evolve(hosted.role, states.get(role), events))
    return null
  } catch (error) {
    return `The role '${role}' cannot take the journal entry ${position}: ${sentence(error)}`
  }
}

export function unreadable({ index, term }: CommandRecord, error: unknown): string {
  return `The journal entry at index ${index}, term ${term}, cannot be read: ${sentence(error)}`
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
