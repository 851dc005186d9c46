import { describe, expect, it } from 'vitest'
import { Cluster } from '../../src/testing/index.js'

describe('a data folder without its identity', () => {
  it('is no vote any more: the peer waits for its cluster, and founds none', () => {
    let spoil = false
    const cluster = new Cluster({
      seed: 1,
      peers: 1,
      host: (host) => {
        if (!spoil) return host
        const folder = host.disk.openFolder('/data')
        folder.remove('identity')
        folder.close()
        return host
      },
    })
    cluster.start('ann')
    cluster.world.run({ forMs: 3_000 })
    expect(cluster.server()).toBe('ann')
    cluster.world.crash('ann')
    spoil = true
    cluster.start('ann')
    cluster.world.run({ forMs: 10_000 })
    expect(cluster.ended).toEqual([])
    expect(cluster.server()).toBeNull()
    const status = cluster.peer('ann')?.status()
    expect(status?.waitingFor).toMatch(
      /^The journal in \/data was damaged \(There is a journal, but the file "identity" is missing\); waiting for a member of cluster [0-9a-f]{8} to fetch it again\. If nobody else has it, an operator can/,
    )
  })
})
