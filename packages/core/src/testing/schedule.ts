import { match } from 'ts-pattern'
import { invariant } from '../invariant.js'
import type { LinkQuality, Undo } from './path.js'
import type { World } from './world.js'

/** A node's name, or a role (`server`, `successor`) that is resolved at the moment when the fault fires. */
export type Target = string

interface When {
  /** Virtual milliseconds after `applySchedule`. */
  readonly at: number
}

interface Lasting {
  /** Milliseconds after which the fault undoes itself; without it, it lasts until `world.healAll`. */
  readonly for?: number
}

/** One thing that goes wrong, as plain JSON. */
export type Fault =
  | ({ readonly do: 'crash'; readonly who: Target } & When & Lasting)
  /** Crashes what runs and starts it again at once. */
  | ({ readonly do: 'restart'; readonly who: Target } & When)
  | ({ readonly do: 'pause'; readonly who: Target } & When & Lasting)
  | ({ readonly do: 'cut'; readonly from: Target; readonly to: Target } & When & Lasting)
  /** `a` from `b`; without `b`, from everybody else. */
  | ({ readonly do: 'split'; readonly a: readonly Target[]; readonly b?: readonly Target[] } & When & Lasting)
  /** Every link and datagram of `who` (everybody's without it) loses this share: against the contract of links. */
  | ({ readonly do: 'loss'; readonly rate: number; readonly who?: Target } & When & Lasting)
  | ({ readonly do: 'power-off'; readonly who: readonly Target[]; readonly tear?: boolean } & When & Lasting)
  | ({ readonly do: 'clock-jump'; readonly who: Target; readonly byMs: number } & When)
  | ({ readonly do: 'drift'; readonly who: Target; readonly rate: number } & When & Lasting)

export type FaultKind = Fault['do']
export type Schedule = readonly Fault[]

/** Names of the nodes that play a role now; empty when nobody does. Not asked for names of nodes. */
export type Resolve = (target: Target) => readonly string[]

/** What a fault became when it fired. */
export interface FiredFault {
  readonly atMs: number
  readonly fault: Fault
  /** The nodes that its targets stood for; empty when it hit nobody. */
  readonly hit: readonly string[]
}

/**
 * Plans every fault of the schedule, counted from now. A fault that finds nothing to do (nobody plays the role,
 * the node is down already) does nothing. The returned list grows while the faults fire.
 */
export function applySchedule(world: World, schedule: Schedule, resolve: Resolve = () => []): FiredFault[] {
  const fired: FiredFault[] = []
  const startMs = world.nowMs
  for (const fault of schedule) {
    world.schedule(startMs + fault.at, () => {
      const hit: string[] = []
      const find = (targets: readonly Target[]): string[] => {
        const names = targets.flatMap((target) => (world.names.includes(target) ? [target] : resolve(target)))
        hit.push(...names.filter((name) => !hit.includes(name)))
        return [...new Set(names)]
      }
      const undo = fire(world, fault, find)
      fired.push({ atMs: world.nowMs, fault, hit })
      if ('for' in fault && fault.for !== undefined) world.schedule(world.nowMs + fault.for, undo)
    })
  }
  return fired
}

type Find = (targets: readonly Target[]) => string[]

const nothing: Undo = () => {}

const all =
  (undos: readonly Undo[]): Undo =>
  () => {
    for (const undo of undos) undo()
  }

/** Does it, and returns what takes it back: only itself, not what other faults did meanwhile. */
function fire(world: World, fault: Fault, find: Find): Undo {
  return match(fault)
    .with({ do: 'crash' }, ({ who }) => all(alive(world, find([who])).map((name) => crash(world, name))))
    .with({ do: 'pause' }, ({ who }) => all(alive(world, find([who])).map((name) => pause(world, name))))
    .with({ do: 'restart' }, ({ who }) => {
      for (const name of find([who])) if (world.life(name) > 0) world.restart(name)
      return nothing
    })
    .with({ do: 'cut' }, (f) => {
      const [from, to] = [find([f.from]), find([f.to])]
      return all(from.flatMap((a) => to.filter((b) => b !== a).map((b) => world.cut(a, b))))
    })
    .with({ do: 'split' }, ({ a, b }) => world.split(find(a), b === undefined ? undefined : find(b)))
    .with({ do: 'loss' }, ({ rate, who }) => lose(world, rate, who === undefined ? world.names : find([who])))
    .with({ do: 'power-off' }, ({ who, tear }) => powerOff(world, find(who), tear ?? false))
    .with({ do: 'clock-jump' }, ({ who, byMs }) => {
      for (const name of find([who])) world.clockJump(name, byMs)
      return nothing
    })
    .with({ do: 'drift' }, ({ who, rate }) => {
      const names = find([who])
      for (const name of names) world.drift(name, rate)
      return all(names.map((name) => () => world.drift(name, 1)))
    })
    .exhaustive()
}

const alive = (world: World, names: readonly string[]): string[] =>
  names.filter((name) => world.state(name) === 'running' || world.state(name) === 'paused')

/** Starts the node unless somebody else did since. */
const startAfter =
  (world: World, name: string, life: number): Undo =>
  () => {
    const down = world.state(name) === 'stopped' || world.state(name) === 'no power'
    if (down && world.life(name) === life) world.start(name)
  }

function crash(world: World, name: string): Undo {
  world.crash(name)
  return startAfter(world, name, world.life(name))
}

function pause(world: World, name: string): Undo {
  if (world.state(name) === 'paused') return nothing
  const life = world.life(name)
  world.pause(name)
  return () => {
    if (world.life(name) === life) world.resume(name)
  }
}

function powerOff(world: World, names: readonly string[], tear: boolean): Undo {
  const hit = names.filter((name) => world.life(name) > 0 && world.state(name) !== 'no power')
  world.powerOff(hit, { tear })
  return all(hit.map((name) => startAfter(world, name, world.life(name))))
}

function lose(world: World, rate: number, names: readonly string[]): Undo {
  invariant(rate >= 0 && rate <= 1, 'a rate of loss is between 0 and 1')
  const change: Partial<LinkQuality> = { loss: rate, datagramLoss: rate }
  const undos: Undo[] = []
  for (const name of names) {
    for (const other of world.names) {
      if (other === name) continue
      undos.push(world.quality(name, other, change), world.quality(other, name, change))
    }
  }
  return all(undos)
}
