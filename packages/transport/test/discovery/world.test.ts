import { describe, expect, it } from 'vitest'
import { createWorld, type World } from '@tanist/core/testing'
import { type Found, startDiscovery } from '../../src/discovery/index.js'
import { idOf, key, viewOf } from './lan.js'

interface Peer {
  readonly found: (Found & { readonly atMs: number })[]
}

function peers(count: number, network: Parameters<typeof createWorld>[0]['network'] = {}): [World, Peer[]] {
  const world = createWorld({ seed: 7, network })
  const all: Peer[] = []
  for (let n = 1; n <= count; n++) {
    const peer: Peer = { found: [] }
    all.push(peer)
    world.node(`p${n}`, {
      start: (host) => {
        const view = viewOf(n, { addresses: [`p${n}:1`] })
        host.network.listen(`p${n}:1`, {
          listening: () => {},
          failed: () => {},
          accept: () => ({ opened: () => {}, frame: () => {}, closed: () => {} }),
        })
        const config = { app: 'shop', keys: () => [key], want: 'join', listen: `p${n}:1` } as const
        const ranges = n === 1 ? ['p2:1', 'nobody:1'] : []
        startDiscovery(
          host,
          { ...config, ranges, remembered: n === 3 ? ['p1:1'] : [] },
          {
            view: () => view,
            found: (hint) => void peer.found.push({ ...hint, atMs: world.nowMs }),
            note: () => {},
          },
        )
      },
    })
    world.start(`p${n}`)
  }
  return [world, all]
}

const ids = ({ found }: Peer): string[] =>
  [...new Set(found.flatMap(({ memberId }) => memberId ?? []))].toSorted()

describe('in the simulated world', () => {
  it('all find all by their names within 20 ms', () => {
    const [world, all] = peers(9)
    world.run({ forMs: 20 })
    for (const [i, peer] of all.entries()) {
      expect(ids(peer)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].filter((n) => n !== i + 1).map(idOf))
    }
  })

  it('what is blocked, cut or remembered is so for datagrams to everybody, too', () => {
    const [world, [one, two, three]] = peers(3, { broadcastLoss: 1 })
    world.run({ forMs: 5_000 })
    // 3 remembers 1, and 1 knocks at 2.
    expect([ids(one!), ids(two!), ids(three!)]).toEqual([[idOf(3)], [], [idOf(1)]])
    expect(one!.found.filter(({ by }) => by === 'range').map(({ addresses }) => addresses)).toEqual([
      ['p2:1'],
    ])
  })

  it('goes on under another address', () => {
    const [world, [one, two]] = peers(2)
    world.run({ forMs: 3_000 })
    world.changeAddress('p1')
    world.run({ forMs: 3_000 })
    two!.found.length = 0
    world.run({ forMs: 7_000 })
    expect(two!.found.at(-1)!.addresses[0]).toBe(world.address('p1'))
    expect(ids(one!)).toEqual([idOf(2)])
  })
})
