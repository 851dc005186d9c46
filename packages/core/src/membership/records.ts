import { invariant } from '../invariant.js'
import { isAbout } from './forms.js'
import { refuted } from './health.js'
import { limits } from './limits.js'
import { compareRecords, isWorse, plainRecord } from './records-order.js'
import { counts, forget, forgetIdle, ownRecord, put, recordOf, recount } from './records-store.js'
import { handOn } from './records-spread.js'
import { badTold } from './routes-told.js'
import { emit, type LinkRow, type Peer, type Step } from './state.js'
import { isLarge } from './topology.js'
import type { About, Fate, MemberId, MemberRecord, MembershipMessage } from './types.js'
import type { ViewIndex } from './view-index.js'

/**
 * What all members know of each other beyond the view. Rows are rumours in SWIM's order: whatever way they take, in
 * whatever order and how often they come, all who hear the same end with the same. Only the member itself makes its
 * rows newer, so what is wrongly said of it ends when it hears of it:
 *
 * - whoever hears a member that is said to be gone, believes its ears, and tells the member what is said;
 * - an accusation that is older than what is known is answered to whoever brought it, in the same step. In memberlist
 *   it is dropped, and who missed the one refutation removes a healthy member.
 *
 * A row that says no more than the view is no part of the digests. It is kept for a minute, as are rows about members
 * that left the view, so that a late rumour brings nobody back.
 */

/** Between two attempts to tell a member what is said of it. */
const CONTEST_MS = 1_000

/** This peer observed something about a member's life. */
export function noteFate(s: Step, memberId: MemberId, incarnation: number, fate: Fate): void {
  const { state } = s
  const { records } = state
  if (memberId === state.self.memberId) return
  const known = recordOf(state, memberId)
  if (known && incarnation < known.incarnation) return
  if (fate === 'up') {
    records.observed.delete(memberId)
    if (!known || known.fate === 'up') return
    if (incarnation > known.incarnation) put(s, plainRecord(memberId, incarnation))
    return tell(s, memberId, true)
  }
  const before = records.observed.get(memberId)
  const again = before?.incarnation === incarnation && before.fate === fate && before.again
  records.observed.set(memberId, { incarnation, fate, again })
  const base = known?.incarnation === incarnation ? known : plainRecord(memberId, incarnation)
  // Who refutes it every time lives somewhere: said on and on, it would be answered on and on.
  if (!again && isWorse(fate, base.fate)) {
    put(s, { ...base, fate })
    // Of one that is no member yet nobody else needs to know.
    if (state.index.byId.has(memberId)) records.news.set(memberId, null)
  }
  tell(s, memberId, true)
}

/** What this member says of itself from now on. */
export function sayAbout(s: Step, about: About | null): void {
  invariant(isAbout(about), 'what a member says of itself is plain, and at most 2 KiB as JSON')
  const { own } = s.state.records
  if (!isSame(own.about, about)) speak(s, { ...own, about })
}

/** The members to which the own link is bad although both live. */
export function sayBad(s: Step, links: readonly MemberId[]): void {
  const bad = links.slice(0, limits.badInRecord)
  const { bad: before, ...own } = s.state.records.own
  if (!isSame(before ?? [], bad)) speak(s, bad.length > 0 ? { ...own, bad } : own)
}

/** The own row gets newer than `above`, too. */
function speak(s: Step, own: Step['state']['records']['own'], above: number = 0): void {
  const { records } = s.state
  records.own = { ...own, seq: Math.max(records.own.seq, above) + 1 }
  putOwn(s)
}

function putOwn(s: Step): void {
  const { records, self } = s.state
  const row = records.rows.get(self.memberId)
  // Of a newer start of this member, which the journal has not admitted yet.
  if (row && row.incarnation > self.incarnation) return
  put(s, ownRecord(s.state))
  records.news.set(self.memberId, null)
}

export function newsArrived(s: Step, row: LinkRow, { records }: MessageOf<'news'>): void {
  if (row.stage !== 'usable') return
  for (const record of records) merge(s, row, record)
}

function merge(s: Step, link: LinkRow, record: MemberRecord): void {
  const { state } = s
  const { memberId } = record
  if (memberId === state.self.memberId && hearOfSelf(s, link, record)) return
  const known = recordOf(state, memberId)
  const order = known ? compareRecords(record, known) : 1
  // What a newer row has taken back is in its holder's digest, and the newer one, which says nothing, in none.
  if (order < 0 && (record.fate !== 'up' || counts(state, record))) answer(s, link.id, memberId)
  if (order <= 0) return
  put(s, record)
  state.records.news.set(memberId, link.id)
  insist(s, record)
  tell(s, memberId, false)
  state.records.contested.get(memberId)?.by.add(link.id)
}

/** True: nothing to keep. */
function hearOfSelf(s: Step, link: LinkRow, record: MemberRecord): boolean {
  const own = ownRecord(s.state)
  // Another process has this identity, and it is newer: not for this one to say.
  if (record.incarnation > own.incarnation) return false
  const accuses = record.fate !== 'up'
  const fresh = record.incarnation === own.incarnation && record.seq >= own.seq
  // Newer than what it said last: a row of its own that it does not remember.
  if (fresh && (accuses || record.seq > own.seq)) speak(s, s.state.records.own, record.seq)
  if (fresh && accuses) refuted(s)
  const isStale = compareRecords(record, own) < 0 && counts(s.state, record)
  if (accuses || isStale) answer(s, link.id, own.memberId)
  return true
}

