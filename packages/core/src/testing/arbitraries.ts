import * as fc from 'fast-check'
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
