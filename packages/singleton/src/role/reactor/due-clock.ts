import type { Now } from '@tanist/core'
import type { DueItem } from '../host-contract.js'
import {
  DUE_BACKOFF_MS,
  DUE_LOOK_MS,
  DUE_MAX_BACKOFF_MS,
  DUE_SHARE,
  DUE_TURN_MAX,
  DUE_TURN_MS,
} from './limits.js'

/**
 * When the due commands of all roles run, while this peer serves.
 *
 *   begin     a reign begins; the roles that have due commands
 *   changed   the committed state of a role is another one, or one of its due commands was committed
 *   turn      the end of a turn of the peer: what must be derived, and what runs, is said here alone
 *   derived   what the committed state derives, by time, and what it cost
 *   decided   `run` was carried out: journalled (until `applied`), not to be run any more, or failed
 *   applied   the entry of a due command is committed
 *   timer     the timer that the last `timer` effect asked for
 *   end       the reign is over
 *
 * - An item is given out at or after its time by the wall clock, the earliest first, and once as long as its entry
 *   waits: whether it runs at all the role host decides.
 * - A role is derived at most so often that it takes `DUE_SHARE` of the time.
 * - A failing item is tried again after 1 s, doubling to a minute, and blocks no other.
 */
export interface DueClock {
  serving: boolean
  readonly rows: Map<string, Row>
  /** Rows that the next turn looks at. */
  readonly awake: Set<Row>
  timerAtMs: number
}

interface Row {
  readonly role: string
  /** The state is another one than when it was last derived. */
  stale: boolean
  /** Monotonic: not derived again before. */
  notBeforeMs: number
  costMs: number
  /** By time; those before `next` were given out. */
  items: readonly DueItem[]
  next: number
  /** Journalled and not committed. */
  readonly underWay: Set<string>
  readonly failing: Map<string, DueFailing>
}

export interface DueFailing {
  readonly item: DueItem
  readonly attempts: number
  readonly text: string
  /** Monotonic. */
  readonly againMs: number
}

export type DueClockInput =
  | { readonly kind: 'begin'; readonly roles: readonly string[] }
  | { readonly kind: 'changed'; readonly role: string }
  | { readonly kind: 'turn' }
  | {
      readonly kind: 'derived'
      readonly role: string
      readonly items: readonly DueItem[]
      readonly costMs: number
    }
  | {
      readonly kind: 'decided'
      readonly item: DueItem
      /** `later`: nothing may be journalled now. */
      readonly outcome: 'journalled' | 'over' | 'later' | { readonly failed: string }
    }
  | { readonly kind: 'applied'; readonly role: string; readonly key: string }
  | { readonly kind: 'timer' }
  | { readonly kind: 'end' }

export type DueClockEffect =
  | { readonly kind: 'derive'; readonly role: string }
  | { readonly kind: 'run'; readonly item: DueItem }
  | { readonly kind: 'timer'; readonly afterMs: number }
  | {
      readonly kind: 'note'
      readonly level: 'warn'
      readonly event: string
      readonly text: string
      readonly role: string
      readonly key: string
    }

export function createDueClock(): DueClock {
  return { serving: false, rows: new Map(), awake: new Set(), timerAtMs: Infinity }
}

export function stepDueClock(c: DueClock, input: DueClockInput, now: Now): DueClockEffect[] {
  const out: DueClockEffect[] = []
  switch (input.kind) {
    case 'begin':
      c.serving = true
      c.timerAtMs = Infinity
      for (const role of input.roles) c.rows.set(role, rowOf(role))
      for (const row of c.rows.values()) c.awake.add(row)
      break
    case 'changed': {
      const row = c.rows.get(input.role)
      if (row) makeStale(c, row)
      break
    }
    case 'derived':
      derived(c, input, now)
      break
    case 'decided':
      decided(c, input, now, out)
      break
    case 'applied': {
      const row = c.rows.get(input.role)
      if (row?.underWay.delete(input.key) === true) makeStale(c, row)
      break
    }
    case 'timer':
      c.timerAtMs = Infinity
      for (const row of c.rows.values()) c.awake.add(row)
      break
    case 'turn':
      turn(c, now, out)
      break
    case 'end':
      c.serving = false
      c.rows.clear()
      c.awake.clear()
  }
  return out
}

/** Items of the role that wait, as it was last derived, and those that fail. Null while it is not derived here. */
export function dueOf(
  c: DueClock,
  role: string,
): { readonly waiting: number; readonly failing: readonly DueFailing[] } | null {
  const row = c.rows.get(role)
  if (row === undefined) return null
  const failing = [...row.failing.values()]
  return { waiting: row.items.length - row.next + failing.length, failing }
}

/** A turn would do something. */
export function hasDueWork({ awake }: DueClock): boolean {
  return awake.size > 0
}

