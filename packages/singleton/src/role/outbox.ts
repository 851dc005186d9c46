import { deepFreeze } from '@tanist/core'
import type { DecidedEvent } from '@tanist/core'
import type { CommandEntry, SettleEntry } from './entry.js'
import type { Parked, Settlement } from './host-contract.js'
import { parseReserved } from './reserved.js'
import type { Answer } from './sessions.js'

/*
 * What roles have yet to do, as a function of the entries alone: of what this build makes of a role nothing counts here.
 *
 *   command entry with `react`      its events with a reaction come in, each under `INDEX.N`
 *   command of `~ROLE:KEY`          its outcome is kept with that event, not among the sessions
 *   command of `!ROLE:KEY`, `ran`   the key is remembered: its item is still derived, and does not run again
 *   command entry with `forget`     such keys are forgotten: their items are derived no longer
 *   settle entry                    events go out, are parked, or wait again
 */

/** An event whose reaction has no journalled end. Never changed: another one takes its place. */
export interface OutboxItem {
  readonly role: string
  readonly key: string
  readonly index: number
  readonly n: number
  readonly term: number
  readonly atMs: number
  /** As it was journalled. */
  readonly event: DecidedEvent
  /** Of the calls that its reaction made, in the order in which they were decided. */
  readonly answers: readonly CallAnswer[]
  readonly parked: Parked | null
}

export interface CallAnswer extends Answer {
  readonly seq: number
}

/** What one entry changes. */
export type OutboxChange =
  | { readonly kind: 'item'; readonly item: OutboxItem }
  | { readonly kind: 'gone' | 'ran' | 'forget'; readonly role: string; readonly key: string }

/** Both the committed outbox and a leader's view ahead of it. */
export interface OutboxView {
  item(role: string, key: string): OutboxItem | undefined
  /** Keys of due commands of a role that have run and are still derived. */
  ran(role: string): ReadonlySet<string>
}

type CommandPart = Omit<CommandEntry, 'events' | 'floor'>

/** What a command does besides changing its role. Most do nothing. `events` are those of the entry. */
export function changesOfCommand(
  view: OutboxView,
  entry: CommandPart,
  events: readonly DecidedEvent[],
  { index, term }: { readonly index: number; readonly term: number },
): readonly OutboxChange[] {
  const { role, command, session, seq, atMs, outcome, react, ran, forget } = entry
  const reserved = parseReserved(session)
  if (reserved === null && react === undefined && forget === undefined) return NO_CHANGES
  const changes: OutboxChange[] = []
  for (const n of react ?? []) {
    const event = events[n]
    if (event === undefined) continue
    const item = {
      role,
      key: `${index}.${n}`,
      index,
      n,
      term,
      atMs,
      event: journalled(event),
      answers: [],
      parked: null,
    }
    changes.push({ kind: 'item', item })
  }
  for (const key of forget ?? []) if (view.ran(role).has(key)) changes.push({ kind: 'forget', role, key })
  if (reserved === null || reserved === 'malformed') return changes
  if (reserved.kind === 'due') {
    if (ran === true) changes.push({ kind: 'ran', role, key: reserved.key })
    return changes
  }
  const caller = view.item(reserved.role, reserved.key)
  if (caller === undefined) return changes
  const answers = [...caller.answers, { seq, role, command, term, index, outcome }]
  changes.push({ kind: 'item', item: { ...caller, answers } })
  return changes
}

/** Nothing but what is journalled of an event. */
function journalled({ type, payload }: DecidedEvent): DecidedEvent {
  return { type, payload: deepFreeze(payload) }
}

/** Which of these settlements mean something now, at most `max`, and what they change. */
export function changesOfSettling(
  view: OutboxView,
  { settle, atMs }: SettleEntry,
  max: number = Infinity,
): { readonly settled: readonly Settlement[]; readonly changes: readonly OutboxChange[] } {
  const settled: Settlement[] = []
  const changes: OutboxChange[] = []
  const here = new Map<string, OutboxItem | null>()
  for (const one of settle) {
    if (settled.length >= max) break
    const { role, key } = one
    const known = here.get(nameOf(role, key))
    const change = changeOf(known === undefined ? view.item(role, key) : (known ?? undefined), one, atMs)
    if (change === null) continue
    here.set(nameOf(role, key), change.kind === 'item' ? change.item : null)
    settled.push(one)
    changes.push(change)
  }
  return { settled, changes }
}

function changeOf(item: OutboxItem | undefined, settlement: Settlement, atMs: number): OutboxChange | null {
  if (item === undefined) return null
  const { role, key, end, attempts = 0, text = '' } = settlement
  switch (end) {
    case 'done':
      return { kind: 'gone', role, key }
    case 'dropped':
      return item.parked === null ? null : { kind: 'gone', role, key }
    case 'parked':
      if (item.parked !== null) return null
      return { kind: 'item', item: { ...item, parked: { attempts, text, atMs } } }
    case 'retry':
      return item.parked === null ? null : { kind: 'item', item: { ...item, parked: null } }
  }
}

