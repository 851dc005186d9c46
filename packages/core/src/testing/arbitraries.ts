import * as fc from 'fast-check'
import type { Behavior } from '../actor/index.js'
import { type CrashPoint, crashPlaces } from './actors/index.js'
import { scheduleDrawer, simplerSchedules } from './schedule/index.js'
import type { Schedule, ScheduleShape } from './schedule/index.js'

export type { ScheduleShape } from './schedule/index.js'

/**
 * Failure schedules as `drawSchedule` draws them. They shrink as plain data (`simplerSchedules`), so schedules
 * from files, given as examples, shrink as well. Throws a `TypeError` when the shape leaves nothing to draw.
 */
export function scheduleArbitrary(shape: ScheduleShape): fc.Arbitrary<Schedule> {
  return new ScheduleArbitrary(shape)
}

/**
 * Crash points for `crashPoints`: at most `max` (default 3), within the first `calls` (default 20) of each place.
 *
 * @example
 * const till = actor({ state: () => 0, on: { pay: (n, m: { cents: number }) => n + m.cents } })
 * await fc.assert(fc.asyncProperty(crashPointsArbitrary(till), async (points) => {
 *   const t = actorTest()
 *   const ref = t.system.spawn(crashPoints(till, points), 'till')
 *   for (let n = 0; n < 10; n++) ref.tell.pay({ cents: 1 })
 *   await t.settle()
 * }))
 */
export function crashPointsArbitrary(
  behavior: Behavior<unknown>,
  { max = 3, calls = 20, places = crashPlaces(behavior) }: CrashPointsShape = {},
): fc.Arbitrary<readonly CrashPoint[]> {
  const point = fc.record({
    in: fc.constantFrom(...places),
    call: fc.integer({ min: 1, max: calls }),
    when: fc.constantFrom('before' as const, 'after' as const),
  })
  return fc.array(point, { maxLength: max })
}

export interface CrashPointsShape {
  readonly max?: number
  readonly calls?: number
  /** Default: everywhere. `state()` also crashes at `spawn`, which throws then. */
  readonly places?: readonly string[]
}

class ScheduleArbitrary extends fc.Arbitrary<Schedule> {
  readonly #shape: ScheduleShape
  readonly #draw: ReturnType<typeof scheduleDrawer>

  constructor(shape: ScheduleShape) {
    super()
    this.#shape = shape
    this.#draw = scheduleDrawer(shape)
  }

  generate(random: fc.Random): fc.Value<Schedule> {
    return new fc.Value(this.#draw({ next: () => random.nextDouble() }), undefined)
  }

  canShrinkWithoutContext(value: unknown): value is Schedule {
    return Array.isArray(value)
  }

  /** Goes on where the last success was: what failed before it will hardly do now, and a run may be dear. */
  shrink(value: Schedule, context: unknown): fc.Stream<fc.Value<Schedule>> {
    const simpler = [...simplerSchedules(value, this.#shape)]
    const from = typeof context === 'number' ? Math.min(context, simpler.length) : 0
    const turned = [...simpler.entries()]
    return fc
      .stream([...turned.slice(from), ...turned.slice(0, from)].values())
      .map(([position, schedule]) => new fc.Value(schedule, position))
  }
}
