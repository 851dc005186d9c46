// What a command costs the server as the cluster grows: it replicates to every member, and five of them vote.
import { pause } from '../succession/children.mjs'
import { summary } from '../succession/numbers.mjs'
import { startTanist } from './tanist.mjs'

const asked = { do: 'load', inFlight: 64, warmMs: 1_000 }

export async function commands({ report, sizes, times, forMs }) {
  report.title('commands at the server, 64 in flight')
  for (const count of [...new Set([3, ...sizes])]) {
    const cluster = await startTanist(count)
    try {
      await pause(2_000)
      const server = cluster.peers[await cluster.leader()]
      const found = []
      for (let i = 0; i < times; i++) found.push(await server.ask({ ...asked, ms: forMs }))
      const failed = found.reduce((sum, one) => sum + one.failed, 0)
      report.row(`${count} members`, summary(found.map((one) => one.perSecond)), '/s', `${failed} failed`)
      report.row(`${count} members: server's processor`, summary(found.map((one) => one.cpuUs)), 'us each')
    } finally {
      await cluster.stop()
    }
  }
}
