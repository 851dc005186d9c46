import { describe, expect, it } from 'vitest'
import { Cluster } from '../../src/testing/index.js'

const busy = {
  kind: 'rejected',
  code: 'limit',
  text: 'In the handshake, no proof came within 1000 ms.',
} as const

describe('a machine too busy to finish a handshake in time', () => {
  it.each([1, 2, 3])(
    'is no reason for a joiner to give up: it comes in as soon as it is heard (%s)',
    (seed) => {
      const cluster = new Cluster({ seed, peers: 3, settings: { expect: 2 } })
      const { world, names } = cluster
      const [ann = '', bob = '', cy = ''] = names
      for (const name of [ann, bob]) cluster.start(name)
      expect(world.runUntil(() => cluster.server() !== null, { limitMs: 10_000 })).toBe(true)
      const undos = [ann, bob].flatMap((name) => [
        world.rejectLinks(cy, name, busy),
        world.rejectLinks(name, cy, busy),
      ])
      cluster.start(cy)
      world.run({ forMs: 11_500 })
      expect(cluster.endedBy(cy)).toBe(null)
      for (const undo of undos) undo()
      const isIn = (): boolean => cluster.peer(cy)?.status().members.length === 3
      expect(world.runUntil(isIn, { limitMs: 2_500 })).toBe(true)
      expect(world.runUntil(() => cluster.settled, { limitMs: 5_000 })).toBe(true)
    },
  )
})
