import type { FiredFault, Schedule } from '@tanist/core/testing'
import type { MachineOp } from './clients.js'
import { applyToMachines, checkMachineSchedule } from './faults.js'
import type { MachineContradiction } from './laws.js'
import { SuccessionWorld } from './world.js'
import type { SuccessionWorldOptions } from './world.js'

export interface MachineRunOptions extends SuccessionWorldOptions {
  readonly schedule: Schedule
  /** Virtual milliseconds of work under the schedule. Default 18,000: about 20 seconds in all. */
  readonly forMs?: number
  /** The schedule begins with the first start, not when the cluster has come together. Default false. */
  readonly opening?: boolean
  /** More reigns than this contradict L6: what is done to followers alone deposes no server. Default: any number. */
  readonly reignsMax?: number
  /** Called when the cluster has come together, before the schedule begins. */
  readonly meanwhile?: (world: SuccessionWorld) => void
}

export interface MachineRun {
  readonly world: SuccessionWorld
  readonly fired: readonly FiredFault[]
  readonly contradictions: readonly MachineContradiction[]
  readonly ops: readonly MachineOp[]
  readonly acknowledged: number
  readonly reigns: number
  /** All virtual time, from the first start to the end of healing. */
  readonly virtualMs: number
  /** The same for the same options, in every process. */
  readonly digest: string
}

/** Time for a group to come together, and to heal. */
const FORM_MS = 10_000
const HEAL_MS = 20_000
/** One answer takes a few round trips. */
const CALM_MS = 2_000
const CALM_ATTEMPTS = 10

/**
 * One run of succession machines: they found a group, clients work while the schedule breaks things, then everything
 * is healed, and one more command must be answered (L1). What is wrong comes back as data, also what a machine throws.
 */
export function runMachines(options: MachineRunOptions): MachineRun {
  const { schedule, forMs = 18_000, opening = false, reignsMax = Infinity, meanwhile } = options
  checkMachineSchedule(schedule)
  const world = new SuccessionWorld(options)
  let fired: FiredFault[] = []
  try {
    if (!opening && !world.plain.runUntil(() => world.settled, { limitMs: FORM_MS }))
      explain(world, 'no group came about')
    world.clients.begin()
    meanwhile?.(world)
    fired = applyToMachines(world, schedule)
    world.plain.run(forMs)
    world.clients.end()
    if (world.laws.reigns > reignsMax)
      world.laws.broken('L6', `${world.laws.reigns} reigns, where ${reignsMax} would do`)
    world.peaceful = true
    world.healAll()
    heal(world)
  } catch (error) {
    world.laws.broken('throws', error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  const { contradictions, reigns } = world.laws
  const { ops } = world.clients
  const acknowledged = ops.filter((op) => op.endedAtMs !== null).length
  const { digest, nowMs } = world.plain
  return { world, fired, contradictions, ops, acknowledged, reigns, virtualMs: nowMs, digest }
}

function heal(world: SuccessionWorld): void {
  let last: MachineOp | null = null
  const served = (): boolean => {
    // Who left for good in the meantime comes back, too.
    for (const name of world.names) if (!world.peer(name)) world.restart(name)
    if (!world.settled) return false
    if (last === null || world.nowMs - last.askedAtMs > 1_000) last = world.clients.ask(false)
    return last?.endedAtMs !== null && last !== null
  }
  const healed = world.plain.runUntil(served, { limitMs: HEAL_MS, everyMs: 20 })
  if (!healed) explain(world, 'not healed')
  for (const peer of world.running) {
    world.laws.holdsAcknowledged(peer)
    world.laws.sameState(peer)
  }
  if (healed) calm(world)
}

/**
 * L2: with nothing wrong any more, everything that is asked is answered. Another reign in between, such as a
 * hand-over to the oldest, or a lease that lapses on a slow network excuses it: these clients never ask again.
 */
function calm(world: SuccessionWorld): void {
  for (let attempt = 1; attempt <= CALM_ATTEMPTS; attempt++) {
    const { beginnings } = world.laws
    const asked = [world.clients.ask(false), world.clients.ask(true), world.clients.ask(false)]
    const open = (): boolean => asked.some((op) => op?.endedAtMs === null)
    if (!world.plain.runUntil(() => !open(), { limitMs: CALM_MS }) && world.laws.beginnings === beginnings)
      return world.laws.broken('L2', 'a healthy server left a command or a read unanswered')
    if (!asked.includes(null) && !open()) return
    world.plain.run(CALM_MS)
  }
  explain(world, 'no calm after healing')
}

function explain(world: SuccessionWorld, what: string): void {
  const peers = world.names.map((name) => {
    const peer = world.peer(name)
    if (!peer) return `${name}: down`
    const { role, self, hard, commitIndex, lastIndex, view, leader } = peer.state
    return `${name} (life ${self.incarnation}): ${role.kind} term ${hard.term} commit ${commitIndex}/${lastIndex} leader ${leader?.memberId ?? 'nobody'} members ${[...view.values()].map((row) => `${row.name} ${row.incarnation}`).join(', ')}`
  })
  world.laws.broken('L1', `${what}; ${peers.join(' | ')}`)
}
