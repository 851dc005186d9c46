import type { Timers } from '../../host/index.js'
import type { World } from '../world.js'
import type { Passage } from './case.js'

/** Runs the world: up to ten virtual seconds for what is waited for. */
export function worldPassage(world: World): Passage {
  const run = (forMs: number, until: () => boolean): Promise<boolean> => {
    // A turn that waits for the test is not one that nothing can end.
    world.schedule(world.nowMs + forMs + 1, () => {})
    return world.runAsync({ forMs, until })
  }
  return {
    until: (holds) => run(10_000, holds),
    pass: async (ms) => void (await run(ms, () => false)),
  }
}

/** Really waits, by these timers: up to ten seconds for what is waited for. */
export function timersPassage(timers: Timers): Passage {
  const pass = (ms: number): Promise<void> => new Promise((resolve) => void timers.set(ms, resolve))
  return {
    pass,
    until: async (holds) => {
      for (let waited = 0; waited < 5_000; waited++) {
        if (holds()) return true
        await pass(2)
      }
      return holds()
    },
  }
}
