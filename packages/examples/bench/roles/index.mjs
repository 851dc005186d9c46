// What roles cost on top of succession. Rates depend on the machine; targets are ratios of one run where they can be.
import { loadavg } from 'node:os'
import { cleanUp } from '../succession/children.mjs'
import { createReport } from '../succession/report.mjs'
import { commands } from './commands.mjs'
import { idle, takeOvers } from './many.mjs'
import { neighbour } from './neighbour.mjs'
import { replay } from './replay.mjs'
import { tables } from './tables.mjs'

const rows = { commands, replay, idle, 'take-over': takeOvers, tables, neighbour }

export const roles = {
  what: `commands, replay and many roles: ${Object.keys(rows).join(', ')}`,
  options: { only: `some of ${Object.keys(rows).join(',')}` },

  async run({ quick, only }) {
    const names = only === undefined ? Object.keys(rows) : only.split(',')
    const unknown = names.find((name) => !Object.hasOwn(rows, name))
    if (unknown !== undefined) {
      console.error(`There is no row "${unknown}"; there are ${Object.keys(rows).join(', ')}.`)
      return 2
    }
    const report = createReport()
    report.say(`Node ${process.version}, load average ${loadavg()[0].toFixed(1)} before the start`)
    try {
      for (const name of names) await rows[name]({ report, quick })
    } finally {
      cleanUp()
    }
    return report.missed > 0 ? 1 : 0
  },
}
