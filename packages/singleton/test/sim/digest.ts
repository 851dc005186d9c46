import * as fc from 'fast-check'
import { runSchedule } from '../../src/testing/index.js'
import { acts, caseArbitrary } from './campaign.js'

/** Digest of everything that happened in one run with faults; also called in a fresh process. */
export function digestOf(seed: number): string {
  const [one] = fc.sample(caseArbitrary(seed % 2 === 0 ? 3 : 5), { seed, numRuns: 1 })
  if (!one) throw new Error('no case')
  return runSchedule({ acts, ...one, forMs: 4_000 }).cluster.world.digest
}

/** The same for a short run, of which many can be afforded. */
export function shortDigestOf(seed: number): string {
  const [one] = fc.sample(caseArbitrary(3), { seed, numRuns: 1 })
  if (!one) throw new Error('no case')
  return runSchedule({ acts, ...one, seed, forMs: 2_000 }).cluster.world.digest
}
