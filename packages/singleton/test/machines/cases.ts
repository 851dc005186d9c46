import type { FaultKind, Schedule } from '@tanist/core/testing'
import { scheduleArbitrary } from '@tanist/core/testing/arbitraries'
import * as fc from 'fast-check'
import { machineFaultKinds, runMachines } from '../../src/testing/machines/index.js'
import type { MachineContradiction, MachineRun, MachineRunOptions } from '../../src/testing/machines/index.js'

export const NAMES = ['ann', 'bob', 'cy', 'dee', 'eve', 'fay', 'gus', 'hal', 'ida', 'jon', 'kim', 'lea']
const ROLES = ['server', 'successor', 'oldest', 'youngest', 'a voter', 'a follower']
const MOMENTS = ['server.appended', 'server.acknowledged', 'elected', 'serves', 'syncing', 'committed']

export interface Case {
  readonly seed: number
  readonly peers: number
  readonly schedule: Schedule
}

export interface Draw {
  readonly seed: number
  readonly peers: number
  readonly count: number
  readonly kinds?: readonly FaultKind[]
  readonly forMs?: number
}

/** Cases by chance; the same for the same seed. */
export function draw({ seed, peers, count, kinds = machineFaultKinds, forMs = 15_000 }: Draw): Case[] {
  const shape = {
    nodes: NAMES.slice(0, peers),
    roles: ROLES,
    moments: MOMENTS,
    forMs,
    maxFaults: 10,
    kinds: peers < 3 ? kinds.filter((kind) => kind !== 'bridge' && kind !== 'ring') : kinds,
  }
  const one = fc.record({
    seed: fc.integer({ min: 1, max: 1_000_000 }),
    peers: fc.constant(peers),
    schedule: scheduleArbitrary(shape),
  })
  return fc
    .sample(one, { seed, numRuns: count })
    .map((found) => ({ ...found, schedule: honest(found.schedule) }))
}

/** A wall clock that is set back while its machine sleeps would hide the sleep, and nothing could tell. */
function honest(schedule: Schedule): Schedule {
  const sleeps = schedule.some((fault) => fault.do === 'sleep')
  return sleeps ? schedule.filter((fault) => fault.do !== 'clock-jump' || fault.byMs > 0) : schedule
}

export interface Found {
  readonly one: Case
  readonly after: number
  readonly contradiction: MachineContradiction
}

/** The first case that contradicts one of these laws (any, by default). */
export function hunt(
  cases: readonly Case[],
  options: Partial<MachineRunOptions> = {},
  by?: readonly string[],
  each: (run: MachineRun) => void = () => {},
): Found | null {
  for (const [i, one] of cases.entries()) {
    const run = runMachines({ ...one, ...options })
    each(run)
    const contradiction = run.contradictions.find(({ law }) => by === undefined || by.includes(law))
    if (contradiction) return { one, after: i + 1, contradiction }
  }
  return null
}
