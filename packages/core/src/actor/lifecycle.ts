import type { Timer } from '../host/index.js'
import type { ActorCell } from './cell.js'
import { forgetSenders } from './ref.js'
import type { ActorFailure } from './reports.js'

/**
 * Where an actor is in its life.
 *
 *   running --failure--> held --its parent resumes it--> running
 *   held, running --restart--> halting --children stopped--> unwinding --preRestart--> halted --back-off--> renewing
 *   renewing --state()--> running
 *   any of these --stop--> stopping --handler and children ended--> finishing --postStop--> stopped
 *
 * Messages are handled in `running` only.
 */
export type Phase =
  | 'running'
  | 'held'
  | 'halting'
  | 'unwinding'
  | 'halted'
  | 'renewing'
  | 'stopping'
  | 'finishing'
  | 'stopped'

/** Why an actor does not run, and failures of its children that became its own. */
export class Held {
  error: unknown
  /** The wait before the restart; null when siblings restart with it. */
  delayMs: number | null = null
  timer: Timer | undefined
  /** The child whose failure is the actor's own: runs on with it, if it does. */
  child: ActorCell | undefined
  readonly escalated: Escalated[] = []
}

interface Escalated {
  readonly child: ActorCell
  readonly error: unknown
  readonly during: string
}

function heldOf(cell: ActorCell): Held {
  return (cell.held ??= new Held())
}

/**
 * Takes the next steps of a life before the next message. True: messages may be handled. False: something else will
 * poke the cell. A promise: a hook runs; then ask again.
 */
export function attend(cell: ActorCell): boolean | Promise<void> {
  for (;;) {
    switch (cell.phase) {
      case 'running':
        if (failWithChild(cell)) continue
        cell.attention = false
        return true
      case 'held':
      case 'halted':
      case 'stopped':
        return false
      case 'halting': {
        if (hasChildren(cell, false)) return false
        const pending = unwind(cell)
        if (pending !== undefined) return pending
        continue
      }
      case 'unwinding':
        halted(cell)
        continue
      case 'renewing':
        begin(cell)
        continue
      case 'stopping': {
        if (hasChildren(cell, cell.draining)) return false
        const pending = finish(cell)
        if (pending !== undefined) return pending
        continue
      }
      case 'finishing':
        ended(cell)
        return false
    }
  }
}

/** Stops them when there are some; the cell is poked when the last one has stopped. */
function hasChildren(cell: ActorCell, drain: boolean): boolean {
  if (cell.family === undefined || cell.family.isEmpty) return false
  cell.family.stopAll({ drain })
  return true
}

function report(cell: ActorCell, during: string, error: unknown, action: ActorFailure['action']): void {
  cell.surroundings.failed({ kind: 'threw', path: cell.path, during, error, action })
}

// ---- failures

/** Something that the actor's code threw; its parent decides. Of an escalation, `child` is who failed first. */
export function fail(cell: ActorCell, during: string, error: unknown, child?: ActorCell): void {
  if (cell.phase !== 'running') return report(cell, during, error, cell.isEnding ? 'stop' : 'restart')
  cell.phase = 'held'
  cell.attention = true
  if (child !== undefined) heldOf(cell).child = child
  cell.error = error
  const judgement = cell.parent.judge(cell, error)
  report(cell, during, error, judgement.action)
  cell.parent.carryOut(cell, judgement)
}

/** The failure of a child that its parent did not want to answer. It waits for the parent's turn. */
export function escalate(cell: ActorCell, child: ActorCell, error: unknown, during: string): void {
  if (cell.isEnding) return
  heldOf(cell).escalated.push({ child, error, during })
  cell.attention = true
  cell.poke()
}

function failWithChild(cell: ActorCell): boolean {
  const first = cell.held?.escalated.shift()
  if (first === undefined) return false
  fail(cell, first.during, first.error, first.child)
  return true
}

/** Goes on with the state from before, and so does the child whose failure it was. */
export function resume(cell: ActorCell): void {
  if (cell.phase !== 'held') return
  cell.phase = 'running'
  const child = cell.held?.child
  if (cell.held !== undefined) cell.held.child = undefined
  if (child !== undefined) resume(child)
  cell.poke()
}

// ---- restarts

/** Begins a restart; `delayMs` null: halts, and is renewed by its parent. */
export function halt(cell: ActorCell, error: unknown, delayMs: number | null): void {
  if (cell.phase === 'renewing') cell.phase = 'halted'
  if (cell.phase !== 'running' && cell.phase !== 'held') return
  const held = heldOf(cell)
  held.error = error
  held.delayMs = delayMs
  held.child = undefined
  held.escalated.length = 0
  cell.phase = 'halting'
  cell.attention = true
  cell.belongings?.endTimers()
  cell.poke()
}

