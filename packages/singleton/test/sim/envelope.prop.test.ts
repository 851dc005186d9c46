import { describe, expect, it } from 'vitest'
import { ledger, ledgerWork } from '../../src/testing/index.js'
import { testCluster } from '../../src/testing/property/index.js'
import { seedOf, share } from './campaign.js'

/** The schedules that application teams get by default: all kinds that our own promises are said to survive. */
describe('inside the envelope of safety', () => {
  it.each([
    [3, 60],
    [5, 40],
  ])('%i peers keep every law, or stop and say why', { timeout: 900_000 }, async (peers, least) => {
    const runs = share(least)
    const { faults, exercised } = await testCluster({
      peers,
      runs,
      seed: seedOf(40 + peers),
      roles: [ledger],
      workload: ledgerWork,
      reports: null,
    })
    expect(faults).toBeGreaterThanOrEqual(runs)
    for (const law of ['S2', 'S3', 'S4', 'S7 ledger', 'L1', 'L2'])
      expect(exercised[law], law).toBeGreaterThan(0)
  })
})
