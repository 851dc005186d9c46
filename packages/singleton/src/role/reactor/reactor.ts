import type { Now, Random } from '@tanist/core'
import { invariant } from '@tanist/core'
import type { Settlement } from '../host-contract.js'
import { PARKED_TEXT_MAX, SETTLE_MAX } from '../limits.js'
import { RUNS_MAX } from './limits.js'
import { Lane } from './lane.js'
import type { Item } from './lane.js'
import type { AttemptLimits, Task, TaskId } from './task.js'

/**
 * What runs the reactions of all roles while this peer serves. Knows no payload and no function: the shell runs what
 * it is told to.
 *
 *   begin     a reign begins; what is pending in the committed state
 *   added     events were committed that have a reaction, or an operator let one run again
 *   gone      the committed state does not list them as pending any more
 *   ended     a run is over: `failure` is a sentence, or null
 *   unsettled what a `settle` asked for could not be journalled now
 *   timer     the timer that the last `timer` effect asked for
 *   turn      the end of a turn of the peer: runs begin and ends are settled here alone
 *   end       the reign is over: everything that runs is aborted
 *
 * - Of a lane one runs at a time, in the order of the events; the lanes of a role side by side, `RUNS_MAX` at most.
 * - A failed run is repeated after a pause that doubles; after `attempts` of them it is parked, and its lane goes on.
 * - A lane goes on once a run has ended; its settlement may be committed later. When a reign ends before that, the
 *   end is remembered: the next reign of this peer settles it instead of running it again.
 * - What this build has no handler for waits, and blocks nobody.
 */
export interface Reactor {
  readonly random: Random
  serving: boolean
  readonly rows: Map<string, Row>
  readonly runs: Map<number, Run>
  /** Runs of a reign that is over: one that ends well all the same need not run again here. */
  readonly late: Map<number, TaskId>
  /** Ends that are not known to be committed. */
  readonly ends: Map<string, End>
  /** Those of them that are to be proposed. */
  unsettled: End[]
  /** Rows of which a turn may start something. */
  readonly awake: Set<Row>
  lastRun: number
  timerAtMs: number
}

interface Row {
  readonly role: string
  readonly lanes: Map<string, Lane>
  /** Lanes whose first reaction may run, in the order in which they came to be. */
  ready: Set<Lane>
  running: number
  /** By key: known, and not ended. */
  readonly items: Map<string, Item>
  /** By key: its attempts in this reign have failed so far. */
  readonly failing: Map<string, Failing>
}

export interface Failing {
  readonly attempts: number
  readonly text: string
}

interface Run {
  readonly row: Row
  readonly item: Item
  readonly lane: Lane
  readonly untilMs: number
}

interface End {
  readonly settlement: Settlement
}

export type ReactorInput =
  | { readonly kind: 'begin'; readonly tasks: readonly Task[] }
  | { readonly kind: 'added'; readonly tasks: readonly Task[] }
  | { readonly kind: 'gone'; readonly tasks: readonly TaskId[] }
  | { readonly kind: 'ended'; readonly run: number; readonly failure: string | null }
  | { readonly kind: 'unsettled'; readonly settlements: readonly Settlement[] }
  | { readonly kind: 'timer' }
  | { readonly kind: 'turn'; readonly mayStart: boolean; readonly maySettle: boolean }
  | { readonly kind: 'end' }

export type ReactorEffect =
  | {
      readonly kind: 'start'
      readonly run: number
      readonly role: string
      readonly key: string
      readonly attempt: number
    }
  /** Nobody waits for this run any more. */
  | { readonly kind: 'abort'; readonly run: number; readonly why: string }
  /** To be journalled; comes again in the next reign unless `gone` says that it is committed. */
  | { readonly kind: 'settle'; readonly settlements: readonly Settlement[] }
  | { readonly kind: 'timer'; readonly afterMs: number }
  | {
      readonly kind: 'note'
      readonly level: 'warn' | 'error'
      readonly event: string
      readonly text: string
      readonly role: string
      readonly key: string
    }

export function createReactor(random: Random): Reactor {
  return {
    random,
    serving: false,
    rows: new Map(),
    runs: new Map(),
    late: new Map(),
    ends: new Map(),
    unsettled: [],
    awake: new Set(),
    lastRun: 0,
    timerAtMs: Infinity,
  }
}