function unwind(cell: ActorCell): void | Promise<void> {
  cell.phase = 'unwinding'
  const hook = cell.plan.definition.preRestart
  if (hook === undefined) return undefined
  const { state, context, held } = cell
  return runHook(cell, 'preRestart', 'restart', () => hook(state, held?.error, context))
}

function halted(cell: ActorCell): void {
  cell.phase = 'halted'
  cell.belongings?.endTimers()
  const delayMs = cell.held?.delayMs
  if (delayMs === null || delayMs === undefined) cell.parent.moved()
  else if (delayMs === 0) cell.phase = 'renewing'
  else heldOf(cell).timer = cell.surroundings.host.timers.set(delayMs, () => renew(cell))
}

export function renew(cell: ActorCell): void {
  if (cell.phase !== 'halted') return
  cell.phase = 'renewing'
  cell.poke()
}

/** It restarted with siblings, and does not wait for them any more. */
export function renewAlone(cell: ActorCell): void {
  if (cell.held !== undefined) cell.held.delayMs = 0
  renew(cell)
}

/** As it was at its spawn, with the mailbox that it has, before which comes what it had stashed. */
function begin(cell: ActorCell): void {
  cell.incarnation++
  cell.held = undefined
  if (cell.plan !== cell.origin) {
    cell.plan = cell.origin
    forgetSenders(cell.ref)
  }
  cell.belongings?.stash?.release(cell.mailbox)
  try {
    const state = cell.plan.definition.state(cell.context)
    if (cell.phase === 'renewing') {
      cell.state = state
      cell.phase = 'running'
    }
  } catch (error) {
    cell.error = error
    report(cell, 'state()', error, 'stop')
    end(cell, 'failed')
  }
  cell.parent.moved()
}

// ---- ends

/** Accepts and handles nothing any more; what waits becomes dead letters now, the rest comes in the cell's turn. */
export function end(cell: ActorCell, why: 'stopped' | 'failed'): void {
  if (cell.isEnding) return
  const { phase } = cell
  if (cell.why === 'stopped') cell.why = why
  cell.phase = 'stopping'
  cell.attention = true
  cell.open = false
  cell.held?.timer?.cancel()
  cell.held = undefined
  loseAll(cell)
  cell.parent.moved()
  // Nothing of its own is left to run: it needs no turn.
  const hasHook = cell.plan.definition.postStop !== undefined && !cell.unborn
  if (phase === 'running' && cell.isIdle && cell.family === undefined && !hasHook) ended(cell)
  else cell.poke()
}

function loseAll(cell: ActorCell): void {
  const { mailbox } = cell
  loseStash(cell)
  if (mailbox === undefined) return
  const { port, message } = mailbox
  for (let rest = mailbox.take(); rest !== undefined; rest = mailbox.take())
    cell.lose(rest, mailbox.message, 'stopped')
  mailbox.port = port
  mailbox.message = message
}

export function loseStash(cell: ActorCell): void {
  for (const { port, message } of cell.belongings?.stash?.takeAll() ?? []) cell.lose(port, message, 'stopped')
}

/** The first `state()` threw: there is no actor, only children that it may have spawned. */
export function abandon(cell: ActorCell): void {
  cell.unborn = true
  end(cell, 'failed')
}

function finish(cell: ActorCell): void | Promise<void> {
  cell.phase = 'finishing'
  cell.belongings?.end()
  const hook = cell.plan.definition.postStop
  if (hook === undefined || cell.unborn) return undefined
  const { state, context } = cell
  cell.newMoment()
  return runHook(cell, 'postStop', 'stop', () => hook(state, context))
}

function ended(cell: ActorCell): void {
  cell.phase = 'stopped'
  cell.belongings?.end()
  cell.endTurns()
  cell.parent.remove(cell)
  const { watchers, stopWaiters, ref, why } = cell
  // A ref may be kept for long; what it leads to need not be.
  cell.state = undefined
  cell.mailbox = undefined
  cell.family = undefined
  cell.belongings = undefined
  cell.watchers = undefined
  cell.stopWaiters = undefined
  if (watchers !== undefined) for (const watcher of watchers) watcher.terminated(ref, why)
  if (stopWaiters !== undefined) for (const go of stopWaiters) go()
}

// ---- hooks

/** Runs and waits; what it throws is reported, and the way goes on. */
function runHook(
  cell: ActorCell,
  during: string,
  action: ActorFailure['action'],
  hook: () => void | Promise<void>,
): void | Promise<void> {
  try {
    const pending = hook()
    if (pending === undefined || typeof pending.then !== 'function') return undefined
    const { slow } = cell.surroundings
    slow.begin(cell, during)
    return Promise.resolve(pending).then(
      () => slow.end(cell),
      (error: unknown) => {
        slow.end(cell)
        report(cell, during, error, action)
      },
    )
  } catch (error) {
    report(cell, during, error, action)
  }
}
