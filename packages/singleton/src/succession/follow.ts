import type { Entry, MemberId } from '@tanist/core'
import { invariant } from '@tanist/core'
import { armElection, becomeFollower } from './election.js'
import { advanceCommit, appendReceived, truncate } from './log.js'
import type { AppendMessage } from './messages.js'
import { hearPromise, tagNow } from './basis.js'
import { askForState } from './receive-snapshot.js'
import { isSpent } from './witness.js'
import { heardLeader, promiseMs } from './silence.js'
import { isStalled } from './stall.js'
import type { Answer, PendingAppend, Turn } from './state.js'
import { nameOf, send, setLine, termAt } from './state.js'

/** The leader of `term` speaks: entries, or just a beat. */
export function onAppend(
  t: Turn,
  from: { readonly memberId: MemberId; readonly incarnation: number },
  term: number,
  message: AppendMessage,
  entries: readonly Entry[],
): void {
  const { s, now } = t
  if (term < s.hard.term) return answer(t, { to: from.memberId, ...echo(message, 0), term }, -1)
  const sameReign = followLeader(t, from, term)
  if (message.line) setLine(t, message.line)
  const promise = promiseMs(s)
  if (message.round > 0) {
    const untilMs = now.monotonicMs + promise
    const kept = sameReign && s.promise ? s.promise.untilMs : 0
    s.promise = {
      to: { memberId: from.memberId, incarnation: from.incarnation, term },
      untilMs: Math.max(kept, untilMs),
    }
  }
  takeEntries(t, message, entries, { to: from.memberId, term, ...echo(message, promise) })
  hearPromise(t, from, term, message)
  if (message.line) askForState(t, from.memberId)
  armElection(t)
}

/** The leader of `term`, which is not below the own one, has spoken. True when it is the one of before. */
export function followLeader(
  t: Turn,
  from: { readonly memberId: MemberId; readonly incarnation: number },
  term: number,
): boolean {
  const { s } = t
  if (s.role.kind === 'leader' && term <= s.hard.term) invariant(false, `two leaders in term ${term}`)
  const sameReign = s.leader?.memberId === from.memberId && s.leader.term === term
  if (!sameReign || s.role.kind !== 'follower') {
    const leader = { memberId: from.memberId, incarnation: from.incarnation, term }
    becomeFollower(t, term, leader, `${nameOf(s, from.memberId)} leads term ${term}`)
  }
  heardLeader(t, sameReign)
  return sameReign
}

function echo(message: AppendMessage, promise: number): Pick<Answer, 'round' | 'sent' | 'promiseMs'> {
  return { round: message.round, sent: message.sent, promiseMs: promise }
}

function takeEntries(t: Turn, message: AppendMessage, entries: readonly Entry[], to: Answer): void {
  const { s } = t
  const { prevIndex, prevTerm } = message
  // What a snapshot covers is committed, so the leader has the same: only what follows is looked at.
  const floor = s.config.log.firstIndex - 1
  if (prevIndex < floor && prevIndex + entries.length >= floor && entries.length > 0) {
    const prev = entries[floor - prevIndex - 1] as Entry
    const rest = entries.slice(floor - prevIndex)
    return takeEntries(t, { ...message, prevIndex: floor, prevTerm: prev.term }, rest, to)
  }
  if (prevIndex < floor) return message.round > 0 ? answer(t, to, prevIndex + entries.length) : undefined
  if (floor > 0 && prevIndex === floor && termAt(s, floor) !== prevTerm) return void truncate(t, floor)
  if (prevIndex > s.lastIndex || termAt(s, prevIndex) !== prevTerm) {
    return answer(t, to, -1, { rejected: prevIndex, ...meetingPoint(t, prevIndex, prevTerm) })
  }
  const lastNew = prevIndex + entries.length
  const fresh = entries.filter((e) => e.index > s.lastIndex || termAt(s, e.index) !== e.term)
  const [first] = fresh
  if (first && first.index <= s.lastIndex && !truncate(t, first.index)) return
  if (fresh.length > 0) appendReceived(t, fresh, to)
  if (message.commit > s.commitIndex)
    advanceCommit(t, Math.max(s.commitIndex, Math.min(message.commit, lastNew)))
  if (fresh.length === 0 && message.round > 0) answer(t, to, Math.min(lastNew, s.durableIndex))
}

/** The last entry before `index` whose term is not above `term`: the journals cannot agree beyond it. */
function meetingPoint(t: Turn, index: number, term: number): { index: number; term: number } {
  const { s } = t
  let at = Math.min(index, s.lastIndex)
  while (at > s.config.log.firstIndex - 1 && termAt(s, at) > term) at -= 1
  if (at === index) at -= 1
  return { index: at, term: termAt(s, at) }
}

/** What was received is on disk: says so, unless another term has begun since. */
export function answerDurable(t: Turn, pending: PendingAppend): void {
  const { s } = t
  if (pending.answer === null || pending.answer.term !== s.hard.term || s.role.kind !== 'follower') return
  answer(t, pending.answer, pending.lastIndex)
}

function answer(
  t: Turn,
  to: Answer,
  match: number,
  hint?: { rejected: number; index: number; term: number },
): void {
  const body = { t: 'appended' as const, round: to.round, sent: to.sent, match, promiseMs: to.promiseMs }
  const tag = tagNow(t)
  const stalled = isStalled(t)
  const spent = isSpent(t.s)
  // Hot: what is rare costs a copy, what is common costs nothing.
  if (!tag && !stalled && !spent && hint === undefined) return send(t, to.to, body)
  const { t: kind, ...rest } = body
  send(t, to.to, {
    t: kind,
    ...rest,
    ...(tag && { tag }),
    ...(stalled && { stalled: true as const }),
    ...(spent && { spent: true as const }),
    ...(hint !== undefined && { hint }),
  })
}
