import { describe, expect, it } from 'vitest'
import { age } from './aging.js'

describe('a role grows old while its cluster runs', () => {
  it.each([
    [3, 1],
    [5, 3],
  ])(
    'peer by peer, release by release: nothing is lost, no role fails (%i peers, seed %i)',
    (peers, seed) => {
      const { problems, refused, written, restored, run } = age({ seed, peers, way: 'up' })
      expect(problems.slice(0, 5)).toEqual([])
      expect(run.history.starts.findLast(({ node }) => node === run.history.names[0])?.version).toBe('4')
      // Each version came to be written, and what had to wait was told so.
      expect([...written].toSorted()).toEqual([
        'paid 2',
        'reserved 1',
        'reserved 2',
        'reserved 3',
        'settled 1',
      ])
      if (peers === 5) expect(refused['not-yet']).toBeGreaterThan(0)
      expect(restored).toBeGreaterThan(0)
    },
  )

  it.each([3, 5])(
    'any peer to any release and back, with everything that happens in between (%i peers)',
    (peers) => {
      const seeds = peers === 3 ? [11, 12, 13, 14] : [21]
      let restored = 0
      for (const seed of seeds) {
        const aged = age({ seed, peers, way: 'wild' })
        expect(aged.problems.slice(0, 5), `seed ${seed}: ${JSON.stringify(aged.schedule)}`).toEqual([])
        restored += aged.restored
      }
      expect(restored).toBeGreaterThan(0)
    },
  )
})
