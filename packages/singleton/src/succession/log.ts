import { invariant } from '@tanist/core'
import type { Entry, MemberId, ViewMember, ViewPosition } from '@tanist/core'
import { capture, considerDivergence, countCommitted, moreToCommit } from './checkpoint.js'
import { clusterSettings, differenceFrom, settingsAtFounding } from './cluster-settings.js'
import type { Founding } from './entries.js'
import { continuationOf, EntryKind, foundingOf, viewChangeOf } from './entries.js'
import { COMMIT_BYTES } from './limits.js'
import { applyOperation } from './operate.js'
import { setAside } from './set-aside.js'
import type { PendingAppend, Turn } from './state.js'
import { entriesFrom, isVoter, isVoterSet, note, termAt, voterSetOf } from './state.js'

/** Puts an entry of the own term at the end of the leader's batch; `flush` writes and sends it. */
export function propose(t: Turn, kind: number, payload: Uint8Array): Entry {
  const { s } = t
  invariant(s.role.kind === 'leader', 'only a leader proposes')
  const entry: Entry = { index: s.lastIndex + 1, term: s.hard.term, kind, payload }
  s.tail.push(entry)
  accept(t, entry)
  return entry
}

/** Writes the leader's batch. */
export function writeTail(t: Turn): void {
  const { s } = t
  if (s.tail.length === 0 || s.tailEmitted) return
  emitAppend(t, s.tail, null)
}

/** Follower: appends what the leader sent; `answer` goes out once it is durable. */
export function appendReceived(t: Turn, entries: readonly Entry[], answer: PendingAppend['answer']): void {
  t.s.tail = [...entries]
  for (const entry of entries) accept(t, entry)
  emitAppend(t, entries, answer)
}

function accept(t: Turn, entry: Entry): void {
  const { s } = t
  // Only what is broken needs a sentence: this is the path of every command, as below.
  if (entry.index !== s.lastIndex + 1) invariant(false, `entry ${entry.index} after ${s.lastIndex}`)
  if (entry.term < s.lastTerm) invariant(false, `term ${entry.term} after ${s.lastTerm}`)
  s.lastIndex = entry.index
  s.lastTerm = entry.term
  if (entry.kind === EntryKind.founding) {
    acceptFounding(t, foundingOf(entry))
    if (s.meetings.adopted === s.founding?.branchId) s.meetings.adopted = null
  }
  if (entry.kind === EntryKind.command) s.firstCommand ??= entry.index
  if (entry.kind === EntryKind.continuation) forkAccepted(t, entry)
  if (!isVoterSet(entry)) return
  const wasVoter = isVoter(s, s.self.memberId)
  s.voterSets.push(voterSetOf(entry))
  // Learners are spoken to more rarely: what they measured says nothing about a voter's patience.
  if (!wasVoter) s.gaps = []
}

function acceptFounding(t: Turn, founding: Founding): void {
  t.s.founding = founding
  refuseOtherSettings(t, founding)
}

/** Rule 24. A peer that was let in all the same (its hello said nothing) does not vote by other rules. */
export function refuseOtherSettings(t: Turn, founding: Founding): void {
  const text = differenceFrom(settingsAtFounding(founding), clusterSettings(t.s.config))
  if (text !== null) t.out.push({ kind: 'fatal', code: 'mode', text: `This peer stops: ${text}.` })
}

function emitAppend(t: Turn, entries: readonly Entry[], answer: PendingAppend['answer']): void {
  const { s } = t
  s.appendTicket += 1
  s.tailEmitted = true
  s.pendingAppends.push({ ticket: s.appendTicket, lastIndex: s.lastIndex, lastTerm: s.lastTerm, answer })
  t.out.push({ kind: 'append', entries: [...entries], ticket: s.appendTicket })
}

/** Called first in every step: what was appended in the last one is in `log` by now. */
export function settleTail(t: Turn): void {
  if (!t.s.tailEmitted) return
  t.s.tail = []
  t.s.tailEmitted = false
}

/** A leader that steps down forgets what it had not even written. */
export function dropUnwritten(t: Turn): void {
  const { s } = t
  const [first] = s.tail
  if (!first || s.tailEmitted) return
  s.tail = []
  s.lastIndex = first.index - 1
  s.lastTerm = s.config.log.termAt(s.lastIndex)
  forgetVoterSets(t, first.index)
}

/**
 * Drops the suffix from `from` on because the leader's journal differs there. Rule 6: nobody drops what it
 * knows committed; false evidence or a lost disk got us here, so it is set aside, and this peer joins anew.
 */
export function truncate(t: Turn, from: number): boolean {
  const { s } = t
  const known = Math.max(s.commitIndex, s.commitTo)
  if (from <= known) {
    setAside(t, {
      from,
      because: 'committed',
      text: `The leader's journal contradicts entry ${from}, which this peer knows to be committed (up to ${known}).`,
    })
    return false
  }
  note(
    t,
    'journal-suffix-dropped',
    `Entries ${from} to ${s.lastIndex} of a former leader were never committed and are dropped.`,
    {
      from,
      to: s.lastIndex,
    },
  )
  s.lastTerm = termAt(s, from - 1)
  s.lastIndex = from - 1
  s.durableIndex = Math.min(s.durableIndex, s.lastIndex)
  forgetVoterSets(t, from)
  t.out.push({ kind: 'truncate', from })
  return true
}

