import type { MemberId } from '@tanist/core'
import { encodeRecord, EntryKind } from './entries.js'
import type { Continuation } from './entries.js'
import type { ForkedMessage } from './messages.js'
import { becomeLeader } from './reign.js'
import type { Succession, Turn } from './state.js'
import { branch, isVoter, nameOf, note, persist, send, voters } from './state.js'

/** Whoever was asked and says nothing for so long is not there: links may be dead without anybody's knowing. */
const ANSWER_MS = 500
/** Having agreed that another goes on, or having been told not to, a peer waits this long before it asks itself. */
const DEFER_MS = 1_000

/** Who was asked whether this peer may go on without a majority, and who agreed. */
export interface Asking {
  readonly by: Continuation['by']
  readonly why: string
  readonly waiting: Set<MemberId>
  readonly granted: Set<MemberId>
  readonly sinceMs: number
}

/**
 * An operator says: the others will not come back, go on with what is here. Refused while somebody leads, and while
 * a peer in sight knows a leader or holds a newer journal.
 */
export function continueHere(t: Turn, why: string): void {
  const refusal = refusalOf(t.s)
  if (refusal === null) askOthers(t, 'operator', why)
  else t.out.push({ kind: 'continued', ok: false, text: refusal })
}

function refusalOf(s: Succession): string | null {
  if (s.lastIndex === 0) return 'This peer holds no journal: there is nothing to go on with.'
  if (s.left || s.leaving) return 'This peer is leaving for good.'
  if (s.meetings.over) return 'This peer is about to join another branch.'
  if (s.role.kind === 'leader') return 'This peer leads already.'
  if (s.leader) return `${nameOf(s, s.leader.memberId)} leads: there is nothing to force.`
  if (s.meetings.ask) return 'This peer is asking the others already.'
  return null
}

/** A forced continuation says how many voters go this way: they are asked, for a link alone proves nothing. */
export function askOthers(t: Turn, by: Continuation['by'], why: string): void {
  const { s, now } = t
  const others = [...s.links.keys()].filter((id) => isHere(s, id))
  s.meetings.ask = { by, why, waiting: new Set(others), granted: new Set(), sinceMs: now.monotonicMs }
  for (const id of others) send(t, id, { t: 'fork', by, lastIndex: s.lastIndex, lastTerm: s.lastTerm })
  tendAsking(t)
}

/** Called with every tick, and when an answer came. */
export function tendAsking(t: Turn): void {
  const { s, now } = t
  const { ask } = s.meetings
  if (!ask) return
  const refusal = s.leader || s.role.kind === 'leader' || s.leaving ? 'Somebody leads now.' : null
  if (refusal !== null) return endAsking(t, refusal)
  for (const id of ask.waiting) if (!isHere(s, id)) ask.waiting.delete(id)
  if (ask.waiting.size > 0 && now.monotonicMs - ask.sinceMs < ANSWER_MS) return
  forkBranch(t, ask)
  endAsking(t, null)
}

function endAsking(t: Turn, refusal: string | null): void {
  const { meetings } = t.s
  const { ask } = meetings
  meetings.ask = null
  meetings.notBeforeMs = t.now.monotonicMs + DEFER_MS * (1 + t.random.next())
  if (ask?.by === 'operator')
    t.out.push({ kind: 'continued', ok: refusal === null, text: refusal ?? 'This peer goes on alone.' })
}

/** Another peer of this branch wants to go on without a majority. */
export function onFork(
  t: Turn,
  from: MemberId,
  asked: { readonly by: Continuation['by']; readonly lastIndex: number; readonly lastTerm: number },
): void {
  const { s } = t
  const refused = reasonAgainst(s, from, asked)
  send(t, from, { t: 'forked', refused })
  if (refused !== null) return
  if (s.meetings.ask) endAsking(t, `${nameOf(s, from)} goes on.`)
  s.meetings.notBeforeMs = t.now.monotonicMs + DEFER_MS
}

function reasonAgainst(
  s: Succession,
  from: MemberId,
  asked: { readonly lastIndex: number; readonly lastTerm: number },
): ForkedMessage['refused'] {
  if (s.leader !== null || s.role.kind === 'leader') return 'leader'
  const newer = s.lastTerm === asked.lastTerm ? s.lastIndex - asked.lastIndex : s.lastTerm - asked.lastTerm
  if (newer > 0) return 'newer'
  return newer === 0 && s.meetings.ask !== null && s.self.memberId < from ? 'asks' : null
}

const reasons = {
  leader: 'knows a leader',
  newer: 'holds a newer journal',
  asks: 'wants to go on itself',
} as const

export function onForked(t: Turn, from: MemberId, refused: ForkedMessage['refused']): void {
  const { ask } = t.s.meetings
  if (!ask?.waiting.delete(from)) return
  if (refused === null) {
    ask.granted.add(from)
    return tendAsking(t)
  }
  const text = `${nameOf(t.s, from)}, which is in sight, ${reasons[refused]}.`
  note(t, 'not-alone', text, { from, refused })
  endAsking(t, text)
}

/**
 * A forced continuation (rule 27): a new branch whose only voter is this peer. Everything in its journal is
 * committed by it; from here on no vote, append or truncation of the old branch counts for it (rule 5).
 */
function forkBranch(t: Turn, { by, why, granted }: Asking): void {
  const { s, now, random } = t
  const here = [s.self.memberId, ...granted].filter((id) => isVoter(s, id))
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
    `A new branch begins after entry ${record.from.index}, with ${here.length} of ${record.of} voters (${who}): ${why}.`,
    { ...record },
  )
}

/** Voters that this peer is linked to on its own branch, itself included. */
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
