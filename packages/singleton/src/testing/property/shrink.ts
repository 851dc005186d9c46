import type { Schedule } from '@tanist/core/testing'

/** Money for trying: so many runs, and so much real time. */
export interface Budget {
  readonly spent: () => boolean
}

/**
 * Leaves out what is not needed to fail, first halves, then single faults, as long as something falls away: down
 * to no fault at all, when the bug needs none. `fails` runs a schedule.
 */
export async function dropFaults(
  schedule: Schedule,
  fails: (schedule: Schedule) => Promise<boolean>,
  budget: Budget,
): Promise<Schedule> {
  let best = schedule
  let size = best.length
  while (size >= 1 && best.length > 0) {
    let dropped = false
    for (let from = 0; from < best.length; from += size) {
      if (budget.spent()) return best
      const fewer = best.toSpliced(from, size)
      if (!(await fails(fewer))) continue
      best = fewer
      dropped = true
      from -= size
    }
    if (!dropped) size = size === 1 ? 0 : Math.ceil(size / 2)
  }
  return best
}