export const NO_CHANGES: readonly OutboxChange[] = []
const NO_KEYS: ReadonlySet<string> = new Set()

/** The outbox of one role as it was at one moment. */
export interface OutboxImage {
  readonly role: string
  readonly items: readonly OutboxItem[]
  readonly ran: readonly string[]
}

interface RolePart {
  /** In the order of the journal. */
  readonly items: Map<string, OutboxItem>
  readonly ran: Set<string>
  /** Counts changes of `ran`. */
  version: number
}

/** The committed outbox of all roles. */
export class Outbox implements OutboxView {
  readonly #roles = new Map<string, RolePart>()

  constructor(images: readonly OutboxImage[] = []) {
    for (const { role, items, ran } of images) {
      const part = { items: new Map(items.map((item) => [item.key, item])), ran: new Set(ran), version: 0 }
      this.#roles.set(role, part)
    }
  }

  item(role: string, key: string): OutboxItem | undefined {
    return this.#roles.get(role)?.items.get(key)
  }

  ran(role: string): ReadonlySet<string> {
    return this.#roles.get(role)?.ran ?? NO_KEYS
  }

  /** Another number after each change of `ran`. */
  ranVersion(role: string): number {
    return this.#roles.get(role)?.version ?? 0
  }

  items(role: string): Iterable<OutboxItem> {
    return this.#roles.get(role)?.items.values() ?? []
  }

  /** Names of the roles with items, sorted. */
  roles(): string[] {
    return [...this.#roles].flatMap(([role, { items }]) => (items.size > 0 ? [role] : [])).toSorted()
  }

  apply(changes: readonly OutboxChange[]): void {
    for (const change of changes) {
      const role = change.kind === 'item' ? change.item.role : change.role
      let part = this.#roles.get(role)
      if (part === undefined) this.#roles.set(role, (part = { items: new Map(), ran: new Set(), version: 0 }))
      switch (change.kind) {
        case 'item':
          part.items.set(change.item.key, change.item)
          break
        case 'gone':
          part.items.delete(change.key)
          break
        case 'ran':
          part.ran.add(change.key)
          part.version++
          break
        case 'forget':
          part.ran.delete(change.key)
          part.version++
      }
    }
  }

  /** What is there now, by role. Costs a list of the items, which never change. */
  capture(): OutboxImage[] {
    const images: OutboxImage[] = []
    for (const role of [...this.#roles.keys()].toSorted()) {
      const { items, ran } = this.#roles.get(role)!
      if (items.size > 0 || ran.size > 0) images.push({ role, items: [...items.values()], ran: [...ran] })
    }
    return images
  }
}

/** What the outbox will be once the entries that wait are applied: no more is kept than they change. */
export class OutboxAhead implements OutboxView {
  readonly #base: Outbox
  readonly #items = new Map<string, { readonly index: number; readonly item: OutboxItem | undefined }>()
  readonly #ran = new Map<string, { readonly keys: Set<string>; waiting: number }>()

  constructor(base: Outbox) {
    this.#base = base
  }

  item(role: string, key: string): OutboxItem | undefined {
    const ahead = this.#items.get(nameOf(role, key))
    return ahead === undefined ? this.#base.item(role, key) : ahead.item
  }

  ran(role: string): ReadonlySet<string> {
    return this.#ran.get(role)?.keys ?? this.#base.ran(role)
  }

  /** The entry at `index` does this. */
  apply(changes: readonly OutboxChange[], index: number): void {
    for (const change of changes) {
      if (change.kind === 'item') {
        const { item } = change
        this.#items.set(nameOf(item.role, item.key), { index, item })
      } else if (change.kind === 'gone') {
        this.#items.set(nameOf(change.role, change.key), { index, item: undefined })
      } else {
        const { role, key } = change
        let ahead = this.#ran.get(role)
        if (ahead === undefined)
          this.#ran.set(role, (ahead = { keys: new Set(this.#base.ran(role)), waiting: 0 }))
        ahead.waiting++
        if (change.kind === 'ran') ahead.keys.add(key)
        else ahead.keys.delete(key)
      }
    }
  }

  /** That entry is applied. */
  settle(changes: readonly OutboxChange[], index: number): void {
    for (const change of changes) {
      if (change.kind === 'ran' || change.kind === 'forget') {
        const ahead = this.#ran.get(change.role)
        if (ahead !== undefined && --ahead.waiting === 0) this.#ran.delete(change.role)
        continue
      }
      const { role, key } = change.kind === 'item' ? change.item : change
      const name = nameOf(role, key)
      if (this.#items.get(name)?.index === index) this.#items.delete(name)
    }
  }
}

/** No role has a colon in its name. */
function nameOf(role: string, key: string): string {
  return `${role}:${key}`
}
