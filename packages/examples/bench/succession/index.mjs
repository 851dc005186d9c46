// Succession against etcd and against a bare Node journal, in one run: only the ratios mean something elsewhere.
import { cleanUp } from './children.mjs'
import { commits } from './commits.mjs'
import { crash, freeze } from './crash.mjs'
import { etcdVersion } from './etcd.mjs'
import { handOver } from './hand-over.mjs'
import { curve, hogs } from './hogs.mjs'
import { large } from './large.mjs'
import { memory } from './memory.mjs'
import { createReport } from './report.mjs'

const briefly = { ms: 1_000, warmMs: 1_000 }
const longer = { ms: 3_000, warmMs: 5_000 }

const rows = {
  crash: (run) => crash({ ...run, times: run.times ?? (run.quick ? 3 : 15) }),
  freeze: (run) => freeze({ ...run, times: run.times ?? (run.quick ? 3 : 9) }),
  'hand-over': (run) => handOver({ ...run, times: run.times ?? (run.quick ? 3 : 9) }),
  commits: (run) =>
    commits({ ...run, times: run.times ?? (run.quick ? 1 : 3), ...(run.quick ? briefly : longer) }),
  memory: (run) => memory({ ...run, forMs: run.quick ? 5_000 : 60_000 }),
  large,
  hogs: (run) => hogs({ ...run, forMs: run.quick ? 30_000 : 600_000 }),
  curve: (run) => curve({ ...run, forMs: run.quick ? 5_000 : 60_000 }),
}

export const succession = {
  what: `server change and journal against etcd: ${Object.keys(rows).join(', ')}`,
  options: { only: `some of ${Object.keys(rows).join(',')}`, times: 'repetitions of each measurement' },

  async run({ quick, only, times }) {
    const names = only === undefined ? Object.keys(rows) : only.split(',')
    const unknown = names.find((name) => !Object.hasOwn(rows, name))
    if (unknown !== undefined) {
      console.error(`There is no row "${unknown}"; there are ${Object.keys(rows).join(', ')}.`)
      return 2
    }
    const report = createReport()
    const etcd = etcdVersion()
    if (etcd === null)
      report.say('etcd is not installed: its rows are skipped, and the targets that name it.')
    else report.say(`etcd ${etcd}, Node ${process.version}`)
    const run = { report, quick, etcd: etcd !== null }
    try {
      for (const name of names)
        await rows[name]({ ...run, times: times === undefined ? undefined : Number(times) })
    } finally {
      cleanUp()
    }
    return report.missed > 0 ? 1 : 0
  },
}
