import type { MemberId } from '@tanist/core'
import { armElection, becomeFollower, standForElection, voteAhead } from './election.js'
import { handOverEnded } from './homeward.js'
import { lineOfSuccession } from './line.js'
import { otherOf } from './pair.js'
import { stopServing } from './serving.js'
import { prepare } from './prepare.js'
import { neverServes } from './rank.js'
import { isStalled, stepDownStalled } from './stall.js'
import type { LeaderRole, Turn } from './state.js'
import { isReserved, isVoter, nameOf, note, send, setTimer } from './state.js'

export function beginTransfer(
  t: Turn,
  to: MemberId | null,
  { why = 'somebody asked for it', stay = false }: { readonly why?: string; readonly stay?: boolean } = {},
): void {
  const { s } = t
  const { role } = s
  const fail = (text: string): void => void t.out.push({ kind: 'transferred', ok: false, text })
  if (role.kind !== 'leader') return fail('This peer does not lead.')
  if (role.transfer) return fail('A hand-over is under way.')
  const target = to ?? lineOfSuccession(t, role)[0]
  if (target === undefined) return fail('There is no reachable, caught-up voter to hand over to.')
  if (neverServes(s, target)) return fail(`${nameOf(s, target)} was started with serve: 'never'.`)
  if (target === s.self.memberId || !isVoter(s, target) || !s.links.has(target) || s.leavers.has(target)) {
    return fail(`${nameOf(s, target)} is not another reachable voter.`)
  }
  const { transferMs } = s.config.timing
  role.transfer = { to: target, stage: 'preparing', prepared: false, stay }
  setTimer(t, 'transfer', transferMs)
  note(t, 'handing-over', `Handing over to ${nameOf(s, target)}: ${why}.`, { to: target, why })
  prepare(t, role, target)
}

/** The voters are ready, or take too long: from here on this peer decides nothing more. */
export function yieldTo(t: Turn, role: LeaderRole): void {
  if (role.transfer?.stage !== 'preparing') return
  role.transfer.stage = 'yielding'
  setTimer(t, 'prepare', null)
  stopServing(t, role, `handing over to ${nameOf(t.s, role.transfer.to)}`)
}

export function driveTransfer(t: Turn, role: LeaderRole): void {
  const { transfer } = role
  if (!transfer) return
  if (transfer.stage === 'yielding' && t.s.openYields === 0) transfer.stage = 'flushing'
  if (transfer.stage !== 'flushing' || role.progress.get(transfer.to)?.match !== t.s.lastIndex) return
  transfer.stage = 'standing'
  const { s } = t
  const incarnation = s.links.get(transfer.to)?.incarnation
  const reachable = incarnation !== undefined
  // Of two the vote is a promise with a time of its own: there it has to be asked for.
  const votes = reachable && s.commitIndex >= s.lastIndex && otherOf(s) === null && !isStalled(t)
  const vote = votes && isReserved(s, { term: s.hard.term + 1, votedFor: transfer.to })
  send(t, transfer.to, { t: 'stand', ...(transfer.stay && { stay: true }), ...(vote && { vote: true }) })
  if (!reachable) return
  t.out.push({ kind: 'next', leader: { memberId: transfer.to, incarnation, term: s.hard.term + 1 } })
  if (!votes) return
  s.handing = transfer.to
  voteAhead(t, transfer.to, vote)
  setTimer(t, 'transfer', s.config.timing.transferMs)
}

/** This peer gave its vote to a successor; now it is known who leads, or that nobody does after a long wait. */
export function handingEnds(t: Turn, leader: MemberId | null): void {
  const { s } = t
  const { handing } = s
  if (handing === null) return
  s.handing = null
  setTimer(t, 'transfer', null)
  const ok = leader === handing
  handOverEnded(s, ok)
  const text = ok ? 'handed over' : `${nameOf(s, handing)} did not take over in time.`
  t.out.push({ kind: 'transferred', ok, text })
}

/**
 * The hand-over took too long. Before `stand` was sent the reign simply goes on; afterwards the successor may
 * stand at any moment, so this leader wins a new term first and never serves on the old lease.
 */
export function onTransferTimer(t: Turn, role: LeaderRole): void {
  if (!role.transfer) return
  const { stage, to } = role.transfer
  if (stepDownStalled(t, to)) return armElection(t)
  // Of two the successor cannot be elected without this leader's vote: nothing was given away yet.
  if (stage === 'standing' && otherOf(t.s) !== to) {
    becomeFollower(t, t.s.hard.term, null, `${nameOf(t.s, to)} did not take over in time`)
    return standForElection(t, true)
  }
  role.transfer = null
  handOverEnded(t.s, false)
  t.out.push({ kind: 'transferred', ok: false, text: `${nameOf(t.s, to)} was not ready in time.` })
}
