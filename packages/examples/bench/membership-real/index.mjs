// Membership of real processes against serf, in one run: only the ratios mean something elsewhere.
import { cleanUp } from '../succession/children.mjs'
import { createReport } from '../succession/report.mjs'
import { commands } from './commands.mjs'
import { freezes, kills } from './faults.mjs'
import { idle } from './idle.mjs'
import { serfVersion } from './serf.mjs'

const rows = {
  kill: (run) => kills({ ...run, times: run.times ?? (run.quick ? 2 : 7) }),
  freeze: (run) => freezes({ ...run, times: run.times ?? (run.quick ? 1 : 5) }),
  idle: (run) =>
    idle({
      ...run,
      ...(run.quick ? { settleMs: 15_000, forMs: 10_000 } : { settleMs: 90_000, forMs: 60_000 }),
    }),
  commands: (run) => commands({ ...run, times: run.times ?? (run.quick ? 2 : 5), forMs: 3_000 }),
}

export const membershipReal = {
  what: `members as processes against serf: ${Object.keys(rows).join(', ')}`,
  options: {
    only: `some of ${Object.keys(rows).join(',')}`,
    times: 'repetitions of each measurement',
    sizes: 'numbers of members, for example 5,9,30',
  },

  async run({ quick, only, times, sizes = quick ? '5,9' : '5,9,30' }) {
    const names = only === undefined ? Object.keys(rows) : only.split(',')
    const unknown = names.find((name) => !Object.hasOwn(rows, name))
    if (unknown !== undefined) {
      console.error(`There is no row "${unknown}"; there are ${Object.keys(rows).join(', ')}.`)
      return 2
    }
    const report = createReport()
    const serf = serfVersion()
    if (serf === null)
      report.say('serf is not installed: its rows are skipped, and the targets that name it.')
    else report.say(`serf ${serf}, Node ${process.version}`)
    const run = {
      report,
      quick,
      serf: serf !== null,
      sizes: sizes.split(',').map(Number),
      times: times === undefined ? undefined : Number(times),
    }
    try {
      for (const name of names) await rows[name](run)
    } finally {
      cleanUp()
    }
    return report.missed > 0 ? 1 : 0
  },
}
