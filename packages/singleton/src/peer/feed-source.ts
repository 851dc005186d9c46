import type { Journal } from '@tanist/core'
import type { RoleHost } from '../role/index.js'
import type { Succession } from '../succession/index.js'
import type { FeedSource } from './feed.js'

export interface FeedParts {
  readonly journal: Journal
  readonly roles: RoleHost
  readonly succession: Succession
  readonly applied: () => number
  /** The journal may be read. */
  readonly isOpen: () => boolean
}

/** Reads one identity of a peer; nothing more once that has stopped. */
export function feedSource({ journal, roles, succession, applied, isOpen }: FeedParts): FeedSource {
  return {
    get applied() {
      return applied()
    },
    get firstIndex() {
      return journal.firstIndex
    },
    get diverged() {
      return succession.snap.diverged !== null
    },
    read: (from, maxBytes) => (isOpen() && from <= journal.lastIndex ? journal.read(from, maxBytes) : []),
    branchAt: (index) => {
      const { forks, founding } = succession
      return forks.findLast((fork) => fork.index <= index)?.record.branchId ?? founding?.branchId ?? ''
    },
    state: (role) => roles.state(role),
    failure: (role) => roles.failure(role),
  }
}
