import { persist, role } from '../../../src/index.js'
import { work } from '../../../src/testing/index.js'
import { testCluster } from '../../../src/testing/property/index.js'
import type { Planted } from './planted.js'

interface Jobs {
  readonly done: number
  readonly noted: number
}

const jobs = (cured: boolean) => {
  // True on one peer at a time, and that is the mistake.
  let serving = false
  return role('jobs', {
    state: (): Jobs => ({ done: 0, noted: 0 }),
    events: {
      done: (s) => ({ done: s.done + 1, noted: s.noted + (cured || serving ? 1 : 0) }),
    },
    commands: { finish: (_s, _c: { by: string }, on) => persist(on.done()).reply((s) => s.noted) },
    onServe: () => {
      serving = true
    },
    onYield: () => {
      serving = false
    },
  })
}

/** An event function that asks whether this process serves: every replica has another answer. */
export const planted: Planted = {
  bug: 'an event function that depends on the process it runs in',
  cure: 'note it in the command, as an event',
  laws: ['S4'],
  hunt: (common, cured) =>
    testCluster({
      ...common,
      roles: () => [jobs(cured)],
      workload: work(jobs(cured), { finish: (_dice, client) => ({ by: client.name }) }),
    }),
}
