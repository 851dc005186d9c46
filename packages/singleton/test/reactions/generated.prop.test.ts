import { clusterRoles, peerNames } from '../../src/testing/index.js'
import { scheduleArbitrary } from '@tanist/core/testing/arbitraries'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runOffice, shape } from './office.mjs'

/** Times the runs of each size. */
const share = Number(process.env['TANIST_REACTION_RUNS'] ?? 1)

describe('under generated failures', () => {
  it.each([
    { peers: 3, least: 5 },
    { peers: 2, least: 4 },
    { peers: 5, least: 2 },
  ])(
    'of $peers peers: effects at least once and after their commit, chains and due commands exactly once',
    async ({ peers, least }) => {
      const runs = Math.max(1, Math.round(least * share))
      const tally = { orders: 0, runs: 0, repeated: 0, due: 0, parked: 0, reigns: 0 }
      const drawn = fc.record({
        seed: fc.integer({ min: 1, max: 1_000_000 }),
        schedule: scheduleArbitrary({ ...shape, nodes: peerNames(peers), roles: clusterRoles }),
      })
      const started = performance.now()
      await fc.assert(
        fc.asyncProperty(drawn, async ({ seed, schedule }) => {
          const story = await runOffice({ seed, peers, schedule })
          for (const key of Object.keys(tally) as (keyof typeof tally)[]) tally[key] += story[key]
          expect(story.wrong).toEqual([])
        }),
        { numRuns: runs, seed: peers + Number(process.env['TANIST_SEED'] ?? 0), endOnFailure: true },
      )
      console.log(
        `${peers} peers, ${runs} runs: ${JSON.stringify(tally)}, ${Math.round(performance.now() - started)} ms`,
      )
      expect(tally.orders).toBeGreaterThan(15 * runs)
      expect(tally.parked).toBeGreaterThan(0)
      // Take-overs in the midst of reactions: else nothing was shown.
      expect(tally.reigns).toBeGreaterThan(1.3 * runs)
      expect(tally.repeated).toBeGreaterThan(runs)
    },
    60_000 + share * 60_000,
  )
})
