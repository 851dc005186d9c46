import { describe, expect, it } from 'vitest'
import { Cluster } from '../../src/testing/index.js'

describe('a data folder that cannot be used', () => {
  it('without its identity ends with one sentence, and nothing else', () => {
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
    cluster.world.run({ forMs: 1_000 })
    expect(cluster.ended.map(({ error }) => error?.message)).toEqual([
      expect.stringMatching(/has a journal but no identity/),
    ])
  })
})