export function stepReactor(r: Reactor, input: ReactorInput, { monotonicMs }: Now): ReactorEffect[] {
  const out: ReactorEffect[] = []
  switch (input.kind) {
    case 'begin':
      begin(r, input.tasks)
      break
    case 'added':
      if (r.serving) for (const task of input.tasks) add(r, task)
      break
    case 'gone':
      for (const task of input.tasks) remove(r, task, out)
      break
    case 'ended':
      ended(r, input.run, input.failure, monotonicMs, out)
      break
    case 'unsettled':
      for (const settlement of input.settlements) if (r.serving) r.unsettled.push({ settlement })
      break
    case 'timer':
      onTimer(r, monotonicMs, out)
      break
    case 'turn':
      if (!r.serving) break
      if (input.maySettle) settle(r, out)
      if (input.mayStart) for (const row of r.awake) start(r, row, monotonicMs, out)
      break
    case 'end':
      end(r, out)
  }
  return out
}

/** A turn would do something. */
export function hasWork(r: Reactor): boolean {
  return r.serving && (r.awake.size > 0 || r.unsettled.length > 0)
}

/** Reactions of a role whose attempts fail, by key. */
export function failingOf(r: Reactor, role: string): ReadonlyMap<string, Failing> {
  return r.rows.get(role)?.failing ?? new Map()
}

const idOf = ({ role, key }: TaskId): string => `${role}:${key}`

function begin(r: Reactor, tasks: readonly Task[]): void {
  invariant(!r.serving && r.runs.size === 0, 'a reign of reactions within another')
  r.serving = true
  r.timerAtMs = Infinity
  const pending = new Set(tasks.map(idOf))
  for (const id of r.ends.keys()) if (!pending.has(id)) r.ends.delete(id)
  r.unsettled = [...r.ends.values()]
  for (const task of tasks) add(r, task)
}

function add(r: Reactor, task: Task): void {
  if (task.limits === null || r.ends.has(idOf(task))) return
  const row = rowOf(r, task.role)
  if (row.items.has(task.key)) return
  const item: Item = { task, limits: task.limits, failures: 0, gone: false }
  row.items.set(task.key, item)
  let lane = row.lanes.get(task.lane)
  if (lane === undefined) row.lanes.set(task.lane, (lane = new Lane(task.lane)))
  lane.add(item)
  if (lane.state === 'idle') makeReady(r, row, lane)
}

function rowOf(r: Reactor, role: string): Row {
  let row = r.rows.get(role)
  if (row === undefined) {
    row = { role, lanes: new Map(), ready: new Set(), running: 0, items: new Map(), failing: new Map() }
    r.rows.set(role, row)
  }
  return row
}

function makeReady(r: Reactor, row: Row, lane: Lane): void {
  if (lane.first === undefined) {
    lane.state = 'idle'
    row.lanes.delete(lane.name)
    return
  }
  lane.state = 'ready'
  row.ready.add(lane)
  if (row.running < RUNS_MAX) r.awake.add(row)
}

function remove(r: Reactor, task: TaskId, out: ReactorEffect[]): void {
  r.ends.delete(idOf(task))
  const row = r.rows.get(task.role)
  const item = row?.items.get(task.key)
  if (row === undefined || item === undefined) return
  item.gone = true
  row.items.delete(task.key)
  row.failing.delete(task.key)
  for (const [run, one] of r.runs) {
    if (one.item !== item) continue
    out.push({ kind: 'abort', run, why: 'The reaction was settled elsewhere.' })
    over(r, run, one)
  }
}

/** The run counts no more, and its lane goes on. */
function over(r: Reactor, id: number, { row, lane }: Run): void {
  r.runs.delete(id)
  row.running -= 1
  lane.dropGone()
  makeReady(r, row, lane)
  if (row.ready.size > 0) r.awake.add(row)
}

function start(r: Reactor, row: Row, nowMs: number, out: ReactorEffect[]): void {
  r.awake.delete(row)
  for (const lane of row.ready) {
    if (row.running >= RUNS_MAX) return
    row.ready.delete(lane)
    lane.dropGone()
    const item = lane.first
    if (item === undefined) {
      row.lanes.delete(lane.name)
      continue
    }
    lane.state = 'running'
    row.running += 1
    const run = ++r.lastRun
    const untilMs = nowMs + item.limits.timeoutMs
    r.runs.set(run, { row, item, lane, untilMs })
    arm(r, untilMs, nowMs, out)
    out.push({ kind: 'start', run, role: row.role, key: item.task.key, attempt: item.failures + 1 })
  }
}

