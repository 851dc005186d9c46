// Actors against bare nact and Erlang, in one run: only the ratios mean something elsewhere.
import { cleanUp } from '../succession/children.mjs'
import { createReport } from '../succession/report.mjs'
import { findErlang } from './contest.mjs'
import { rows } from './rows.mjs'

export const actors = {
  what: `actors against bare nact and Erlang: ${Object.keys(rows).join(', ')}`,
  options: {
    only: `some of ${Object.keys(rows).join(',')}`,
    times: 'repetitions of each measurement, 5',
    share: 'of the sizes, 1 (--quick: 0.1)',
  },

  async run({ quick, only, times, share }) {
    const names = only === undefined ? Object.keys(rows) : only.split(',')
    const unknown = names.find((name) => !Object.hasOwn(rows, name))
    if (unknown !== undefined) {
      console.error(`There is no row "${unknown}"; there are ${Object.keys(rows).join(', ')}.`)
      return 2
    }
    const report = createReport()
    try {
      const erlang = findErlang()
      if (erlang === null)
        report.say('Erlang is not installed: its rows are skipped, and the targets that name it.')
      else report.say(`Erlang/OTP ${erlang.version}, Node ${process.version}`)
      const contenders = ['tanist', 'nact', ...(erlang === null ? [] : ['erlang'])]
      const run = {
        report,
        erlang,
        contenders,
        times: Number(times ?? (quick ? 1 : 5)),
        share: Number(share ?? (quick ? 0.1 : 1)),
      }
      for (const name of names) await rows[name](run)
    } finally {
      cleanUp()
    }
    return report.missed > 0 ? 1 : 0
  },
}
