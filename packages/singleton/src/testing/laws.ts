import type { Cluster, Contradiction } from './cluster.js'
import type { LedgerState } from './ledger.js'
import type { Operation, Workload } from './workload.js'

/** Everything that a run with the ledger contradicts; empty when all laws hold. */
export function checkLaws(cluster: Cluster, workload: Workload): Contradiction[] {
  return [
    ...cluster.contradictions,
    ...oneCommandAPosition(workload),
    ...termsGrow(workload),
    ...valuesCount(workload),
    ...oncePerCommand(cluster, workload),
    ...inRealTimeOrder(workload),
    ...sameStates(cluster),
    ...noUnwantedEnd(cluster),
  ]
}

const ended = (operation: Operation): boolean => operation.endedAtMs !== null
const written = (operation: Operation): boolean => ended(operation) && operation.kind !== 'read'

/** S2: what was acknowledged at one journal position is one command. */
function oneCommandAPosition({ operations }: Workload): Contradiction[] {
  const at = new Map<number, string>()
  const found: Contradiction[] = []
  for (const { id, index } of operations.filter(written)) {
    const other = at.get(index)
    if (other !== undefined)
      found.push({ law: 'S2', text: `${other} and ${id} were both acknowledged at ${index}` })
    at.set(index, id)
  }
  return found
}

/** S1: a later position was never acknowledged in an earlier term. */
function termsGrow({ operations }: Workload): Contradiction[] {
  const inOrder = operations.filter(written).toSorted((a, b) => a.index - b.index)
  return inOrder.flatMap((operation, i) => {
    const before = inOrder[i - 1]
    if (!before || before.term <= operation.term) return []
    const text = `${before.id} was acknowledged at ${before.index} in term ${before.term}, ${operation.id} at ${operation.index} in term ${operation.term}`
    return [{ law: 'S1', text }]
  })
}

/** S7 and S9: `add` counts itself once, and a read sees every count that was acknowledged up to its position. */
function valuesCount({ operations }: Workload): Contradiction[] {
  const found: Contradiction[] = []
  let newest: Operation | null = null
  // A read at the position of a write comes after it.
  const inOrder = operations
    .filter((operation) => ended(operation) && operation.kind !== 'refuseMe')
    .toSorted((a, b) => a.index - b.index || Number(a.kind === 'read') - Number(b.kind === 'read'))
  for (const operation of inOrder) {
    const { id, kind, value, index } = operation
    const least = (newest?.value ?? 0) + (kind === 'add' ? 1 : 0)
    if (value < least) {
      const law = kind === 'read' ? 'S9' : 'S7'
      found.push({ law, text: `${id} (${index}) got ${value} after ${newest?.id} had got ${newest?.value}` })
    }
    if (kind === 'add') newest = operation
  }
  return found
}

/** S3 and S7: every acknowledged command is in every final state, exactly once; unfinished ones at most once. */
function oncePerCommand(cluster: Cluster, { operations }: Workload): Contradiction[] {
  const found: Contradiction[] = []
  for (const name of cluster.names) {
    const state = cluster.peer(name)?.roles.state('ledger') as LedgerState | undefined
    if (!state) continue
    for (const operation of operations) {
      if (operation.kind === 'read') continue
      const times = state.seen[operation.id] ?? 0
      const wanted = operation.kind === 'add' && ended(operation)
      if (wanted && times === 0)
        found.push({ law: 'S3', text: `${operation.id} was acknowledged and is lost at ${name}` })
      if (times > 1) found.push({ law: 'S7', text: `${operation.id} took effect ${times} times at ${name}` })
      if (operation.kind === 'refuseMe' && times > 0)
        found.push({ law: 'S7', text: `refused ${operation.id} took effect` })
    }
  }
  return found
}

/**
 * S6 and S9, with the journal position as witness: what ended before another began comes before it, and a read
 * sees everything that was acknowledged before it was asked.
 */
function inRealTimeOrder({ operations }: Workload): Contradiction[] {
  const found: Contradiction[] = []
  const writes = operations.filter(written).toSorted((a, b) => (a.endedAtMs ?? 0) - (b.endedAtMs ?? 0))
  for (const operation of operations.filter(ended)) {
    let newest: Operation | null = null
    for (const write of writes) {
      if ((write.endedAtMs ?? 0) >= operation.invokedAtMs) break
      if (!newest || write.index > newest.index) newest = write
    }
    if (!newest) continue
    const stale = operation.kind === 'read' ? operation.index < newest.index : operation.index <= newest.index
    if (stale) {
      const law = operation.kind === 'read' ? 'S9' : 'S6'
      found.push({
        law,
        text: `${operation.id} (${operation.index}) began after ${newest.id} (${newest.index}) had ended`,
      })
    }
  }
  return found
}

/** Replicas that applied the same journal are the same. */
function sameStates(cluster: Cluster): Contradiction[] {
  const digests = new Map<string, string>()
  for (const name of cluster.names) {
    const core = cluster.peer(name)
    if (core) digests.set(`${core.appliedIndex} ${core.roles.digest()}`, name)
  }
  const byIndex = new Map<string, string[]>()
  for (const key of digests.keys()) {
    const [index = '', digest = ''] = key.split(' ')
    byIndex.set(index, [...(byIndex.get(index) ?? []), digest])
  }
  return [...byIndex]
    .filter(([, found]) => found.length > 1)
    .map(([index]) => ({
      law: 'S4',
      text: `replicas at ${index} differ: ${[...digests.values()].join(', ')}`,
    }))
}

/** No process may stop by itself because of crashes, cuts and pauses. */
function noUnwantedEnd(cluster: Cluster): Contradiction[] {
  return cluster.ended.map(({ node, life, error }) => ({
    law: 'ends',
    text: `${node} ended its life ${life}: ${error?.message ?? 'without an error'}`,
  }))
}
