import { planOf } from './plan.js'
import type { Advance } from './plan.js'
import type { Run, SimulateOptions } from './simulate-types.js'

/** What is waited for is looked at so often, in virtual time. */
const STRIDE_MS = 5

export type { Rest, Run, SimulateOptions } from './simulate-types.js'

/**
 * One run of a cluster under a schedule. Promises settle between events, so that `onServe`, `onYield` and actors
 * may use them. A run with the same options is the same to the byte.
 *
 * @example
 * const workload = work(stock, { deliver: () => ({ sku: 'a', n: 1 }) })
 * const run = await simulate({ seed: 1, peers: 3, roles: [stock], schedule, workload })
 * const { ok, why } = passed(run)
 * if (!ok) throw new Error(why)
 */
export async function simulate(options: SimulateOptions): Promise<Run> {
  const plan = planOf(options)
  let step = plan.next(false)
  while (step.done !== true) {
    const { world, until } = step.value
    let held = until?.() ?? false
    for (const forMs of strides(step.value)) {
      if (held) break
      // oxlint-disable-next-line no-await-in-loop -- virtual time passes in this order
      await world.runAsync({ forMs })
      held = until?.() ?? false
    }
    step = plan.next(held)
  }
  return step.value
}

/** The same without promises, some times faster: for roles that have no `onServe` and no `onYield`. */
export function runSchedule(options: SimulateOptions): Run {
  const plan = planOf(options)
  let step = plan.next(false)
  while (step.done !== true) {
    const { world, until } = step.value
    let held = until?.() ?? false
    for (const forMs of strides(step.value)) {
      if (held) break
      world.run({ forMs })
      held = until?.() ?? false
    }
    step = plan.next(held)
  }
  return step.value
}

/** Both ways of running ask at the same moments, so that they go the same way. */
function* strides({ forMs, until }: Advance): Generator<number> {
  if (!until) return yield forMs
  for (let leftMs = forMs; leftMs > 0; leftMs -= STRIDE_MS) yield Math.min(leftMs, STRIDE_MS)
}
