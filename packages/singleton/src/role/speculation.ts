import { NumberMap, Queue } from '@tanist/core'
import { decodeRoleEntry } from './entry.js'
import type { CommandEntry, RoleEntry } from './entry.js'
import type { CommandRecord, Settlement } from './host-contract.js'
import { SESSION_WINDOW } from './limits.js'
import { changesOfCommand, changesOfSettling, NO_CHANGES, OutboxAhead } from './outbox.js'
import type { OutboxChange } from './outbox.js'
import { Quarantine } from './quarantine.js'
import { evolveBy, overtaken, renamedAt, unreadable } from './replica.js'
import type { HostedRoles, Replica, States } from './replica.js'
import { isReserved } from './reserved.js'
import type { Answer, SessionTable } from './sessions.js'
import { isStraySession, lowest, positionOf, raiseFloor } from './sessions.js'

/** An entry that the leader decided and that is not applied yet. */
export interface Waiting {
  readonly index: number
  readonly term: number
  readonly payload: Uint8Array
  /** Null when the entry has to be read again: its role could not take it. */
  readonly taken: {
    readonly entry: Omit<CommandEntry, 'events'>
    readonly answer: Answer
    readonly next: unknown
    readonly events: number
  } | null
  /** The command of such an entry. */
  readonly settles?: { readonly session: string; readonly seq: number }
  readonly expire: readonly string[]
  /** Reactions that it settles. */
  readonly settled?: readonly Settlement[]
  /** What it does to the outbox. */
  readonly changes: readonly OutboxChange[]
}

/** The leader's view ahead of the commits. */
export class Ahead implements States {
  readonly states: Map<string, unknown>
  readonly failures: Map<string, string>
  readonly sessions: SessionsAhead
  readonly outbox: OutboxAhead
  readonly quarantine: Quarantine
  /** In the order of their indices. */
  readonly #waiting = new Queue<Waiting>()
  #lastIndex = 0
  /** The committed states went another way: nothing that was worked out here counts. */
  stale = false
  readonly #roles: HostedRoles

  constructor(roles: HostedRoles, committed: Replica) {
    this.#roles = roles
    this.states = new Map(committed.states)
    this.failures = new Map(committed.failures)
    this.sessions = new SessionsAhead(committed.sessions)
    this.outbox = new OutboxAhead(committed.outbox)
    this.quarantine = new Quarantine(committed.quarantine.list)
  }

  /** Entries that wait for their commit. */
  get size(): number {
    return this.#waiting.size
  }

  /** Index of the newest of them; 0 when there is none. */
  get lastIndex(): number {
    return this.#waiting.size === 0 ? 0 : this.#lastIndex
  }

  wait(one: Waiting): void {
    this.#waiting.push(one)
    this.#lastIndex = one.index
  }

  /** The oldest of them, which waits no longer. */
  shift(): Waiting | undefined {
    return this.#waiting.shift()
  }

  /** Takes an entry of the own journal that is not committed yet. */
  read(record: CommandRecord): void {
    const read = this.#take(record)
    this.wait(read)
    if (read.changes.length > 0) this.outbox.apply(read.changes, record.index)
  }

