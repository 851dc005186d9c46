import type { LinearizabilityVerdict, WitnessedOp } from './types.js'

/**
 * Whether real time and positions agree: what ended before another began stands before it, and a read that began
 * after a write or another read had ended sees at least as much. O(n log n). Stricter than linearizability, which
 * asks for some order: this asks for the one that the answers name.
 */
export function checkByWitness(ops: readonly WitnessedOp[]): LinearizabilityVerdict {
  const ended = ops.filter((op) => op.endedAtMs !== null)
  const pair = twoAtOnePosition(ended) ?? againstTime(ended)
  return {
    verdict: pair === null ? 'yes' : 'no',
    partition: null,
    pair,
    explained: [],
    stuck: [],
    steps: ended.length,
  }
}

function twoAtOnePosition(ops: readonly WitnessedOp[]): readonly [string, string] | null {
  const at = new Map<number, WitnessedOp>()
  for (const op of ops) {
    if (op.kind === 'read') continue
    const other = at.get(op.position)
    if (other !== undefined) return [other.id, op.id]
    at.set(op.position, op)
  }
  return null
}

function againstTime(ops: readonly WitnessedOp[]): readonly [string, string] | null {
  const begins = ops.toSorted((a, b) => a.invokedAtMs - b.invokedAtMs)
  const ends = ops.toSorted((a, b) => endOf(a) - endOf(b))
  let done = 0
  let newest: WitnessedOp | null = null
  for (const op of begins) {
    for (let next = ends[done]; next && endOf(next) < op.invokedAtMs; next = ends[++done])
      if (newest === null || next.position > newest.position) newest = next
    if (newest === null) continue
    // A write has a position of its own; a read may stand where the last write does.
    const fine = op.kind === 'read' ? op.position >= newest.position : op.position > newest.position
    if (!fine) return [newest.id, op.id]
  }
  return null
}

const endOf = (op: WitnessedOp): number => op.endedAtMs ?? Number.POSITIVE_INFINITY
