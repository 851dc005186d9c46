import { describe, expect, it } from 'vitest'
import type { About } from '@tanist/core'
import { Cluster } from '../../src/testing/index.js'
import type { ClusterOptions } from '../../src/testing/index.js'

function open(options: Partial<ClusterOptions> = {}): Cluster {
  const cluster = new Cluster({ seed: 3, peers: 3, ...options })
  cluster.startAll()
  expect(cluster.world.runUntil(() => cluster.settled && cluster.seated, { limitMs: 10_000 })).toBe(true)
  return cluster
}

/** What everybody has heard, by name. */
function heard(cluster: Cluster): Record<string, About | null>[] {
  return cluster.names.map((by) =>
    Object.fromEntries(
      cluster
        .peer(by)!
        .status()
        .members.map(({ name, about }) => [name, about]),
    ),
  )
}

describe('what a peer says of itself', () => {
  it('when it starts and later is known to all within two beats', () => {
    const cluster = open({
      settingsOf: (node) => (node === 'cy' ? {} : { about: { version: `1.0-${node}`, tags: { room: '3' } } }),
    })
    cluster.world.run({ forMs: 500 })
    const first = {
      ann: { version: '1.0-ann', tags: { room: '3' } },
      bob: { version: '1.0-bob', tags: { room: '3' } },
      cy: null,
    }
    expect(heard(cluster)).toEqual([first, first, first])

    cluster.peer('bob')!.announce({ load: 0.5, tags: null })
    cluster.peer('cy')!.announce({ clients: 12 })
    cluster.world.run({ forMs: 500 })
    const then = { ...first, bob: { version: '1.0-bob', load: 0.5 }, cy: { clients: 12 } }
    expect(heard(cluster)).toEqual([then, then, then])
  })

  it('is told as a change of the status, once', () => {
    const cluster = open()
    cluster.world.run({ forMs: 1_000 })
    let changes = 0
    const rows: unknown[] = []
    cluster.peer('ann')!.observe((event) => {
      if (event.kind !== 'status') return
      changes += 1
      rows.push(
        cluster
          .peer('ann')!
          .status()
          .members.find(({ name }) => name === 'bob')?.about,
      )
    })
    cluster.peer('bob')!.announce({ load: 2 })
    cluster.peer('bob')!.announce({ load: 2 })
    cluster.world.run({ forMs: 1_000 })
    expect([changes, rows]).toEqual([1, [{ load: 2 }]])
  })

  it('that is not allowed is refused by a sentence and changes nothing', () => {
    const cluster = open()
    cluster.peer('bob')!.announce({ version: '2' })
    expect(() => cluster.peer('bob')!.announce({ load: -1, version: '3' })).toThrow(
      'about.load is -1; allowed is a number from 0 to 1000.',
    )
    cluster.world.run({ forMs: 500 })
    expect(heard(cluster).map(({ bob }) => bob)).toEqual([
      { version: '2' },
      { version: '2' },
      { version: '2' },
    ])
  })

  it('ends with its process: the next start says only what it says itself', () => {
    const cluster = open({
      settingsOf: (node, life) => (node === 'bob' && life === 1 ? { about: { version: 'old' } } : {}),
    })
    cluster.peer('bob')!.announce({ load: 1 })
    cluster.world.run({ forMs: 500 })
    expect(heard(cluster)[0]!['bob']).toEqual({ version: 'old', load: 1 })
    cluster.world.crash('bob')
    cluster.world.run({ forMs: 200 })
    cluster.start('bob')
    expect(cluster.world.runUntil(() => cluster.settled && cluster.seated, { limitMs: 10_000 })).toBe(true)
    cluster.world.run({ forMs: 500 })
    expect(heard(cluster).map(({ bob }) => bob)).toEqual([null, null, null])
    cluster.peer('bob')!.announce({ load: 3 })
    cluster.world.run({ forMs: 500 })
    expect(heard(cluster).map(({ bob }) => bob)).toEqual([{ load: 3 }, { load: 3 }, { load: 3 }])
  })
})