  #take(record: CommandRecord): Waiting {
    let entry: RoleEntry
    try {
      entry = decodeRoleEntry(record.payload)
    } catch (error) {
      for (const role of this.#roles.keys()) this.#fail(role, unreadable(record, error))
      return untaken(record)
    }
    if ('expire' in entry) {
      this.sessions.expire(entry.expire)
      return { ...untaken(record), expire: entry.expire }
    }
    if ('settle' in entry) return { ...untaken(record), ...changesOfSettling(this.outbox, entry) }
    if ('drop' in entry) {
      this.drop(entry.drop)
      return untaken(record)
    }
    const { command, session, seq, floor, outcome, events } = entry
    const { index, term, payload } = record
    const role = this.#roles.nameOf(entry.role)
    this.quarantine.take(entry, record)
    const named = role === entry.role ? entry : { ...entry, role }
    const changes = changesOfCommand(this.outbox, named, events, record)
    const answer = { role: entry.role, command, term, index, outcome }
    if (!isReserved(session)) this.sessions.record(session, seq, floor, answer)
    if (entry.release !== undefined) {
      const taken = { entry, answer, next: undefined, events: 0 }
      return { index, term, payload, taken, expire: NONE, changes }
    }
    const failure = this.failures.get(role) ?? evolveBy(this.#roles, this, entry, record)
    if (failure === null) {
      const taken = { entry: headOf(entry, role), answer, next: this.states.get(role), events: events.length }
      return { index, term, payload, taken, expire: NONE, changes }
    }
    this.#fail(role, failure)
    for (const former of overtaken(this.#roles, entry)) this.#fail(former, renamedAt(former, role, record))
    return { index, term, payload, taken: null, settles: { session, seq }, expire: NONE, changes }
  }

  /** This entry is applied. */
  settle({ index, taken, settles, expire, changes }: Waiting): void {
    const entry = taken?.entry ?? settles
    if (entry !== undefined) this.sessions.settle(entry.session, entry.seq)
    if (expire.length > 0) this.sessions.settleExpiry(expire)
    this.outbox.settle(changes, index)
  }

  /** What follows is read again once this is applied; until then the role is there as little as it will be. */
  drop(role: string): void {
    this.states.delete(role)
    if (this.#roles.has(role)) this.#fail(role, `The role '${role}' is being forgotten.`)
  }

  #fail(role: string, text: string): void {
    if (!this.failures.has(role)) this.failures.set(role, text)
  }
}

const NONE: readonly string[] = []

function untaken({ index, term, payload }: CommandRecord): Waiting {
  return { index, term, payload, taken: null, expire: NONE, changes: NO_CHANGES }
}

/**
 * The entry by today's name of its role, without the events: a start may have to wait with a million of them. Field by
 * field, as V8 takes 0.7 µs for each field that is spread.
 */
function headOf(entry: CommandEntry, role: string): Omit<CommandEntry, 'events'> {
  const { command, session, seq, floor, atMs, outcome, was, react, ran, forget, quarantine } = entry
  if (was !== undefined || quarantine !== undefined) return { ...entry, role }
  if (react !== undefined || ran !== undefined || forget !== undefined) return { ...entry, role }
  return { role, command, session, seq, floor, atMs, outcome }
}

/** Whether this is the entry that was decided, to the byte. */
export function isSame(decided: Waiting, { term, payload }: CommandRecord): boolean {
  if (decided.term !== term) return false
  if (decided.payload === payload) return true
  if (decided.payload.length !== payload.length) return false
  for (let i = 0; i < payload.length; i++) if (payload[i] !== decided.payload[i]) return false
  return true
}

/** What entries that are not applied yet will make of the sessions: no more than there are such entries. */
export class SessionsAhead {
  readonly #base: SessionTable
  /** With some that are idle: the next command of most of them is about to come. */
  readonly #ahead = new Map<string, SessionAhead>()
  #ending = 0
  #endingStrays = 0

  constructor(base: SessionTable) {
    this.#base = base
  }

  /** As `SessionTable.find`, with what waits. */
  find(session: string, seq: number): ReturnType<SessionTable['find']> {
    const ahead = this.#waiting(session)
    if (ahead === undefined) return this.#base.find(session, seq)
    const answer = ahead.answers.get(seq)
    if (answer !== undefined) return answer
    if (seq <= ahead.floor) return 'expired'
    if (ahead.expired) return positionOf(session) === null ? undefined : 'unknown'
    const known = this.#base.find(session, seq)
    // Not in the table yet: it is opened by what waits.
    return known === 'unknown' ? undefined : known
  }

  has(session: string): boolean {
    return this.waits(session) || this.#base.get(session) !== undefined
  }

  /** Something of this session waits. */
  waits(session: string): boolean {
    return this.#waiting(session) !== undefined
  }

  /** Sessions whose end waits. */
  get ending(): number {
    return this.#ending
  }

  /** Of those, of strays. */
  get endingStrays(): number {
    return this.#endingStrays
  }

  record(session: string, seq: number, floor: number, answer: Answer): void {
    const ahead = this.#get(session)
    ahead.count++
    if (seq > ahead.answersFrom) ahead.answers.set(seq, answer)
    ahead.floor = Math.max(ahead.floor, Math.min(floor, seq - 1))
    if (ahead.answers.size > SESSION_WINDOW) narrow(ahead)
  }

  expire(names: readonly string[]): void {
    for (const name of names) {
      if (!this.has(name)) continue
      const ahead = this.#get(name)
      // At once the table will say so itself.
      ahead.floor = Math.max(ahead.floor, this.#base.top(name), ...ahead.answers.keys())
      ahead.answers.clear()
      if (!ahead.expired) this.#ends(name, 1)
      ahead.expired = true
    }
  }

  /** The entry that recorded it is applied. */
  settle(session: string, seq: number): void {
    const ahead = this.#waiting(session)
    if (ahead === undefined) return
    ahead.answers.delete(seq)
    ahead.count--
    this.#tidy(session, ahead)
  }

  settleExpiry(names: readonly string[]): void {
    for (const name of names) {
      const ahead = this.#waiting(name)
      if (ahead === undefined) continue
      if (ahead.expired) this.#ends(name, -1)
      ahead.expired = false
      this.#tidy(name, ahead)
    }
  }

  #ends(session: string, by: 1 | -1): void {
    this.#ending += by
    if (isStraySession(session)) this.#endingStrays += by
  }

  #waiting(session: string): SessionAhead | undefined {
    const ahead = this.#ahead.get(session)
    return ahead === undefined || isIdle(ahead) ? undefined : ahead
  }

  #tidy(session: string, ahead: SessionAhead): void {
    if (!isIdle(ahead)) return
    // The table knows as much.
    ahead.floor = 0
    ahead.answersFrom = 0
    ahead.count = 0
    if (ahead.answers.size > 0 || this.#ahead.size > IDLE_KEPT) this.#ahead.delete(session)
  }

  #get(session: string): SessionAhead {
    let ahead = this.#ahead.get(session)
    if (ahead === undefined) {
      ahead = { floor: 0, answersFrom: 0, answers: new NumberMap(), count: 0, expired: false }
      this.#ahead.set(session, ahead)
    }
    return ahead
  }
}

/** Back into the window: first without what is below the floor, which nobody asks for. */
function narrow(ahead: SessionAhead): void {
  const { answers } = ahead
  const window = { floor: ahead.answersFrom, answers }
  raiseFloor(window, ahead.floor)
  if (answers.size > SESSION_WINDOW) raiseFloor(window, lowest(window))
  ahead.answersFrom = window.floor
  ahead.floor = Math.max(ahead.floor, window.floor)
}

const IDLE_KEPT = 64

/** Nothing of this session waits. */
function isIdle({ count, expired }: SessionAhead): boolean {
  return count <= 0 && !expired
}

interface SessionAhead {
  floor: number
  /** There is no answer at or below it. */
  answersFrom: number
  readonly answers: NumberMap<Answer>
  /** Commands that are not applied yet. */
  count: number
  /** What the table holds of this session ends with an entry that is not applied yet. */
  expired: boolean
}
