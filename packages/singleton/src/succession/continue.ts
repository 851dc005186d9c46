import type { MemberId } from '@tanist/core'
import { encodeRecord, EntryKind } from './entries.js'
import type { Continuation } from './entries.js'
import { becomeLeader } from './reign.js'
import type { Succession, Turn } from './state.js'
import { branch, nameOf, note, persist, voters } from './state.js'

/** An operator says: the others will not come back, go on with what is here. Refused while somebody leads. */
export function continueHere(t: Turn, why: string): void {
  const { s } = t
  const refusal = refusalOf(s)
  if (refusal === null) forkBranch(t, 'operator', why)
  t.out.push({ kind: 'continued', ok: refusal === null, text: refusal ?? 'This peer goes on alone.' })
}

function refusalOf(s: Succession): string | null {
  if (s.lastIndex === 0) return 'This peer holds no journal: there is nothing to go on with.'
  if (s.left || s.leaving) return 'This peer is leaving for good.'
  if (s.meetings.over) return 'This peer is about to join another branch.'
  if (s.role.kind === 'leader') return 'This peer leads already.'
  if (s.leader) return `${nameOf(s, s.leader.memberId)} leads: there is nothing to force.`
  return null
}

/**
 * A forced continuation (rule 27): a new branch whose only voter is this peer. Everything in its journal is
 * committed by it; from here on no vote, append or truncation of the old branch counts for it (rule 5).
 */
export function forkBranch(t: Turn, by: Continuation['by'], why: string): void {
  const { s, now, random } = t
  const here = votersHere(s)
  s.meetings.adopted = null
  s.meetings.won.clear()
  const record: Continuation = {
    branchId: random.id(),
    from: { branchId: branch(s) ?? '', index: s.lastIndex, term: s.lastTerm },
    voters: [s.self.memberId],
    held: here.length,
    of: voters(s).length,
    by,
    why,
    atMs: now.wallMs,
  }
  persist(t, { term: s.hard.term + 1, votedFor: s.self.memberId })
  becomeLeader(t, { kind: EntryKind.continuation, payload: encodeRecord(record) })
  const who = here.length === 0 ? 'none' : here.map((id) => nameOf(s, id)).join(', ')
  note(
    t,
    'continued',
    `A new branch begins after entry ${record.from.index}, with ${here.length} of ${record.of} voters in sight (${who}): ${why}.`,
    { ...record },
  )
}

/** Voters that this peer sees on its own branch, itself included. */
export function votersHere(s: Succession): MemberId[] {
  return voters(s).filter((id) => id === s.self.memberId || isHere(s, id))
}

/** Linked, and not known to be on another branch. */
export function isHere(s: Succession, id: MemberId): boolean {
  const hello = s.links.get(id)
  return hello !== undefined && !isForeign(s, hello)
}

export function isForeign(s: Succession, hello: { readonly branch?: string | null }): boolean {
  const own = branch(s)
  return own !== null && typeof hello.branch === 'string' && hello.branch !== own
}
