import type { MemberId } from '@tanist/core'
import { encodeRecord, EntryKind } from './entries.js'
import type { ViewChange } from './entries.js'
import { EVICTED_MAX, OPERATE_MS } from './limits.js'
import { isFit, lineOfSuccession } from './line.js'
import type { OperateMessage, OperatedMessage } from './messages.js'
import { propose } from './log.js'
import { neverServes } from './rank.js'
import type { LeaderRole, Succession, Turn } from './state.js'
import { isVoter, majority, minCopies, nameOf, note, send, setTimer, voters } from './state.js'
import { beginTransfer } from './transfer.js'
import type { Operation } from './types.js'

/** What this peer was asked to have done; asked of whoever leads until somebody answers. */
export interface Asked {
  readonly operation: Operation
  readonly untilMs: number
}

/** What the leader is doing about a member, and who wants to hear of the end. */
export interface Dismissal {
  readonly operation: Operation
  readonly incarnation: number
  readonly why: string
  readonly askers: { readonly from: MemberId; readonly id: number }[]
}

/** Who was evicted: it comes back only by a start of its own with `rejoin`. */
export interface Evicted {
  readonly incarnation: number
  readonly why: string
}

const AGAIN_MS = 200

// The peer at which an operator asks

export function beginOperation(t: Turn, id: number, operation: Operation): void {
  t.s.asked.set(id, { operation, untilMs: t.now.monotonicMs + OPERATE_MS })
  onOperateTimer(t)
}

/** Asks the leader again: one that hands over or dies leaves it to the next. */
export function onOperateTimer(t: Turn): void {
  const { s, now } = t
  for (const [id, { operation, untilMs }] of s.asked) {
    if (now.monotonicMs >= untilMs) {
      s.asked.delete(id)
      const text = 'No leader confirmed it in time: it may still be done. Look at the members, or ask again.'
      t.out.push({ kind: 'operated', id, status: 'unknown', text })
    } else if (s.role.kind === 'leader') onOperate(t, s.self.memberId, { t: 'operate', id, operation })
    else if (s.leader) send(t, s.leader.memberId, { t: 'operate', id, operation })
  }
  setTimer(t, 'operate', s.asked.size === 0 ? null : AGAIN_MS)
}

export function onOperated(t: Turn, { id, status, text }: OperatedMessage): void {
  if (!t.s.asked.delete(id)) return
  t.out.push({ kind: 'operated', id, status, text })
}

// The leader

export function onOperate(t: Turn, from: MemberId, { id, operation }: OperateMessage): void {
  const { s } = t
  const { role } = s
  if (role.kind !== 'leader' || s.commitIndex < role.startIndex || role.transfer) return
  const { memberId } = operation
  const under = role.dismissals.get(memberId)
  if (under?.operation.op === operation.op) {
    if (!under.askers.some((one) => one.from === from && one.id === id)) under.askers.push({ from, id })
    return
  }
  const answer = (status: 'done' | 'refused', text: string): void => answerOne(t, from, id, status, text)
  if (isDone(s, operation)) return answer('done', doneText(s, operation))
  const no = refusal(t, role, operation)
  if (no !== null) return answer('refused', no)
  const why = `operator: ${operation.op}, asked at ${nameOf(s, from)}`
  if (memberId === s.self.memberId) {
    // The next leader does it: whoever asked asks there again.
    return beginTransfer(t, null, { why })
  }
  const incarnation = s.view.get(memberId)?.incarnation ?? s.links.get(memberId)?.incarnation ?? 0
  role.dismissals.set(memberId, { operation, incarnation, why, askers: [{ from, id }] })
  role.tendDue = true
  note(t, 'operating', `${nameOf(s, memberId)}: ${why}.`, { ...operation })
}

function answerOne(t: Turn, to: MemberId, id: number, status: 'done' | 'refused', text: string): void {
  if (to === t.s.self.memberId) onOperated(t, { t: 'operated', id, status, text })
  else send(t, to, { t: 'operated', id, status, text })
}

function isDone(s: Succession, { op, memberId }: Operation): boolean {
  if (isVoter(s, memberId)) return false
  if (op === 'demote') return s.view.get(memberId)?.demoted === true
  return s.evicted.has(memberId) && !s.view.has(memberId)
}

function doneText(s: Succession, { op, memberId }: Operation): string {
  return op === 'demote'
    ? `${nameOf(s, memberId)} keeps copies and has no vote until it is started again.`
    : `${nameOf(s, memberId)} is no member any more.`
}

