import type { MemberId } from '@tanist/core'
import { forkBranch, isHere, votersHere } from './continue.js'
import type { Succession, Turn } from './state.js'
import { isVoter, majority, note, send } from './state.js'

/** Whoever was asked and says nothing for so long is not there. */
const ANSWER_MS = 500
/** Having agreed that another goes on, a peer waits this long for it. */
const DEFER_MS = 1_000
/** The k-th of the component asks k of these later. */
const STEP_MS = 400

/**
 * Mode `available`: when nobody leads for `availableAfterMs` and no majority is in sight, one peer of those that see
 * each other makes a forced continuation by policy. It asks the others first: who knows a leader, holds a newer
 * journal, or comes before it and asks as well, says no. Two that fork all the same meet as branches do.
 */
export function tendAvailability(t: Turn): void {
  const { s, now } = t
  const { meetings } = s
  if (s.founding?.mode !== 'available' || s.leaving || s.left) return
  if (s.leader !== null || s.role.kind === 'leader') {
    meetings.aloneSinceMs = null
    meetings.ask = null
    return
  }
  meetings.aloneSinceMs ??= now.monotonicMs
  if (meetings.ask) return askOver(t)
  const rank = rankHere(s)
  const aloneMs = now.monotonicMs - meetings.aloneSinceMs
  if (rank < 0 || aloneMs < s.config.timing.availableAfterMs + rank * STEP_MS) return
  if (meetings.adopted !== null || votersHere(s).length >= majority(s)) return
  const others = [...s.links.keys()].filter((id) => isHere(s, id))
  meetings.ask = { waiting: new Set(others), sinceMs: now.monotonicMs }
  for (const id of others) send(t, id, { t: 'fork', lastIndex: s.lastIndex, lastTerm: s.lastTerm })
  askOver(t)
}

function askOver(t: Turn): void {
  const { s, now } = t
  const { ask } = s.meetings
  if (!ask) return
  for (const id of ask.waiting) if (!isHere(s, id)) ask.waiting.delete(id)
  if (ask.waiting.size > 0 && now.monotonicMs - ask.sinceMs < ANSWER_MS) return
  s.meetings.ask = null
  s.meetings.aloneSinceMs = null
  forkBranch(t, 'available', `no majority was in sight for ${s.config.timing.availableAfterMs} ms`)
}

/** Another peer of this branch wants to go on without a majority. */
export function onFork(
  t: Turn,
  from: MemberId,
  asked: { readonly lastIndex: number; readonly lastTerm: number },
): void {
  const { s, now } = t
  const { meetings } = s
  const newer = compareJournals(s, asked)
  const first = newer > 0 || (newer === 0 && meetings.ask !== null && s.self.memberId < from)
  const granted = s.leader === null && s.role.kind !== 'leader' && !first && s.founding !== null
  send(t, from, { t: 'forked', granted })
  if (!granted) return
  meetings.ask = null
  meetings.aloneSinceMs = now.monotonicMs - s.config.timing.availableAfterMs + DEFER_MS
}

export function onForked(t: Turn, from: MemberId, granted: boolean): void {
  const { s, now } = t
  const { ask } = s.meetings
  if (!ask) return
  if (granted) {
    ask.waiting.delete(from)
    return askOver(t)
  }
  s.meetings.ask = null
  s.meetings.aloneSinceMs = now.monotonicMs - s.config.timing.availableAfterMs + DEFER_MS * t.random.next()
  note(t, 'not-alone', 'Another peer in sight knows a leader, or comes first.', { from })
}

/** Greater than 0: the own journal is newer. */
function compareJournals(
  s: Succession,
  other: { readonly lastIndex: number; readonly lastTerm: number },
): number {
  return s.lastTerm === other.lastTerm ? s.lastIndex - other.lastIndex : s.lastTerm - other.lastTerm
}

/** Place among the members in sight on this branch: the line of succession, other voters, then the rest by age. */
function rankHere(s: Succession): number {
  const here = [...s.view.values()]
    .filter(({ memberId }) => memberId === s.self.memberId || isHere(s, memberId))
    .toSorted((a, b) => order(s, a.memberId) - order(s, b.memberId) || a.seniority - b.seniority)
  return here.findIndex(({ memberId }) => memberId === s.self.memberId)
}

function order(s: Succession, id: MemberId): number {
  const at = s.line.indexOf(id)
  if (at >= 0) return at
  return isVoter(s, id) ? s.line.length : s.line.length + 1
}
