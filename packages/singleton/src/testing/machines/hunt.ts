import { simplerSchedules } from '@tanist/core/testing'
import { machineCase } from './cases.js'
import type { MachineCase } from './cases.js'
import type { MachineContradiction } from './laws.js'
import { runMachines } from './run.js'
import type { MachineRun } from './run.js'
import { machineNames } from './world.js'

/** Cases `from` to `from + count - 1` of a family. */
export interface Hunt {
  readonly family: string
  readonly peers: number
  readonly seed: number
  readonly from?: number
  readonly count: number
  /** Default: any law. */
  readonly laws?: readonly MachineContradiction['law'][]
}

export interface Catch {
  readonly case: MachineCase
  /** Its number in the family, counted from 0. */
  readonly number: number
  readonly contradiction: MachineContradiction
}

export function runMachineCase({ seed, peers, schedule, setting }: MachineCase): MachineRun {
  return runMachines({ ...setting, seed, peers, schedule })
}

/** The first case that contradicts a law; null when all of them hold. */
export function huntMachines(hunt: Hunt, each: (run: MachineRun) => void = () => {}): Catch | null {
  const { family, peers, seed, from = 0, count, laws } = hunt
  for (let number = from; number < from + count; number++) {
    const one = machineCase(family, peers, seed, number)
    const run = runMachineCase(one)
    each(run)
    const contradiction = run.contradictions.find(({ law }) => laws === undefined || laws.includes(law))
    if (contradiction) return { case: one, number, contradiction }
  }
  return null
}

/** A simpler case that contradicts the same law, after at most so many runs. */
export function shrinkMachineCase(found: Catch, runs: number): Catch {
  let best = found
  let left = runs
  for (let better: Catch | null = best; better !== null && left > 0; ) {
    better = null
    const shape = { nodes: machineNames.slice(0, best.case.peers) }
    for (const schedule of simplerSchedules(best.case.schedule, shape)) {
      if (left-- <= 0) break
      const one = { ...best.case, schedule }
      const { law } = best.contradiction
      const contradiction = runMachineCase(one).contradictions.find((other) => other.law === law)
      if (contradiction === undefined) continue
      better = best = { ...best, case: one, contradiction }
      break
    }
  }
  return best
}