/** What is proven stays proven when words arrive that the member said before its end. */
function insist(s: Step, record: MemberRecord): void {
  const { observed, news } = s.state.records
  const own = observed.get(record.memberId)
  if (!own || own.incarnation !== record.incarnation) return
  if (hears(s.state.peers.get(record.memberId), record)) return void observed.delete(record.memberId)
  if (own.again || own.fate === 'suspect' || !isWorse(own.fate, record.fate)) return
  // Once: a member that lives has the last word.
  own.again = true
  put(s, { ...record, fate: own.fate })
  news.set(record.memberId, null)
}

function answer(s: Step, link: number, memberId: MemberId): void {
  const { answers } = s.state.records
  const ids = answers.get(link) ?? new Set()
  answers.set(link, ids.add(memberId))
}

/** This peer hears that start of the member itself, which outranks what others say. */
function hears(peer: Peer | undefined, record: MemberRecord): boolean {
  return !!peer && peer.link !== null && !peer.silent && peer.incarnation >= record.incarnation
}

/** Something came from this member: hearsay about its end is contested. */
export function heardOf(s: Step, peer: Peer): void {
  const { records } = s.state
  const { memberId, incarnation } = peer
  if (records.rows.size === 0 || peer.silent || incarnation === peer.bye) return
  const row = records.rows.get(memberId)
  const doubts = row && row.fate !== 'up' && !records.contested.has(memberId)
  if (doubts || records.observed.has(memberId)) noteFate(s, memberId, incarnation, 'up')
}

/** Emits what has changed for those who watch this member. */
function tell(s: Step, memberId: MemberId, own: boolean): void {
  const { state } = s
  const { records } = state
  const known = recordOf(state, memberId)
  if (!known || memberId === state.self.memberId) return
  const observed = records.observed.get(memberId)?.incarnation === known.incarnation
  const contests = known.fate !== 'up' && !observed && hears(state.peers.get(memberId), known)
  if (!contests) settleContest(s, known)
  else if (!records.contested.has(memberId))
    records.contested.set(memberId, { toldMs: Number.NEGATIVE_INFINITY, by: new Set() })
  if (!state.index.byId.has(memberId)) return
  const before = records.told.get(memberId) ?? silence
  const after = { fate: contests ? ('up' as const) : known.fate, about: known.about }
  if (after.fate === 'up' && after.about === null) records.told.delete(memberId)
  else records.told.set(memberId, after)
  const { incarnation } = known
  badTold(s, memberId, after.fate === 'up' ? (known.bad ?? []) : [])
  if (after.fate !== before.fate) emit(s, { kind: 'fate', memberId, incarnation, fate: after.fate, own })
  if (!isSame(after.about, before.about)) emit(s, { kind: 'about', memberId, about: after.about })
}

/** In a mesh nobody hands news on: whoever accused it may not be linked to it, and gets the answer from here. */
function settleContest(s: Step, known: MemberRecord): void {
  const { contested } = s.state.records
  const contest = contested.get(known.memberId)
  if (!contest) return
  contested.delete(known.memberId)
  if (known.fate !== 'up' || isLarge(s.state)) return
  for (const link of contest.by) answer(s, link, known.memberId)
}

const silence = { fate: 'up', about: null } as const

/** Members that are heard and said to be gone get to know it, until they have answered. */
function tellContested(s: Step): void {
  const { state } = s
  for (const [memberId, contest] of state.records.contested) {
    const peer = state.peers.get(memberId)
    const known = recordOf(state, memberId)
    if (!known || known.fate === 'up' || !hears(peer, known)) {
      tell(s, memberId, false)
      state.records.contested.delete(memberId)
    } else if (peer?.link != null && s.now - contest.toldMs >= CONTEST_MS) {
      answer(s, peer.link, memberId)
      contest.toldMs = s.now
    }
  }
}

/** The view changed. The journal's word stands above rumours about whom it admits anew. */
export function recordsViewed(s: Step, before: ViewIndex): void {
  const { state } = s
  const { records, index, self } = state
  for (const row of records.rows.values()) {
    const { memberId } = row
    const seen = index.byId.get(memberId)
    const admitted = seen && seen.seniority !== before.byId.get(memberId)?.seniority
    if (admitted && row.fate !== 'up') forget(records, memberId)
    else recount(s, row)
  }
  for (const memberId of records.told.keys()) {
    if (index.byId.has(memberId)) tell(s, memberId, false)
    else records.told.delete(memberId)
  }
  for (const memberId of records.rows.keys()) tell(s, memberId, false)
  for (const [memberId, { incarnation, fate }] of records.observed) {
    const seen = index.byId.get(memberId)
    if (seen ? seen.incarnation > incarnation : !state.peers.has(memberId)) records.observed.delete(memberId)
    else if (seen) noteFate(s, memberId, incarnation, fate)
  }
  const admitted = index.byId.get(self.memberId)
  if (!admitted || admitted.seniority === before.byId.get(self.memberId)?.seniority) return
  if (records.own.seq > 0) putOwn(s)
}

export function recordsDigest(s: Step): number {
  return s.state.records.digest
}

/** The end of each step: news goes to those whom the mode names. */
export function spread(s: Step): void {
  const { records } = s.state
  if (records.contested.size > 0) tellContested(s)
  if (records.idle.size > 0) forgetIdle(s)
  handOn(s)
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

type MessageOf<T extends MembershipMessage['t']> = Extract<MembershipMessage, { t: T }>

export { bucketsArrived, compareDigests, marksArrived } from './records-repair.js'
export { createRecords, recordOf, type Records } from './records-store.js'
