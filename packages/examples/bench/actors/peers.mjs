// Two processes on this machine, each a member: one tells and asks an actor of the other.
import { join } from 'node:path'
import { dropFolder, freePorts, freshFolder, until, worker } from '../succession/children.mjs'
import { summary } from '../succession/numbers.mjs'

const MEMBERS = 2
/** What waits on the way stays below every limit of a peer. */
const IN_ROW = 500

export async function peers({ report, times, share }) {
  report.title('an actor of another peer, on this machine')
  const folder = freshFolder('peers')
  const ports = await freePorts(MEMBERS)
  const seeds = ports.map((port) => `127.0.0.1:${port}`)
  const processes = seeds.map((listen, at) =>
    worker(new URL('./peer-process.mjs', import.meta.url).href, {
      name: `p${at}`,
      listen,
      seeds,
      expect: MEMBERS,
      data: join(folder, `p${at}`),
    }),
  )
  try {
    await Promise.all(processes.map((process) => process.ready))
    const [here, there] = processes
    const ref = await there.ask({ do: 'spawn' })
    if (ref === null) return report.say('Skipped: this build has no actors across peers.')
    await until('both members', async () => (await here.ask({ do: 'members' })) === MEMBERS)
    const measure = async (what, messages) => {
      const size = { do: what, ref, messages: Math.ceil(messages * share), inRow: IN_ROW }
      await here.ask({ ...size, messages: Math.ceil(size.messages / 5) })
      const rates = []
      for (let n = 0; n < times; n++) rates.push(await here.ask(size))
      return summary(rates)
    }
    report.row(`tell, ${IN_ROW} in a row`, await measure('tell', 100_000), '/s')
    report.row('ask, one after another', await measure('ask', 10_000), '/s')
  } finally {
    await Promise.all(processes.map((process) => process.end()))
    dropFolder(folder)
  }
}
