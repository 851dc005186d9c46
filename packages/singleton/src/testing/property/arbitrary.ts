import { envelopes } from '@tanist/core/testing'
import { scheduleArbitrary } from '@tanist/core/testing/arbitraries'
import * as fc from 'fast-check'
import { peerNames } from '../cluster.js'
import { clusterRoles } from '../targets.js'
import { FOR_MS, PEERS } from './options.js'
import type { ClusterTest, RunCase } from './options.js'

/** The cases that `testCluster` draws, for properties of your own. */
export function runArbitrary<O>(options: ClusterTest<O>): fc.Arbitrary<RunCase> {
  const { peers = PEERS, schedules = {}, forMs = FOR_MS, versions = {} } = options
  const { maxFaults = 6, envelope = envelopes.safety(peers), moments, kinds } = schedules
  return fc.record({
    // Another seed would be another run: only the schedule is made smaller.
    seed: fc.noShrink(fc.integer({ min: 1, max: 1_000_000 })),
    schedule: scheduleArbitrary({
      nodes: peerNames(peers),
      roles: clusterRoles,
      maxFaults,
      versions: Object.keys(versions),
      envelope,
      forMs: schedules.forMs ?? (forMs * 3) / 4,
      ...(kinds === undefined ? {} : { kinds }),
      ...(moments === undefined ? {} : { moments }),
    }),
  })
}
