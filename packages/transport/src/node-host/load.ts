import { performance } from 'node:perf_hooks'

/**
 * Returns what measures how busy this process was since the last call: the share of the time, from 0 to 1, in which
 * its event loop had work.
 *
 * @example
 * const load = eventLoopLoad()
 * setInterval(() => console.log(load()), 1_000)
 */
export function eventLoopLoad(): () => number {
  let last = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, last)
    last = now
    return utilization
  }
}
