import { seededRandom } from '@tanist/core/testing'
import type { Schedule } from '@tanist/core/testing'
import type { MachineRunOptions } from './run.js'
import { families } from './families.js'

/** What makes a run other than usual; plain data, as the schedule is. */
export type MachineSetting = Omit<MachineRunOptions, 'seed' | 'peers' | 'schedule' | 'meanwhile'>

/** A run that can be repeated to the byte, from a file as well. */
export interface MachineCase {
  readonly seed: number
  readonly peers: number
  readonly schedule: Schedule
  readonly setting?: MachineSetting
}

/** What a family draws: the rest is common to all cases. */
export interface Drawn {
  readonly schedule: Schedule
  readonly setting?: MachineSetting
}

/** The `number`-th case of a family: the same for the same arguments, whatever was drawn before it. */
export function machineCase(family: string, peers: number, seed: number, number: number): MachineCase {
  const draw = families[family]
  if (draw === undefined)
    throw new TypeError(
      `there is no family "${family}" of schedules: they are ${Object.keys(families).join(', ')}`,
    )
  const random = seededRandom(`${family}/${peers}/${seed}/${number}`)
  return { seed: 1 + Math.floor(random.next() * 1_000_000), peers, ...draw(random, peers) }
}
