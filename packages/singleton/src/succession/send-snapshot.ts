import { invariant } from '@tanist/core'
import type { MemberId, SnapshotId } from '@tanist/core'
import { compact } from './compact.js'
import { armElection, becomeFollower } from './election.js'
import type { ReceivedMessage } from './messages.js'
import type { Sending } from './snapshot-state.js'
import type { LeaderRole, Progress, Turn } from './state.js'
import { isVoter, majority, nameOf, note, send } from './state.js'

/** The newest whole snapshot goes to this receiver; it is first asked how much of it it has. */
export function beginSending(t: Turn, to: MemberId, progress: Progress): void {
  const id = t.s.config.snapshots?.whole.at(-1)
  invariant(id, 'a journal without its beginning has a snapshot')
  progress.sending = {
    id,
    next: 0,
    acked: 0,
    probing: true,
    asked: false,
    sinceMs: t.now.monotonicMs,
  }
  note(
    t,
    'sending-snapshot',
    `${nameOf(t.s, to)} is sent the snapshot of entry ${id.index}, ${id.bytes} bytes.`,
    { to, index: id.index, bytes: id.bytes },
  )
}

/** What was on its way is lost, or may be: asks again. */
export function probeSending(t: Turn, sending: Sending): void {
  sending.probing = true
  sending.asked = false
  sending.sinceMs = t.now.monotonicMs
}

/** As many pieces as may be on their way. */
export function sendPieces(t: Turn, to: MemberId, progress: Progress, sending: Sending): void {
  const { s } = t
  const { snapshots } = s.config
  if (sending.id.index === s.snap.rotten) {
    // It waits for the next one.
    if (snapshots?.whole.at(-1)?.index === s.snap.rotten) return
    beginSending(t, to, progress)
    return progress.sending ? sendPieces(t, to, progress, progress.sending) : undefined
  }
  const { pieceBytes, piecesInFlight } = s.snap.limits
  const { id } = sending
  if (sending.probing) {
    if (sending.asked) return
    sending.asked = true
    return send(t, to, { t: 'snapshot', of: id, offset: sending.acked }, [])
  }
  while (sending.next < id.bytes && sending.next - sending.acked < pieceBytes * piecesInFlight) {
    const payload = snapshots?.read(id, sending.next, pieceBytes)
    if (!payload?.length) return giveUpSending(t, to, id)
    const piece = { index: id.index, term: id.term, kind: 0, payload }
    send(t, to, { t: 'snapshot', of: id, offset: sending.next }, [piece])
    sending.next += payload.length
  }
}

/** The file went bad after it was verified: the state is in memory still, so that a new snapshot heals it. */
function giveUpSending(t: Turn, to: MemberId, id: SnapshotId): void {
  t.s.snap.rotten = id.index
  note(
    t,
    'snapshot-rotten',
    `The snapshot of entry ${id.index} cannot be read any more and is not sent to ${nameOf(t.s, to)}: this peer takes a new one.`,
    { to, index: id.index },
  )
}

export function onReceived(t: Turn, from: MemberId, term: number, message: ReceivedMessage): void {
  const { s, now } = t
  if (term > s.hard.term) {
    becomeFollower(t, term, null, `${nameOf(s, from)} is in term ${term}`)
    return armElection(t)
  }
  const progress = s.role.kind === 'leader' && term === s.hard.term ? s.role.progress.get(from) : undefined
  const sending = progress?.sending
  if (!progress || !sending || !sameSnapshot(sending.id, message.of)) return
  if (message.match >= 0) return sent(t, from, progress, message.match)
  if (sending.probing) {
    sending.probing = false
    sending.next = message.offset
    sending.acked = message.offset
  } else if (message.offset <= sending.acked) return
  sending.acked = Math.max(sending.acked, message.offset)
  sending.next = Math.max(sending.next, sending.acked)
  sending.sinceMs = now.monotonicMs
}

/** It is in force there: on with the entries behind it. */
function sent(t: Turn, to: MemberId, progress: Progress, match: number): void {
  const { s } = t
  progress.sending = null
  if (match <= s.lastIndex && match > progress.match) {
    progress.match = match
    progress.next = Math.max(progress.next, match + 1)
    progress.stalledSinceMs = t.now.monotonicMs
  }
  note(t, 'snapshot-sent', `${nameOf(s, to)} has the snapshot and stands at entry ${match}.`, { to, match })
  compact(t)
}

/** A member's state has diverged. Most of them against this one: then it is this one that is probably wrong. */
export function onFetch(t: Turn, role: LeaderRole, to: MemberId, from: number, diverged: number): void {
  const { s } = t
  const { snap } = s
  const progress = role.progress.get(to)
  if (!progress) return
  if (diverged > snap.accused.index) snap.accused = { index: diverged, by: new Set() }
  if (diverged === snap.accused.index && isVoter(s, to) && !snap.accused.by.has(to)) {
    snap.accused.by.add(to)
    if (snap.accused.by.size === majority(s))
      note(
        t,
        'state-disputed',
        `A majority of the voters had another state after entry ${diverged} than this leader; all take over this one's. ` +
          'A role is not a function of its events alone.',
        { index: diverged, by: [...snap.accused.by] },
      )
  }
  if (progress.sending) return
  const newest = s.config.snapshots?.whole.at(-1)
  if (newest && newest.index >= from && newest.index !== snap.rotten) beginSending(t, to, progress)
  else snap.wanted = true
}

export function sameSnapshot(a: SnapshotId, b: SnapshotId): boolean {
  return a.index === b.index && a.term === b.term && a.bytes === b.bytes && a.checksum === b.checksum
}
