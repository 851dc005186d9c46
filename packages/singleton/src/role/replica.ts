import type { Log } from '@tanist/core'
import { bringUpState, canRead } from './bring-up.js'
import { decodeRoleEntry } from './entry.js'
import type { CommandEntry } from './entry.js'
import type { CommandRecord } from './host-contract.js'
import { deepFreeze } from '@tanist/core'
import { evolve, sentence } from './run.js'
import { SessionTable } from './sessions.js'
import { Outbox } from './outbox.js'
import type { RoleTable } from './role-table.js'
import type { AnyRole } from './types.js'

export type HostedRoles = Pick<RoleTable, 'get' | 'has' | 'keys' | 'values' | 'nameOf'>

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
  /** Absent: 1. */
  readonly stateVersion?: number
  /** The role's former names, as its writer knew them. */
  readonly formerly?: readonly string[]
  /** The entries that the writer could not take, from the first such one on, none of which is in `state`. */
  readonly backlog?: readonly CommandRecord[]
}

/** What an image says of a role besides its backlog. */
type StoredForm = Pick<RoleImage, 'state' | 'stateVersion' | 'formerly'>

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
  /** What this build cannot read of an image, or has no use for: it is written on as it was. */
  readonly #stored = new Map<string, StoredForm>()

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
    for (const name of roles.keys()) this.#begin(name)
  }

  #begin(name: string): void {
    try {
      this.states.set(name, deepFreeze(this.#roles.get(name)?.role.state()))
    } catch (error) {
      this.fail(name, `The role '${name}' has no first state: ${sentence(error)}`)
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
    const role = this.#roles.nameOf(entry.role)
    this.#used.add(role)
    if (!this.failures.has(role)) {
      const before = this.states.get(role)
      const text = evolveBy(this.#roles, this, entry, record)
      if (text === null) return !Object.is(before, this.states.get(role))
      this.fail(role, text)
    }
    if (!isKnown(this.#roles, entry)) this.#older.add(role)
    for (const former of overtaken(this.#roles, entry)) {
      this.#used.add(former)
      this.#older.add(former)
      this.fail(former, renamedAt(former, role, record))
    }
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
        ...(this.#stored.get(role) ?? this.#formOf(role)),
        ...(backlog === undefined ? {} : { backlog: [...backlog] }),
      }
    })
  }

  #formOf(name: string): StoredForm {
    if (!this.states.has(name)) return {}
    const { stateVersion = 1, formerly = [] } = this.#roles.get(name)?.role ?? {}
    return {
      state: this.states.get(name),
      ...(stateVersion === 1 ? {} : { stateVersion }),
      ...(formerly.length === 0 ? {} : { formerly }),
    }
  }

  /** Takes the place of what was there, and then what this build can of the backlog. */
  restore(image: RoleImage): void {
    const { role: stored, backlog = [] } = image
    const role = this.#roles.nameOf(stored)
    this.#used.add(role)
    const failure = this.#takeState(role, image)
    if (failure !== null) this.#keep(role, image, failure)
    for (const record of backlog) this.#catchUp(role, record)
  }

  /** Says why this build cannot follow the role from this image on; null when it can. */
  #takeState(role: string, image: RoleImage): string | null {
    const { state, formerly = [] } = image
    const hosted = this.#roles.get(role)?.role
    if (hosted === undefined) {
      if ('state' in image) this.states.set(role, state)
      for (const former of formerly) if (this.#roles.has(former)) this.#overtaken(former, role)
      return `The role '${role}' is in the snapshot, but this build does not know it.`
    }
    if (!('state' in image)) return null
    const failure = this.#bringUp(role, hosted, image)
    // Others of this build may have had the entries: nobody has diverged.
    if (failure !== null) this.#older.add(role)
    return failure
  }

  #bringUp(
    role: string,
    hosted: AnyRole,
    { role: stored, state, stateVersion = 1 }: RoleImage,
  ): string | null {
    if (stored !== role) return `The snapshot has states of both '${role}' and '${stored}', its former name.`
    const today = hosted.stateVersion ?? 1
    if (stateVersion > today)
      return `The state of the role '${role}' in the snapshot is of version ${stateVersion}; this build knows it up to ${today}.`
    try {
      this.states.set(role, stateVersion === today ? state : bringUpState(hosted, state, stateVersion))
      return null
    } catch (error) {
      return `The role '${role}' cannot take the snapshot: ${sentence(error)}`
    }
  }

  /** What a newer build made of this role goes by another name. */
  #overtaken(role: string, now: string): void {
    this.#used.add(role)
    this.#older.add(role)
    this.#keep(
      role,
      { role },
      `The role '${role}' is called '${now}' in the snapshot: a newer build wrote it.`,
    )
  }

  #keep(role: string, { role: stored, backlog: _, ...form }: RoleImage, text: string): void {
    this.fail(role, text)
    this.#used.add(stored)
    this.#stored.set(stored, form)
  }

  /** Nothing is left of the role: should a build have it some day, it begins anew. */
  drop(role: string): void {
    for (const part of [this.states, this.failures, this.#used, this.#backlog, this.#older, this.#stored])
      part.delete(role)
    this.outbox.drop(role)
    if (this.#roles.has(role)) this.#begin(role)
  }

  /** Whether an entry or an image has ever spoken of the role. */
  hasUsed(role: string): boolean {
    return this.#used.has(role)
  }

  #catchUp(role: string, record: CommandRecord): void {
    try {
      const entry = decodeRoleEntry(record.payload)
      if ('events' in entry && this.#roles.nameOf(entry.role) === role) this.take(entry, record)
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

/** Roles of this build that go by the entry's name in a newer one. */
export function overtaken(roles: HostedRoles, { role, was = [] }: CommandEntry): readonly string[] {
  return roles.has(roles.nameOf(role)) ? [] : was.filter((former) => roles.has(former))
}

export function renamedAt(former: string, role: string, { index, term }: CommandRecord): string {
  return `The role '${former}' is called '${role}' in the journal entry at index ${index}, term ${term}: a newer build wrote it.`
}

/** Whether this build has the role and every event of the entry. */
function isKnown(roles: HostedRoles, { role, events }: CommandEntry): boolean {
  const known = roles.get(roles.nameOf(role))?.role
  return known !== undefined && events.every((event) => canRead(known, event))
}

/** Evolves a role by one entry; says why that cannot be, or null. */
export function evolveBy(
  roles: HostedRoles,
  { states }: States,
  { role: stored, events }: CommandEntry,
  { index, term }: CommandRecord,
): string | null {
  const role = roles.nameOf(stored)
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
