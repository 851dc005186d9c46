import type { Address } from '@tanist/core'
import { becomeFollower } from './election.js'
import type { Turn } from './state.js'
import { branch, setTimer } from './state.js'

export interface SetAside {
  /** The first entry that this peer must drop. */
  readonly from: number
  readonly because: 'branch' | 'committed' | 'cluster'
  readonly text: string
  readonly towards?: Address
}

/**
 * What this peer holds from `from` on cannot be kept. It stops serving, and its shell sets those entries aside,
 * drops them and begins a new life under a new identity, as a learner: whoever dropped entries that it had
 * confirmed must not vote under the name under which it confirmed them.
 */
export function setAside(t: Turn, { from, because, text, towards }: SetAside): void {
  const { s } = t
  if (s.meetings.over) return
  const known = { branch: branchOfJournal(t), commitIndex: s.commitIndex }
  becomeFollower(t, s.hard.term, null, text)
  s.meetings.over = true
  for (const key of ['election', 'admit', 'hold']) setTimer(t, key, null)
  t.out.push({ kind: 'set-aside', from, because, text, ...known, ...(towards ? { towards } : {}) })
}

function branchOfJournal({ s }: Turn): string {
  return s.forks.at(-1)?.record.branchId ?? s.founding?.branchId ?? branch(s) ?? ''
}
