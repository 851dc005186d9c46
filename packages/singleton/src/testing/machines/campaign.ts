import { huntMachines } from './hunt.js'
import type { Catch } from './hunt.js'
import { families } from './families.js'

/** Schedules `from` to `from + count - 1` of a campaign with so many peers. */
export interface Portion {
  readonly peers: number
  readonly seed: number
  readonly from: number
  readonly count: number
}

export interface PortionTally {
  schedules: number
  faults: number
  acknowledged: number
  reigns: number
  virtualMs: number
}

const BEYOND = ['slow clocks']
const OF_THREE = ['figure 8', 'late disks', 'own sync', 'spoilt']

/** The aimed families that mean something with so many peers, and stay within what is promised. */
function aimed(peers: number): string[] {
  return Object.keys(families).filter(
    (name) =>
      name !== 'any' &&
      !BEYOND.includes(name) &&
      (peers === 3 || !OF_THREE.includes(name)) &&
      (peers >= 3 || name !== 'flapping') &&
      (peers === 2 || name !== 'pairs'),
  )
}

/** Which family the `number`-th schedule is of: every second one of `any`. */
export function familyOf(peers: number, number: number): string {
  if (number % 2 === 0) return 'any'
  const names = aimed(peers)
  return names[((number - 1) / 2) % names.length] ?? 'any'
}

/** Runs a portion of a campaign; every portion can be run by itself, in any process. */
export function runPortion({ peers, seed, from, count }: Portion): {
  readonly tally: PortionTally
  readonly caught: (Catch & { readonly family: string }) | null
} {
  const tally: PortionTally = { schedules: 0, faults: 0, acknowledged: 0, reigns: 0, virtualMs: 0 }
  for (let number = from; number < from + count; number++) {
    const family = familyOf(peers, number)
    const caught = huntMachines({ family, peers, seed, from: number, count: 1 }, (run) => {
      tally.schedules += 1
      tally.faults += run.fired.length
      tally.acknowledged += run.acknowledged
      tally.reigns += run.reigns
      tally.virtualMs += run.virtualMs
    })
    if (caught) return { tally, caught: { ...caught, family } }
  }
  return { tally, caught: null }
}
