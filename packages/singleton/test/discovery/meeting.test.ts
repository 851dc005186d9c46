import { describe, expect, it } from 'vitest'
import { toEncoded } from '../../src/role/index.js'
import { Cluster } from '../../src/testing/index.js'
import type { ClusterOptions } from '../../src/testing/index.js'
import { looking } from './looking.js'

function office(
  peers: number,
  more: Partial<ClusterOptions> = {},
): { cluster: Cluster; notes: (event: string) => string[] } {
  const heard: [event: string, text: string][] = []
  const cluster = new Cluster({
    seed: 7,
    peers,
    settings: { seeds: [], expect: 1 },
    look: looking,
    onPeer: (node, core) => {
      core.observe((event) => {
        if (event.kind === 'note') heard.push([event.event, `${node}: ${event.text}`])
      })
    },
    ...more,
  })
  return { cluster, notes: (event) => heard.filter(([one]) => one === event).map(([, text]) => text) }
}

const add = (cluster: Cluster, name: string): void => {
  const request = { role: 'ledger', command: 'add', input: toEncoded({ id: name }), deadlineMs: 5_000 }
  cluster.peer(name)?.call(request, () => {})
}

describe('a peer that looks for others', () => {
  it('finds a cluster that is there, and is a member within a tenth of a second', () => {
    const { cluster } = office(2)
    const { world } = cluster
    cluster.start('ann')
    world.run({ forMs: 5_000 })
    cluster.start('bob')
    expect(world.runUntil(() => cluster.settled, { limitMs: 100 })).toBe(true)
  })

  it('says where nobody answered while it waits, and what discovery did', () => {
    const { cluster } = office(2, { settings: { seeds: [], expect: 2 } })
    cluster.start('ann')
    cluster.world.run({ forMs: 3_000 })
    const status = cluster.peer('ann')?.status()
    expect(status?.waitingFor).toBe(
      'Waiting for 2 peers to be in sight; there are 1. Nobody answered on eth0.',
    )
    expect(status?.discovery?.interfaces).toEqual([{ name: 'eth0', address: 'ann', problem: null }])
    expect(status?.discovery?.sent).toBeGreaterThan(0)
  })

  it('does not found with fewer in sight than expected, however they were found', () => {
    const { cluster, notes } = office(3, { settings: { seeds: [], expect: 3 } })
    const { world } = cluster
    cluster.start('ann')
    cluster.start('bob')
    world.run({ forMs: 10_000 })
    expect(notes('founded')).toEqual([])
    cluster.start('cy')
    expect(world.runUntil(() => cluster.settled, { limitMs: 3_000 })).toBe(true)
    expect(notes('founded')).toHaveLength(1)
  })

  it('whom it heard of and cannot reach delays its founding by 1.2 s, and no flood of such for longer', () => {
    const { cluster, notes } = office(1)
    const { world } = cluster
    cluster.start('ann')
    world.run({ forMs: 1_400 })
    const hint = { clusterId: null, isServer: false, members: [], by: 'hello' as const }
    for (let i = 0; i < 1_000; i++) {
      const memberId = i.toString(16).padStart(32, '0')
      world.schedule(1_400 + i * 10, () =>
        cluster.peer('ann')?.seek({ ...hint, memberId, addresses: [`nobody${i}:1`] }),
      )
    }
    world.run({ forMs: 1_000 })
    expect(notes('founded')).toEqual([])
    world.run({ forMs: 1_000 })
    expect(notes('founded')).toHaveLength(1)
  })

  it('says goodbye when it stops, and nobody dials it for that', () => {
    const { cluster } = office(3)
    const { world } = cluster
    cluster.startAll()
    expect(world.runUntil(() => cluster.settled, { limitMs: 5_000 })).toBe(true)
    cluster.leave('cy')
    world.run({ forMs: 2_000 })
    expect(cluster.settled).toBe(true)
    expect(cluster.peer('ann')?.status().members).toHaveLength(2)
  })
})

describe('two clusters of one application that can hear each other', () => {
  it('both with commands: both go on, and each says so once', () => {
    const { cluster, notes } = office(4)
    const { world } = cluster
    world.split(['ann', 'bob'])
    cluster.startAll()
    world.run({ forMs: 4_000 })
    for (const name of cluster.names) add(cluster, name)
    world.run({ forMs: 1_000 })
    world.heal()
    world.run({ forMs: 60_000 })
    const ids = new Set(cluster.names.map((name) => cluster.peer(name)?.status().clusterId))
    expect(ids.size).toBe(2)
    const met = notes('clusters-met')
    expect(met.length).toBeGreaterThan(0)
    expect(met.length).toBeLessThanOrEqual(4)
    // A hint of what is known already is not dialled again and again.
    expect(notes('peer-refused').length).toBeLessThan(12)
    for (const name of cluster.names) expect(cluster.peer(name)?.status().otherClusters).toHaveLength(1)
  })
})
