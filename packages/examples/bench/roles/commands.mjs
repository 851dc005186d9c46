// Commands of an application through a proxy on another member, against what replication alone does.
import { median, short, summary } from '../succession/numbers.mjs'
import { startTanist } from '../succession/tanist.mjs'

export const FILE = '../roles/peer-process.mjs'
const DEPTHS = [1, 16, 128]

export async function commands({ report, quick }) {
  report.title('commands through a proxy on another member, three processes')
  const [times, ms, warmMs] = quick ? [1, 1_000, 1_000] : [3, 3_000, 3_000]
  const cluster = await startTanist({ file: FILE })
  try {
    const { at } = await cluster.serving()
    const other = cluster.peers[(at + 1) % 3]
    const systems = {
      'bare role, caller at the server': (asked) =>
        cluster.peers[at].ask({ do: 'load', role: 'bare', ...asked }),
      'stock, proxy on another member': (asked) => other.ask({ do: 'load', role: 'stock', ...asked }),
    }
    for (const run of Object.values(systems)) await run({ inFlight: 128, ms: warmMs })
    for (const inFlight of DEPTHS) {
      const found = []
      const runs = Object.keys(systems).map(() => [])
      for (let i = 0; i < times; i++)
        for (const [j, run] of Object.values(systems).entries()) runs[j].push(await run({ inFlight, ms }))
      for (const [j, name] of Object.keys(systems).entries()) {
        const rate = summary(runs[j].map(({ perSecond }) => perSecond))
        const p99 = median(runs[j].map((one) => one.p99))
        report.row(`${String(inFlight).padStart(3)} in flight: ${name}`, rate, '/s', `p99 ${short(p99)} ms`)
        found.push(rate.median)
      }
      report.target(`${inFlight} in flight: half of the bare rate`, found[1] / found[0], 0.5, 'more', 'x')
    }
  } finally {
    await cluster.stop()
  }
}
