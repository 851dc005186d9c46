import { describe, expect, it } from 'vitest'
import { Cluster, ledgerWorkload, Workload } from '../../src/testing/index.js'

describe('a peer that starts again, with work, beside a cluster that never had a command', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'does not give up while that one dissolves, however long that takes (%s)',
    (seed) => {
      const cluster = new Cluster({ seed, peers: 2, settings: { expect: 1 } })
      const { world, names } = cluster
      const [ann = '', zoe = ''] = names
      cluster.start(zoe)
      expect(world.runUntil(() => cluster.server() === zoe, { limitMs: 10_000 })).toBe(true)
      // Without repetitions: one of them would come to ann later, and give that one work too.
      const workload = new Workload(cluster, seed, { ...ledgerWorkload(1, 50), echo: 0 })
      workload.start()
      world.run({ forMs: 1_000 })
      workload.stop()
      expect(world.runUntil(() => workload.pending.length === 0, { limitMs: 10_000 })).toBe(true)
      cluster.stop(zoe)
      world.run({ forMs: 1_000 })
      cluster.start(ann)
      expect(world.runUntil(() => cluster.server() === ann, { limitMs: 20_000 })).toBe(true)
      cluster.peer(ann)?.observe(({ kind }) => {
        if (kind === 'setting-aside') world.schedule(world.nowMs + 1_500, world.pause(ann))
      })
      cluster.start(zoe)
      world.run({ forMs: 3_000 })
      expect(cluster.endedBy(zoe)).toBe(null)
      expect(world.runUntil(() => cluster.settled, { limitMs: 20_000 })).toBe(true)
    },
  )
})
