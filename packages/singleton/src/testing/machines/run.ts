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

/**
 * One run of succession machines: they found a group, clients work while the schedule breaks things, then everything
 * is healed, and one more command must be answered (L1). What is wrong comes back as data, also what a machine throws.
 */
export function runMachines(options: MachineRunOptions): MachineRun {
  const { schedule, forMs = 18_000, meanwhile } = options
  checkMachineSchedule(schedule)
  const world = new SuccessionWorld(options)
  let fired: FiredFault[] = []
  try {
    if (!world.plain.runUntil(() => world.settled, { limitMs: FORM_MS }))
      explain(world, 'no group came about')
    world.clients.begin()
    meanwhile?.(world)
    fired = applyToMachines(world, schedule)
    world.plain.run(forMs)
    world.clients.end()
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
    if (!world.settled) return false
    if (last === null || world.nowMs - last.askedAtMs > 1_000) last = world.clients.ask(false)
    return last?.endedAtMs !== null && last !== null
  }
  if (!world.plain.runUntil(served, { limitMs: HEAL_MS, everyMs: 20 })) explain(world, 'not healed')
  for (const peer of world.running) {
    world.laws.holdsAcknowledged(peer)
    world.laws.sameState(peer)
  }
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
