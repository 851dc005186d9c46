import type { Host, Timer } from '@tanist/core'

/**
 * How long handlers and reactions may take to stop before the reign ends without them. A hand-over is given up after
 * 2 s (`transferMs`): the rest is for the successor.
 */
export const YIELD_MS: number = 1_500

/**
 * Calls back once all of these have ended, or after `YIELD_MS`, with `overdue` in the log; at once when there are none.
 */
export function whenEnded(
  host: Pick<Host, 'timers' | 'log'>,
  ending: readonly Promise<void>[],
  overdue: string,
  done: () => void,
): void {
  if (ending.length === 0) return done()
  let timer: Timer | null = null
  let over = false
  const finish = (): void => {
    if (over) return
    over = true
    timer?.cancel()
    done()
  }
  timer = host.timers.set(YIELD_MS, () => {
    host.log.write('error', 'yield-overdue', overdue)
    finish()
  })
  void Promise.all(ending).then(finish)
}