function makeStale(c: DueClock, row: Row): void {
  row.stale = true
  c.awake.add(row)
}

function rowOf(role: string): Row {
  return {
    role,
    stale: true,
    notBeforeMs: -Infinity,
    costMs: 0,
    items: [],
    next: 0,
    underWay: new Set(),
    failing: new Map(),
  }
}

function workOf(row: Row, { monotonicMs, wallMs }: Now): 'derive' | 'run' | null {
  if (row.stale && row.notBeforeMs <= monotonicMs) return 'derive'
  const next = row.items[row.next]
  if (next !== undefined && next.at <= wallMs) return 'run'
  for (const { againMs } of row.failing.values()) if (againMs <= monotonicMs) return 'run'
  return null
}

function turn(c: DueClock, now: Now, out: DueClockEffect[]): void {
  if (!c.serving) return
  for (const row of c.awake) {
    const work = workOf(row, now)
    if (work === 'derive') out.push({ kind: 'derive', role: row.role })
    else if (work === 'run') run(row, now, out)
    // Until all that is due was given out.
    if (work !== 'run') c.awake.delete(row)
    if (work === null) arm(c, row, now, out)
  }
}

/** As many as there is time for: the role host derives anew for each one. */
function run(row: Row, { monotonicMs, wallMs }: Now, out: DueClockEffect[]): void {
  let room = Math.max(1, Math.min(DUE_TURN_MAX, Math.floor(DUE_TURN_MS / Math.max(row.costMs, 0.001))))
  for (const [key, one] of row.failing) {
    if (one.againMs > monotonicMs || room === 0) continue
    // Until it is said what came of it.
    row.failing.set(key, { ...one, againMs: Infinity })
    out.push({ kind: 'run', item: one.item })
    room -= 1
  }
  for (; room > 0; row.next += 1) {
    const item = row.items[row.next]
    if (item === undefined || item.at > wallMs) return
    if (row.underWay.has(item.key) || row.failing.has(item.key)) continue
    out.push({ kind: 'run', item })
    room -= 1
  }
}

function derived(
  c: DueClock,
  { role, items, costMs }: Extract<DueClockInput, { kind: 'derived' }>,
  { monotonicMs }: Now,
): void {
  const row = c.rows.get(role)
  if (row === undefined) return
  row.stale = false
  row.costMs = costMs
  row.notBeforeMs = monotonicMs + costMs / DUE_SHARE
  row.items = items
  row.next = 0
  c.awake.add(row)
  if (row.failing.size === 0) return
  const keys = new Set(items.map(({ key }) => key))
  for (const key of row.failing.keys()) if (!keys.has(key)) row.failing.delete(key)
}

function decided(
  c: DueClock,
  { item, outcome }: Extract<DueClockInput, { kind: 'decided' }>,
  { monotonicMs }: Now,
  out: DueClockEffect[],
): void {
  const { role, key, command, at } = item
  const row = c.rows.get(role)
  if (row === undefined) return
  const before = row.failing.get(key)
  if (outcome === 'later') {
    if (before !== undefined) row.failing.set(key, { ...before, againMs: monotonicMs })
    return makeStale(c, row)
  }
  row.failing.delete(key)
  if (outcome === 'journalled') row.underWay.add(key)
  if (typeof outcome === 'string') return
  const attempts = (before?.attempts ?? 0) + 1
  const pauseMs = Math.min(DUE_MAX_BACKOFF_MS, DUE_BACKOFF_MS * 2 ** Math.min(attempts - 1, 40))
  row.failing.set(key, { item, attempts, text: outcome.failed, againMs: monotonicMs + pauseMs })
  c.awake.add(row)
  if (before?.text === outcome.failed) return
  const text = `${role}.${command}, due at ${iso(at)}, failed and is tried again: ${outcome.failed}`
  out.push({ kind: 'note', level: 'warn', event: 'due-failed', text, role, key })
}

/** Beyond the years of dates there are numbers. */
function iso(at: number): string {
  return Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : `${at}`
}

function arm(c: DueClock, row: Row, { monotonicMs, wallMs }: Now, out: DueClockEffect[]): void {
  let atMs = Infinity
  if (row.stale) atMs = row.notBeforeMs
  const next = row.items[row.next]
  // The wall clock may be set: what is far away is looked at again.
  if (next !== undefined) atMs = Math.min(atMs, monotonicMs + Math.min(DUE_LOOK_MS, next.at - wallMs))
  for (const { againMs } of row.failing.values()) atMs = Math.min(atMs, againMs)
  if (atMs >= c.timerAtMs) return
  c.timerAtMs = Math.max(atMs, monotonicMs)
  out.push({ kind: 'timer', afterMs: c.timerAtMs - monotonicMs })
}
