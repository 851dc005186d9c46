import { checkLaws, contradictionsOf, historyOf, laws, ledgerLaws } from '../../src/testing/index.js'
import type { Cluster, Contradiction, Workload } from '../../src/testing/index.js'

/** What a run that a test drove by itself contradicts, of all our laws. */
export function contradictionsIn(cluster: Cluster, workload: Workload): Contradiction[] {
  return contradictionsOf(checkLaws(historyOf(cluster, workload), [...Object.values(laws), ...ledgerLaws]))
}