function forgetVoterSets(t: Turn, from: number): void {
  t.s.voterSets = t.s.voterSets.filter((set) => set.index < from)
  t.s.forks = t.s.forks.filter((fork) => fork.index < from)
  if ((t.s.firstCommand ?? 0) >= from) t.s.firstCommand = null
}

function forkAccepted({ s }: Turn, entry: Entry): void {
  const record = continuationOf(entry)
  s.forks.push({ index: entry.index, record })
  if (s.meetings.adopted === record.branchId) s.meetings.adopted = null
}

/**
 * An append became durable. Index and term together name an entry for ever, so a late completion of a
 * replaced suffix confirms nothing (the append ABA case). Returns the answers that may go out now.
 */
export function appendDurable(t: Turn, ticket: number): PendingAppend | null {
  const { s } = t
  const at = s.pendingAppends.findIndex((pending) => pending.ticket === ticket)
  if (at < 0) return null
  const [pending] = s.pendingAppends.splice(at, 1) as [PendingAppend]
  // What a durable snapshot covers meanwhile needs no second look.
  const covered = pending.lastIndex < s.config.log.firstIndex
  const still =
    covered || (pending.lastIndex <= s.lastIndex && termAt(s, pending.lastIndex) === pending.lastTerm)
  if (!still) return null
  s.durableIndex = Math.max(s.durableIndex, pending.lastIndex)
  return pending
}

/** Hands out everything up to `to` as committed and keeps the view. */
export function advanceCommit(t: Turn, to: number): void {
  const { s } = t
  if (to > s.lastIndex) invariant(false, `commit ${to} beyond the journal's end ${s.lastIndex}`)
  let changedAt: ViewPosition | null = null
  let bytes = 0
  while (s.commitIndex < to && bytes < COMMIT_BYTES) {
    let entries = atMost(to - s.commitIndex, entriesFrom(s, s.commitIndex + 1, COMMIT_BYTES))
    if (entries.length === 0) invariant(false, `entry ${s.commitIndex + 1} is missing`)
    let done = 0
    for (const entry of entries) {
      done += 1
      bytes += entry.payload.length
      if (applyToView(t, entry)) changedAt = [entry.term, entry.index]
      if (s.role.kind === 'leader' && entry.kind !== EntryKind.command) s.role.tendDue = true
      s.commitIndex = entry.index
      if (!countCommitted(t, entry)) continue
      t.out.push({ kind: 'committed', entries: entries.slice(0, done) })
      capture(t, entry)
      entries = entries.slice(done)
      done = 0
    }
    if (entries.length > 0) t.out.push({ kind: 'committed', entries })
  }
  if (changedAt) t.out.push({ kind: 'view', members: viewRows(t), at: changedAt })
  if (s.commitIndex < to) moreToCommit(t, to)
  considerDivergence(t)
}

function atMost(count: number, entries: Entry[]): Entry[] {
  return entries.length <= count ? entries : entries.slice(0, count)
}

/** The roles went back to an older state, right where the journal goes on: what is committed since, once more. */
export function handOutAgain(t: Turn, from: number): void {
  const { s } = t
  for (let index = from; index <= s.commitIndex; ) {
    const entries = entriesFrom(s, index, COMMIT_BYTES).slice(0, s.commitIndex + 1 - index)
    invariant(entries.length > 0, `entry ${index} is missing`)
    t.out.push({ kind: 'committed', entries })
    index += entries.length
  }
}

export function viewRows(t: Turn): ViewMember[] {
  return [...t.s.view.values()].toSorted((a, b) => a.seniority - b.seniority)
}

function applyToView(t: Turn, entry: Entry): boolean {
  const { s } = t
  if (entry.kind === EntryKind.founding) {
    const { clusterId, mode } = foundingOf(entry)
    t.out.push({ kind: 'cluster', clusterId, mode })
  } else if (isVoterSet(entry)) return true
  else if (entry.kind !== EntryKind.view) return false
  const change = viewChangeOf(entry)
  if (applyOperation(s, change) || change.op === 'demote') return true
  if (change.op === 'admit') {
    s.names.set(change.member.memberId, change.member.name)
    const row = change.moved ? s.view.get(change.member.memberId) : undefined
    const known = row?.incarnation === change.member.incarnation ? row : { seniority: entry.index }
    s.view.set(change.member.memberId, { ...known, ...change.member })
    forgetProposal(t, change.member.memberId, change.member.incarnation)
    return true
  }
  const row = s.view.get(change.memberId)
  if (row?.incarnation !== change.incarnation) return false
  s.view.delete(change.memberId)
  if (change.seat === 'kept') s.gone.delete(change.memberId)
  return true
}

/** What was proposed about an older incarnation means nothing for the one that is admitted now. */
function forgetProposal(t: Turn, memberId: MemberId, incarnation: number): void {
  t.s.applicants.delete(memberId)
  const gone = t.s.gone.get(memberId)
  if (gone && gone.incarnation < incarnation) t.s.gone.delete(memberId)
}
