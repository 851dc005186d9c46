import type { Undo } from '../path.js'
import type { World } from '../world.js'
import { firedInWords } from './describe.js'
import type { Fault, Schedule, Target } from './fault.js'
import { fire } from './fire.js'
import { type Trigger, triggerOf } from './trigger.js'

/** Names of the nodes that play a role now; empty when nobody does. Not asked for names of nodes. */
export type Resolve = (target: Target) => readonly string[]

/** What faults of the kind `act` do to a node, by name. */
export type Acts = Readonly<Record<string, (node: string) => void>>

/** What a fault became when it fired. */
export interface FiredFault {
  readonly atMs: number
  readonly fault: Fault
  /** The nodes that its targets stood for; empty when it hit nobody. */
  readonly hit: readonly string[]
}

/**
 * Plans every fault of the schedule, counted from now. A fault that finds nothing to do (nobody plays the role,
 * the node is down already) does nothing. The returned list grows while the faults fire; `unfired` says which
 * are not in it. Throws a `TypeError` for a trigger or an act that nobody knows.
 */
export function applySchedule(
  world: World,
  schedule: Schedule,
  resolve: Resolve = () => [],
  options: { readonly acts?: Acts } = {},
): FiredFault[] {
  const { acts = {} } = options
  const fired: FiredFault[] = []
  const startMs = world.nowMs
  const { healings } = world
  const waiting: Waiting[] = []
  for (const fault of schedule) {
    if (fault.do === 'act') checkAct(fault.act, acts)
    const go = (): void => {
      if (world.healings === healings) fired.push(fireNow(world, fault, resolve, acts))
    }
    const trigger = triggerOf(fault)
    if (trigger === null) world.schedule(startMs + (fault.at ?? 0), go)
    else waiting.push({ trigger, left: trigger.count, afterMs: fault.after ?? 0, go })
  }
  if (waiting.length > 0) watch(world, waiting, resolve)
  return fired
}

/** The faults that have not fired: their moment did not come. */
export function unfired(schedule: Schedule, fired: readonly FiredFault[]): Fault[] {
  const done = new Set(fired.map(({ fault }) => fault))
  return schedule.filter((fault) => !done.has(fault))
}

interface Waiting {
  readonly trigger: Trigger
  readonly afterMs: number
  readonly go: () => void
  left: number
}

function watch(world: World, all: readonly Waiting[], resolve: Resolve): void {
  let waiting = all
  const stop = world.onMoment((node, name) => {
    for (const one of waiting) {
      const { who, moment } = one.trigger
      if (moment !== name || (who !== node && (world.names.includes(who) || !resolve(who).includes(node))))
        continue
      one.left -= 1
      // A script event of this very moment: before anything that is later, and not inside whoever reports.
      if (one.left === 0) world.schedule(world.nowMs + one.afterMs, one.go)
    }
    waiting = waiting.filter(({ left }) => left > 0)
    if (waiting.length === 0) stop()
  })
}

function fireNow(world: World, fault: Fault, resolve: Resolve, acts: Acts): FiredFault {
  const hit: string[] = []
  const find = (targets: readonly Target[]): string[] => {
    const found = new Set<string>()
    for (const target of targets) {
      for (const name of namesOf(world, target, resolve, found)) found.add(name)
    }
    for (const name of found) if (!hit.includes(name)) hit.push(name)
    return [...found]
  }
  const undo = fire(world, fault, find, acts)
  const words = firedInWords(fault, hit)
  if ('for' in fault && fault.for !== undefined) undoAfter(world, fault.for, words, undo)
  else world.remark('', 'fault', words)
  return { atMs: world.nowMs, fault, hit }
}

function undoAfter(world: World, forMs: number, words: string, undo: Undo): void {
  const ended = world.remarkSpan('', 'fault', words)
  world.schedule(world.nowMs + forMs, () => {
    ended()
    undo()
  })
}

/** `a voter` is one of them, another one each time that a fault says it; `voters` would be all. */
function namesOf(world: World, target: Target, resolve: Resolve, taken: ReadonlySet<string>): string[] {
  if (world.names.includes(target)) return [target]
  const names = resolve(target)
  if (!/^an? /.test(target)) return [...names]
  return names.filter((name) => !taken.has(name)).slice(0, 1)
}

function checkAct(act: string, acts: Acts): void {
  if (Object.hasOwn(acts, act)) return
  const known = Object.keys(acts)
  const help = known.length === 0 ? 'give `acts` to applySchedule' : `there is ${known.join(', ')}`
  throw new TypeError(`nobody knows the act "${act}": ${help}`)
}