/** Why it must not be done, in a sentence; null when it may. */
function refusal(t: Turn, role: LeaderRole, { op, memberId }: Operation): string | null {
  const { s } = t
  const name = nameOf(s, memberId)
  const row = s.view.get(memberId)
  if (!row && (op === 'demote' || !isVoter(s, memberId))) return `${name} is no member of this cluster.`
  const self = memberId === s.self.memberId
  if (self && lineOfSuccession(t, role).length === 0)
    return `${name} is the server, and there is nobody to hand over to.`
  const servants = [...s.view.keys()].filter((id) => id !== memberId && !neverServes(s, id))
  if (servants.length === 0) return `Without ${name} nobody would be left that may serve.`
  if (!isVoter(s, memberId)) return null
  const rest = voters(s).filter((id) => id !== memberId)
  const takes = [...s.view].some(
    ([id, one]) => !isVoter(s, id) && one.demoted !== true && !role.dismissals.has(id) && isFit(t, role, id),
  )
  if (op === 'demote' && rest.length < 2 && !takes) {
    return `Without the vote of ${name} one voter would be left: its end would stop the service, and its disk would be the only one that counts. Evict ${name}, or add a peer first.`
  }
  if (rest.length < minCopies(s) && !takes)
    return `Without ${name} there would be a place for ${rest.length} copies, and ${minCopies(s)} are asked for (minCopies): nothing would be served. Add a peer first.`
  const able = rest.filter((id) => id === s.self.memberId || isFit(t, role, id)).length
  // Of two the leader may always go on by itself (rule 21).
  const needed = voters(s).length === 2 ? 0 : majority(s) - (self ? 1 : 0)
  if (able >= Math.floor(rest.length / 2) + 1 && able >= needed) return null
  return `Without ${name} only ${able} of ${rest.length} voters would answer: too few to serve. Bring back the others first.`
}

/** One step for each member that an operator sent away; called when voters and view are tended. */
export function tendDismissals(t: Turn, role: LeaderRole): void {
  const { s } = t
  for (const [id, dismissal] of role.dismissals) {
    const { operation, incarnation, why, askers } = dismissal
    if (isDone(s, operation)) {
      role.dismissals.delete(id)
      for (const asker of askers) answerOne(t, asker.from, asker.id, 'done', doneText(s, operation))
      if (operation.op === 'evict') tellEvicted(t, id)
    } else if (isCommittedOut(s, id) && !role.pendingView.has(id)) {
      const change: ViewChange =
        operation.op === 'demote'
          ? { op: 'demote', memberId: id, incarnation, why }
          : { op: 'remove', memberId: id, incarnation, seat: 'given-up', why, evicted: true }
      role.pendingView.set(id, propose(t, EntryKind.view, encodeRecord(change)).index)
    }
  }
}

/** No voter set that may still come into force counts on it. */
function isCommittedOut(s: Succession, id: MemberId): boolean {
  return !isVoter(s, id) && (s.voterSets.at(-1)?.index ?? 0) <= s.commitIndex
}

/** The next voter that an operator sent away, with what the journal says about it. */
export function dismissedVoter(s: Succession): { readonly id: MemberId; readonly why: string } | null {
  const { role } = s
  if (role.kind !== 'leader') return null
  for (const [id, { why }] of role.dismissals) if (isVoter(s, id)) return { id, why }
  return null
}

/** It shall not vote: demoted in this life, or about to be sent away. */
export function isDismissed(s: Succession, id: MemberId): boolean {
  return s.view.get(id)?.demoted === true || (s.role.kind === 'leader' && s.role.dismissals.has(id))
}

// The journal

/** A committed view change, as far as operators are concerned. True: nothing else is to be done about it. */
export function applyOperation(s: Succession, change: ViewChange): boolean {
  if (change.op === 'admit') {
    s.evicted.delete(change.member.memberId)
    return false
  }
  const { memberId, incarnation, why } = change
  if (change.op === 'demote') {
    const row = s.view.get(memberId)
    if (row?.incarnation === incarnation) s.view.set(memberId, { ...row, demoted: true })
    return true
  }
  if (change.evicted !== true) return false
  s.evicted.delete(memberId)
  s.evicted.set(memberId, { incarnation, why })
  const [oldest] = s.evicted.keys()
  if (s.evicted.size > EVICTED_MAX && oldest !== undefined) s.evicted.delete(oldest)
  return false
}

// The evicted

/** It asks to come in. True when it may not. */
export function turnAway(t: Turn, from: MemberId, incarnation: number, rejoin: boolean): boolean {
  const known = t.s.evicted.get(from)
  if (!known || (rejoin && incarnation > known.incarnation)) return false
  tellEvicted(t, from)
  return true
}

function tellEvicted(t: Turn, memberId: MemberId): void {
  const known = t.s.evicted.get(memberId)
  if (known && t.s.links.has(memberId))
    send(t, memberId, { t: 'evicted', incarnation: known.incarnation, why: known.why })
}

export function onEvicted(t: Turn, incarnation: number, why: string): void {
  const { s } = t
  // Said about a former life, and this one was started to come back.
  if (s.config.rejoin === true && incarnation < s.self.incarnation) return
  t.out.push({
    kind: 'fatal',
    code: 'evicted',
    text:
      `This peer was evicted from its cluster (${why}). Its data folder remembers that: ` +
      'start it with rejoin: true to let it come back as a new member, or remove the folder.',
  })
}
