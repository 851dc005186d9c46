import type { Entry, MemberId, SnapshotId } from '@tanist/core'
import { forgetDigests } from './checkpoint.js'
import { compact } from './compact.js'
import { armElection } from './election.js'
import { followLeader } from './follow.js'
import { advanceCommit, handOutAgain, refuseOtherSettings, viewRows } from './log.js'
import type { SnapshotMessage } from './messages.js'
import { sameSnapshot } from './send-snapshot.js'
import type { Succession, Turn } from './state.js'
import { branch, note, send, termAt } from './state.js'
import type { SnapshotMeta, SuccessionInput } from './types.js'

/** A piece of a snapshot, from the leader of `term`: its word as much as a beat is. */
export function onSnapshot(
  t: Turn,
  from: { readonly memberId: MemberId; readonly incarnation: number },
  term: number,
  { of, offset }: SnapshotMessage,
  entries: readonly Entry[],
): void {
  const { s } = t
  if (term < s.hard.term) return send(t, from.memberId, { t: 'received', of, offset: 0, match: -1 })
  followLeader(t, from, term)
  const bytes = entries[0]?.payload
  if (s.config.snapshots && wantsSnapshot(s, of)) {
    take(t, of, offset, bytes)
    const received = s.snap.receiving?.received ?? 0
    send(t, from.memberId, { t: 'received', of, offset: received, match: -1 })
  } else {
    const match = Math.min(of.index, s.durableIndex)
    send(t, from.memberId, { t: 'received', of, offset: of.bytes, match })
  }
  armElection(t)
}

/** Only what brings this peer on, or a state in place of one that is wrong. */
export function wantsSnapshot(s: Succession, id: SnapshotId): boolean {
  if (s.role.kind === 'leader') return false
  if (id.index > s.commitIndex) return true
  return s.snap.diverged !== null && id.index >= fetchFrom(s)
}

/** A diverged state is replaced as of a position from which the own journal leads on, and the own snapshots with it. */
export function fetchFrom(s: Succession): number {
  const own = s.config.snapshots?.whole.at(-1)?.index ?? 0
  return Math.max(s.snap.diverged?.index ?? 0, s.config.log.firstIndex - 1, own)
}

function take(t: Turn, id: SnapshotId, offset: number, bytes: Uint8Array | undefined): void {
  const { snap } = t.s
  if (!snap.receiving || !sameSnapshot(snap.receiving.id, id)) {
    // A snapshot that is being installed is not thrown away for another.
    if (snap.receiving?.installing) return
    snap.receiving = { id, received: 0, installing: false }
    note(t, 'receiving-snapshot', `Fetching the snapshot of entry ${id.index}, ${id.bytes} bytes.`, {
      index: id.index,
      bytes: id.bytes,
    })
  }
  const { receiving } = snap
  if (bytes && offset === receiving.received && offset + bytes.length <= id.bytes) {
    receiving.received += bytes.length
    t.out.push({ kind: 'receive', id, offset, bytes })
  }
  if (receiving.received < id.bytes || receiving.installing) return
  receiving.installing = true
  t.out.push({ kind: 'install', id })
}

/** The roles hold the state of the snapshot now: the journal goes on behind it. */
export function onInstalled(t: Turn, input: Extract<SuccessionInput, { kind: 'installed' }>): void {
  const { s } = t
  const { id, meta, digest } = input
  s.snap.receiving = null
  s.snap.capturing = null
  const again = s.snap.diverged !== null
  s.snap.diverged = null
  // Whoever differs even from what it fetched fetches once more, and not for ever.
  forgetDigests(s, again ? meta.index : meta.index - 1)
  if (digest !== null) s.snap.own.set(meta.index, digest)
  note(t, 'snapshot-installed', `This peer holds the snapshot of entry ${id.index}.`, { index: id.index })
  s.snap.terms = meta.terms ?? [[meta.index, meta.term]]
  s.snap.termsTo = meta.index
  if (meta.index <= s.commitIndex) handOutAgain(t, meta.index + 1)
  else takeOver(t, meta)
  tellInForce(t, id)
  const reset = t.out.some(({ kind }) => kind === 'reset')
  compact(t, reset ? id.index + 1 : undefined)
}

function takeOver(t: Turn, meta: SnapshotMeta): void {
  const { s } = t
  const joined = s.founding === null
  const keeps = s.lastIndex >= meta.index && termAt(s, meta.index) === meta.term
  if (!keeps) {
    t.out.push({ kind: 'reset', index: meta.index, term: meta.term })
    s.tail = []
    s.pendingAppends = []
    s.lastIndex = meta.index
    s.lastTerm = meta.term
  }
  s.durableIndex = keeps ? Math.max(s.durableIndex, meta.index) : meta.index
  s.commitIndex = meta.index
  s.founding = meta.founding
  s.voterSets = [meta.voterSet, ...(keeps ? s.voterSets.filter((set) => set.index > meta.index) : [])]
  s.forks = [...(meta.forks ?? []), ...(keeps ? s.forks.filter((fork) => fork.index > meta.index) : [])]
  if (s.meetings.adopted === meta.branchId) s.meetings.adopted = null
  s.firstCommand ??= meta.index
  s.evicted.clear()
  for (const [id, row] of meta.evicted ?? []) s.evicted.set(id, row)
  s.view.clear()
  for (const row of meta.view) s.view.set(row.memberId, row)
  for (const [id, name] of meta.names) s.names.set(id, name)
  const { snap } = s
  snap.entries = 0
  snap.bytes = 0
  snap.marks = [{ index: meta.index, total: snap.total }]
  if (joined) {
    const { clusterId, mode } = meta.founding
    refuseOtherSettings(t, meta.founding)
    t.out.push({ kind: 'cluster', clusterId, mode })
  }
  t.out.push({ kind: 'view', members: viewRows(t), at: [meta.term, meta.index] })
  if (s.commitTo > s.commitIndex) advanceCommit(t, Math.min(s.commitTo, s.lastIndex))
}

/** The snapshot is durable, so all of it may be counted on here. */
function tellInForce(t: Turn, of: SnapshotId): void {
  const { s } = t
  if (!s.leader || s.role.kind !== 'follower' || branch(s) === null) return
  send(t, s.leader.memberId, {
    t: 'received',
    of,
    offset: of.bytes,
    match: Math.min(of.index, s.durableIndex),
  })
}

/** It has to be sent again, when it is wanted still. */
export function onUninstalled(t: Turn, id: SnapshotId, why: string): void {
  const { snap } = t.s
  if (!snap.receiving || !sameSnapshot(snap.receiving.id, id)) return
  snap.receiving = null
  note(t, 'snapshot-not-installed', `The snapshot of entry ${id.index} was not installed: ${why}.`, {
    index: id.index,
  })
}

/** With every beat: a peer whose state has diverged asks for another one. */
export function askForState(t: Turn, leader: MemberId): void {
  const { diverged, receiving } = t.s.snap
  if (!diverged || receiving?.installing) return
  send(t, leader, { t: 'fetch', from: fetchFrom(t.s), diverged: diverged.index })
}
