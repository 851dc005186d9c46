// How peers find each other when nothing is configured but an application's name and a secret.
import { cleanUp } from '../succession/children.mjs'
import { createReport } from '../succession/report.mjs'
import { alone } from './alone.mjs'
import { nine } from './nine.mjs'
import { start } from './start.mjs'

const rows = {
  start: (run) => start({ ...run, times: run.times ?? (run.quick ? 10 : 100) }),
  alone: (run) => alone({ ...run, times: run.times ?? (run.quick ? 10 : 100) }),
  nine: (run) => nine({ ...run, times: run.times ?? (run.quick ? 2 : 20) }),
}

export const discovery = {
  what: `finding each other without configuration: ${Object.keys(rows).join(', ')}`,
  options: { only: `some of ${Object.keys(rows).join(',')}`, times: 'repetitions of each measurement' },

  async run({ quick, only, times }) {
    const names = only === undefined ? Object.keys(rows) : only.split(',')
    const unknown = names.find((name) => !Object.hasOwn(rows, name))
    if (unknown !== undefined) {
      console.error(`There is no row "${unknown}"; there are ${Object.keys(rows).join(', ')}.`)
      return 2
    }
    const report = createReport()
    try {
      for (const name of names)
        await rows[name]({ report, quick, times: times === undefined ? undefined : Number(times) })
    } finally {
      cleanUp()
    }
    return report.missed > 0 ? 1 : 0
  },
}
