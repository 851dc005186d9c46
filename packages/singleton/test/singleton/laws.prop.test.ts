import { clusterRoles, peerNames } from '../../src/testing/index.js'
import { scheduleArbitrary } from '@tanist/core/testing/arbitraries'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contradictions } from './laws.js'

const runs = Number(process.env['TANIST_SINGLETON_RUNS'] ?? 12)

describe('under generated failures', () => {
  it.each([3, 2])(
    'of %i peers one runs at most, each caller is served in order, and every ask ends',
    async (peers) => {
      const shape = {
        nodes: peerNames(peers),
        roles: clusterRoles,
        forMs: 5_000,
        maxFaults: 7,
        kinds: [
          'act',
          'crash',
          'cut',
          'loss',
          'pause',
          'power-off',
          'restart',
          'split',
          'clock-jump',
        ] as const,
        moments: ['server.appended', 'elected', 'serves', 'yields'],
        acts: ['hand-over', 'fail'],
      }
      const drawn = fc.record({
        seed: fc.integer({ min: 1, max: 1_000_000 }),
        schedule: scheduleArbitrary(shape),
      })
      await fc.assert(
        fc.asyncProperty(drawn, async ({ seed, schedule }) => {
          expect(await contradictions({ seed, peers, schedule })).toEqual([])
        }),
        { numRuns: runs, seed: peers + Number(process.env['TANIST_SEED'] ?? 0), endOnFailure: true },
      )
    },
    60_000 + runs * 5_000,
  )
})
