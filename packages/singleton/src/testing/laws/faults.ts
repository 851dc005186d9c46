import type { FaultKind, FiredFault } from '@tanist/core/testing'
import type { History, RecordedEnding } from '../history/index.js'

type Fired = Pick<History, 'fired'>

/** What really happened to somebody: a cut needs two ends, a split somebody on the other side. */
export function effectiveFaults({ fired, names }: Pick<History, 'fired' | 'names'>): FiredFault[] {
  return fired.filter(({ fault, hit }) => {
    if ('from' in fault && fault.from !== undefined) return hit.length > 1
    if (fault.do === 'split')
      return fault.b === undefined ? hit.length > 0 && hit.length < names.length : hit.length > 1
    return hit.length > 0
  })
}

/** After these a disk may have lost or changed what it had confirmed: no promise speaks of it any more. */
const losing: readonly FaultKind[] = ['wipe', 'misdirect', 'rot', 'disk-lies']
/** After these a process may find that it cannot read or write its files, and stop. */
const stopping: readonly FaultKind[] = [...losing, 'disk-full', 'disk-fails']

function firstOf({ fired }: Fired, kinds: readonly FaultKind[]): ReadonlyMap<string, number> {
  const first = new Map<string, number>()
  for (const { atMs, fault, hit } of fired) {
    if (!kinds.includes(fault.do)) continue
    for (const node of hit) first.set(node, Math.min(atMs, first.get(node) ?? Infinity))
  }
  return first
}

/** Machines whose disks may have lost something, and since when. */
export const damagedDisks = (history: Fired): ReadonlyMap<string, number> => firstOf(history, losing)

/** A process that ended because of its own disk, to which a fault had been done before. */
export function endedByItsDisk(history: Fired, { node, atMs, code }: Omit<RecordedEnding, 'text'>): boolean {
  return code === 'data' && atMs >= (firstOf(history, stopping).get(node) ?? Infinity)
}
