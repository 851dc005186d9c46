import type { Random } from '../../host/index.js'
import { leaves } from './envelope.js'
import { mildest, roll, rollTarget } from './dice.js'
import type { Fault, FaultKind, Schedule, When } from './fault.js'
import { faultKinds } from './fields.js'
import { possibleKinds, type ScheduleShape } from './shape.js'

/** Kinds in one schedule at most: all at once hide bugs behind each other. */
const maxKinds = 6
const stepMs = 100
/** Share of the faults that wait for something that happens, where there is something to wait for. */
const triggered = 0.3
const tries = 4

/** Draws schedules of this shape; throws a `TypeError` when none is possible. */
export function scheduleDrawer(shape: ScheduleShape): (random: Pick<Random, 'next'>) => Schedule {
  const kinds = possibleKinds(shape, faultKinds)
  return (random) => {
    const enabled = someOf(random, kinds)
    const faults: Fault[] = []
    for (let left = 1 + pick(random, shape.maxFaults); left > 0; left--) {
      const fault = inside(random, enabled, shape, faults)
      if (fault !== null) faults.push(fault)
    }
    if (faults.length === 0) faults.push(mildest(enabled[0]!, shape, time(random, shape)))
    return inOrder(faults)
  }
}

/**
 * One failure schedule by chance, in the manner of swarm testing: first the kinds that it uses, then its faults.
 * Times are multiples of 100 ms. It never leaves the envelope of the shape.
 */
export function drawSchedule(random: Pick<Random, 'next'>, shape: ScheduleShape): Schedule {
  return scheduleDrawer(shape)(random)
}

/** By time; those that wait for something come last. */
export const inOrder = (faults: readonly Fault[]): Fault[] =>
  faults.toSorted((x, y) => (x.at ?? Number.MAX_VALUE) - (y.at ?? Number.MAX_VALUE))

const pick = (random: Pick<Random, 'next'>, below: number): number => Math.floor(random.next() * below)

const time = (random: Pick<Random, 'next'>, { forMs }: ScheduleShape): number =>
  pick(random, Math.floor(forMs / stepMs) + 1) * stepMs

function someOf(random: Pick<Random, 'next'>, kinds: readonly FaultKind[]): FaultKind[] {
  const left = [...kinds]
  const size = 1 + pick(random, Math.min(left.length, maxKinds))
  return Array.from({ length: size }, () => left.splice(pick(random, left.length), 1)[0]!)
}

/** A fault that is inside the envelope together with the others; null when that was too much to ask. */
function inside(
  random: Pick<Random, 'next'>,
  kinds: readonly FaultKind[],
  shape: ScheduleShape,
  others: readonly Fault[],
): Fault | null {
  for (let i = 0; i < tries; i++) {
    const fault = roll(random, kinds[pick(random, kinds.length)]!, shape, when(random, shape))
    const { envelope, nodes } = shape
    if (envelope === undefined || leaves([...others, fault], envelope, nodes) === null) return fault
  }
  return null
}

function when(random: Pick<Random, 'next'>, shape: ScheduleShape): When {
  const { moments = [] } = shape
  if (moments.length === 0 || random.next() >= triggered) return { at: time(random, shape) }
  const moment = moments[pick(random, moments.length)]!
  const who = moment.includes('.') ? '' : `${rollTarget(random, shape)}.`
  // Early ones more often: the hundredth may never come.
  const count = 1 + Math.floor(random.next() ** 3 * 30)
  const on = `${who}${moment}${count === 1 ? '' : `#${count}`}`
  return random.next() < 0.7 ? { on } : { on, after: pick(random, 20) * 10 }
}
