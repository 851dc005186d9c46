import { describe, expect, it } from 'vitest'
import { keptCases, KINDS, runCampaign, runCase, share, tallyLine } from './campaign.js'
import type { Campaign } from './campaign.js'

/** What the runs of every campaign exercise. The others need strangers, quiet times or sandboxes, or apply rarely. */
const LAWS = ['S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7', 'S8', 'S9', 'P2', 'L1', 'L2', 'L3', 'L4', 'ends']

/** What a file of generated schedules says, whatever its size. */
export function campaignTests(campaign: Campaign): void {
  const runs = share(campaign.runs)
  const title = `${runs} generated schedules with ${campaign.peers} peers (campaign ${campaign.seed})`
  describe(title, () => {
    it(
      'lose nothing, double nothing, never have two servers, and serve again after healing',
      () => {
        const tally = runCampaign({ ...campaign, runs })
        console.log(tallyLine(campaign, tally))
        expect(tally.runs).toBe(runs)
        expect(tally.acknowledged).toBeGreaterThan(20 * runs)
        if (runs < 25) return
        expect([...tally.byKind.keys()].toSorted()).toEqual([...KINDS])
        const idle = LAWS.filter((law) => (tally.exercised.get(law) ?? 0) === 0)
        expect(idle, 'laws that nothing could have broken').toEqual([])
        // Each run has a first reign; as many again came by take-over.
        expect(tally.reigns).toBeGreaterThan(1.5 * runs)
      },
      60_000 + runs * 2_000,
    )
  })
}

/** What was found once is looked at first. */
export function keptTests(least: number, most: number): void {
  const kept = keptCases(least, most)
  describe.skipIf(kept.length === 0)('schedules that once found a bug', () => {
    it.each(kept)('$file holds', (one) => {
      expect(runCase(one).contradictions, one.why).toEqual([])
    })
  })
}