/** Also after the end of its reign: that it ended well is remembered. */
function ended(
  r: Reactor,
  id: number,
  failure: string | null,
  nowMs: number,
  out: ReactorEffect[],
): void {
  const late = r.late.get(id)
  if (late !== undefined) {
    r.late.delete(id)
    if (failure === null && !r.serving) r.ends.set(idOf(late), { settlement: { ...late, end: 'done' } })
  }
  const run = r.runs.get(id)
  if (run === undefined) return
  if (failure === null) finish(r, id, run, { ...idPart(run), end: 'done' })
  else failed(r, id, run, failure, nowMs, out)
}

const idPart = ({ row, item }: Run): TaskId => ({ role: row.role, key: item.task.key })

function finish(r: Reactor, id: number, run: Run, settlement: Settlement): void {
  const { row, item } = run
  item.gone = true
  row.items.delete(item.task.key)
  row.failing.delete(item.task.key)
  const end: End = { settlement }
  r.ends.set(idOf(settlement), end)
  r.unsettled.push(end)
  over(r, id, run)
}

function failed(
  r: Reactor,
  id: number,
  run: Run,
  failure: string,
  nowMs: number,
  out: ReactorEffect[],
): void {
  const { row, item, lane } = run
  const { task, limits } = item
  const text = failure.length > PARKED_TEXT_MAX ? `${failure.slice(0, PARKED_TEXT_MAX - 1)}…` : failure
  item.failures += 1
  const about = { role: row.role, key: task.key }
  const what = `The reaction ${task.key} of '${row.role}' to ${task.type}`
  if (item.failures >= limits.attempts) {
    const times = item.failures === 1 ? 'once' : `${item.failures} times`
    const parked = `${what} has failed ${times} and is parked: ${text}`
    out.push({ kind: 'note', level: 'error', event: 'reaction-parked', text: parked, ...about })
    return finish(r, id, run, { ...about, end: 'parked', attempts: item.failures, text })
  }
  row.failing.set(task.key, { attempts: item.failures, text })
  r.runs.delete(id)
  row.running -= 1
  lane.state = 'waiting'
  if (row.ready.size > 0) r.awake.add(row)
  lane.untilMs = nowMs + pauseOf(r, limits, item.failures)
  arm(r, lane.untilMs, nowMs, out)
  const again = `${what} has failed, attempt ${item.failures} of ${limits.attempts}: ${text}`
  out.push({ kind: 'note', level: 'warn', event: 'reaction-failed', text: again, ...about })
}

/** Between half of it and all: those that failed together do not all come back together. */
function pauseOf(r: Reactor, { backoffMs, maxBackoffMs }: AttemptLimits, failures: number): number {
  return Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(failures - 1, 40)) * (0.5 + r.random.next() / 2)
}

function onTimer(r: Reactor, nowMs: number, out: ReactorEffect[]): void {
  r.timerAtMs = Infinity
  let nextMs = Infinity
  for (const [id, run] of r.runs) {
    if (run.untilMs > nowMs) {
      nextMs = Math.min(nextMs, run.untilMs)
      continue
    }
    const text = `It had no end after ${run.item.limits.timeoutMs} ms.`
    out.push({ kind: 'abort', run: id, why: text })
    failed(r, id, run, text, nowMs, out)
  }
  for (const row of r.rows.values()) {
    for (const lane of row.lanes.values()) {
      if (lane.state !== 'waiting') continue
      if (lane.untilMs <= nowMs || lane.dropGone()) makeReady(r, row, lane)
      else nextMs = Math.min(nextMs, lane.untilMs)
    }
  }
  if (nextMs < Infinity) arm(r, nextMs, nowMs, out)
}

function settle(r: Reactor, out: ReactorEffect[]): void {
  const all = r.unsettled.map(({ settlement }) => settlement)
  r.unsettled = []
  for (let from = 0; from < all.length; from += SETTLE_MAX)
    out.push({ kind: 'settle', settlements: all.slice(from, from + SETTLE_MAX) })
}

function end(r: Reactor, out: ReactorEffect[]): void {
  r.serving = false
  for (const [id, run] of r.runs) {
    out.push({ kind: 'abort', run: id, why: 'This peer stopped serving.' })
    r.late.set(id, idPart(run))
  }
  r.runs.clear()
  r.awake.clear()
  r.unsettled = []
  r.rows.clear()
}

function arm(r: Reactor, atMs: number, nowMs: number, out: ReactorEffect[]): void {
  if (r.timerAtMs <= atMs) return
  r.timerAtMs = atMs
  out.push({ kind: 'timer', afterMs: Math.max(0, atMs - nowMs) })
}
