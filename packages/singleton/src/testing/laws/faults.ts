import type { FiredFault } from '@tanist/core/testing'
import type { History } from '../history/index.js'

/** What really happened to somebody: a cut needs two ends, a split somebody on the other side. */
export function effectiveFaults({ fired, names }: Pick<History, 'fired' | 'names'>): FiredFault[] {
  return fired.filter(({ fault, hit }) => {
    if (fault.do === 'cut') return hit.length > 1
    if (fault.do === 'split') return hit.length > 0 && hit.length < names.length
    const everybodys =
      fault.do === 'ring' || (isLinkFault(fault.do) && !('who' in fault) && !('from' in fault))
    return everybodys || hit.length > 0
  })
}

function isLinkFault(kind: string): boolean {
  return ['slow', 'loss', 'duplicate', 'reorder', 'reset'].includes(kind)
}
