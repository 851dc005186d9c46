import { it } from 'vitest'
import { Cluster, ledgerWorkload, Workload } from '../../src/testing/index.js'
it('x', () => {
  const cluster = new Cluster({ seed: 1, peers: 9, settings: {} })
  cluster.startAll()
  cluster.world.runUntil(() => cluster.settled, { limitMs: 20_000 })
  cluster.world.runUntil(() => cluster.voters.length >= 5, { limitMs: 10_000 })
  const workload = new Workload(cluster, 1, ledgerWorkload(3, 40))
  workload.start()
  cluster.world.run({ forMs: 1_000 })
  const seen = new Set<string>()
  for (const n of cluster.names) cluster.peer(n)?.observe((e) => {
    if (e.kind === 'note') console.log(Math.round(cluster.world.nowMs), n, e.event, e.text)
  })
  for (let left = 8; left >= 1; left--) {
    const server = cluster.server() ?? ''
    console.log('KILL', server, Math.round(cluster.world.nowMs), cluster.voters.join())
    cluster.giveUp(server, 'it crashed for good')
    cluster.world.run({ forMs: 300 })
    const ok = cluster.world.runUntil(() => !!cluster.server(), { limitMs: 100 })
    if (!ok) { console.log('NOBODY'); for (const n of cluster.names) if (cluster.isRunning(n)) console.log(n, cluster.peer(n)?.status().waitingFor); break }
  }
})
