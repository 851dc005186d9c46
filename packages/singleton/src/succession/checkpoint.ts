import type { Entry, SnapshotId } from '@tanist/core'
import { RUNS_MAX, termRuns } from './branches.js'
import type { TermRun } from './branches.js'
import { compact } from './compact.js'
import { armElection, becomeFollower } from './election.js'
import { encodeRecord, EntryKind, stateDigestOf } from './entries.js'
import { propose } from './log.js'
import type { LeaderRole, Succession, Turn } from './state.js'
import { note, setTimer, termAt, voters } from './state.js'
import type { SnapshotMeta } from './types.js'

/** What an entry costs besides its payload, roughly. */
const ENTRY_BYTES = 16

/** Own digests, and journalled ones, that wait for the other. */
const DIGESTS_MAX = 8

/** The leader asks for a snapshot of everybody, by an entry of the journal, when enough has been committed since. */
export function considerCheckpoint(t: Turn, role: LeaderRole): void {
  const { s } = t
  const { snap } = s
  const { snapshots } = s.config
  const due =
    (snap.wanted && snap.entries > 0) ||
    (snap.rotten > 0 && snap.rotten === snapshots?.whole.at(-1)?.index) ||
    snap.entries >= snap.limits.entries ||
    snap.bytes > Math.max(snap.limits.bytes, snapshots?.whole.at(-1)?.bytes ?? 0)
  if (!due || !snapshots || snap.capturing !== null || role.transfer) return
  const { index, term } = snap.proposed
  const underWay = term === s.hard.term && index > s.commitIndex
  if (underWay || s.commitIndex < role.startIndex) return
  snap.wanted = false
  snap.proposed = {
    index: propose(t, EntryKind.checkpoint, new Uint8Array()).index,
    term: s.hard.term,
  }
}

/** Counts what is committed. True when a snapshot shall be taken right after this entry. */
export function countCommitted(t: Turn, entry: Entry): boolean {
  const { snap, config } = t.s
  const size = entry.payload.length + ENTRY_BYTES
  snap.entries += 1
  snap.bytes += size
  snap.total += size
  const grain = Math.min(128 * 1024, snap.limits.keepBytes / 4)
  if (snap.total - (snap.marks.at(-1)?.total ?? 0) >= grain)
    snap.marks.push({ index: entry.index, total: snap.total })
  if (entry.kind === EntryKind.digest) journalledDigest(t, entry)
  if (entry.kind !== EntryKind.checkpoint) return false
  snap.entries = 0
  snap.bytes = 0
  return config.snapshots !== undefined && snap.capturing === null && snap.diverged === null
}

/** Asks for the snapshot that ends with the entry that was just handed out. */
export function capture(t: Turn, { index, term }: Entry): void {
  const { s } = t
  const meta = metaAt(s, index, term)
  if (meta === null) return
  s.snap.capturing = index
  s.snap.terms = meta.terms ?? []
  s.snap.termsTo = index
  t.out.push({ kind: 'capture', meta })
}

function metaAt(s: Succession, index: number, term: number): SnapshotMeta | null {
  const voterSet = s.voterSets.findLast((set) => set.index <= index)
  if (!voterSet || !s.founding) return null
  return {
    index,
    term,
    founding: s.founding,
    terms: runsUpTo(s, index),
    branchId: s.forks.findLast((fork) => fork.index <= index)?.record.branchId ?? s.founding.branchId,
    forks: s.forks.filter((fork) => fork.index <= index),
    voterSet,
    view: [...s.view.values()].toSorted((a, b) => a.seniority - b.seniority),
    names: [...s.names].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    // In the order of the journal: of too many, the first is forgotten.
    evicted: [...s.evicted],
  }
}

/** The terms of the journal up to `to`, also of what was compacted away. */
export function runsUpTo(s: Succession, to: number): readonly TermRun[] {
  const { terms, termsTo } = s.snap
  if (to <= termsTo) return terms.filter(([from]) => from <= to)
  const fresh = termRuns(termsTo + 1, to, (index) => termAt(s, index))
  const goesOn = terms.at(-1)?.[1] === fresh[0]?.[1]
  return [...terms, ...(goesOn ? fresh.slice(1) : fresh)].slice(-RUNS_MAX)
}

/** The own snapshot is whole: the leader journals its hash, and what it covers can go. */
export function onSnapshotted(t: Turn, id: SnapshotId, digest: string | null): void {
  const { s } = t
  const { snap, role } = s
  if (snap.capturing !== id.index) return
  snap.capturing = null
  if (digest !== null) remember(snap.own, id.index, digest)
  compareDigests(s, id.index)
  considerDivergence(t)
  if (snap.diverged !== null) return
  if (
    digest !== null &&
    !snap.journalled.has(id.index) &&
    id.index > snap.comparedTo &&
    role.kind === 'leader' &&
    s.commitIndex >= role.startIndex &&
    !role.transfer
  )
    propose(t, EntryKind.digest, encodeRecord({ index: id.index, digest }))
  // Voter sets before the last one that the snapshot holds are history.
  const last = s.voterSets.findLastIndex((set) => set.index <= id.index)
  if (last > 0) s.voterSets = s.voterSets.slice(last)
  compact(t)
}

/** The journal grows until the next one succeeds. */
export function onUncaptured(t: Turn, index: number, why: string): void {
  const { snap } = t.s
  if (snap.capturing !== index) return
  snap.capturing = null
  note(t, 'snapshot-failed', `There is no snapshot of entry ${index}: ${why}. The journal is kept instead.`, {
    index,
  })
}

function remember(digests: Map<number, string>, index: number, digest: string): void {
  digests.set(index, digest)
  for (const known of digests.keys()) {
    if (digests.size <= DIGESTS_MAX) return
    digests.delete(known)
  }
}

/** Two leaders may both have journalled one: the first counts. */
function journalledDigest(t: Turn, entry: Entry): void {
  const { index, digest } = stateDigestOf(entry)
  const { snap } = t.s
  if (index <= snap.comparedTo || snap.journalled.has(index)) return
  remember(snap.journalled, index, digest)
  compareDigests(t.s, index)
}

function compareDigests(s: Succession, index: number): void {
  const { snap } = s
  const own = snap.own.get(index)
  const journalled = snap.journalled.get(index)
  if (index <= snap.comparedTo || own === undefined || journalled === undefined) return
  forgetDigests(s, index)
  if (own !== journalled && shapeIn(own) === shapeIn(journalled)) snap.differs = { index, own, journalled }
}

/** Builds that make states by other versions of the roles have other states, and none is wrong. */
function shapeIn(digest: string): string {
  const at = digest.indexOf('@')
  return at < 0 ? '' : digest.slice(at)
}

/** Up to `index` nothing is compared any more. */
export function forgetDigests({ snap }: Succession, index: number): void {
  snap.comparedTo = Math.max(snap.comparedTo, index)
  for (const digests of [snap.own, snap.journalled]) {
    for (const known of digests.keys()) if (known <= snap.comparedTo) digests.delete(known)
  }
}

/**
 * The own journal is right and what the roles made of it is wrong: nobody is served from it, and it never stands.
 * Whoever is alone has nobody to fetch another state from; that is said, and it goes on.
 */
export function considerDivergence(t: Turn): void {
  const { s } = t
  if (s.snap.differs === null) return
  const { index, own, journalled } = s.snap.differs
  s.snap.differs = null
  const alone = voters(s).every((id) => id === s.self.memberId)
  const text =
    `The state of the roles after entry ${index} has the hash ${own}, and the journal says ${journalled}: ` +
    (shapeIn(own) === ''
      ? 'a role is not a function of its events alone. '
      : 'a role is not a function of its events alone, or its upcastState gives something else than the events of before would give today. ') +
    (alone
      ? 'No other voter holds another state, so this peer goes on with its own.'
      : 'This peer serves nothing of it until it has fetched a snapshot of the state again.')
  if (alone) return note(t, 'state-diverged', text, { index, own, journalled })
  if (s.snap.diverged !== null) return
  if (s.role.kind === 'leader')
    becomeFollower(t, s.hard.term, null, 'its state differs from the journalled one')
  s.snap.diverged = { index }
  s.snap.capturing = null
  t.out.push({ kind: 'diverged', index, text })
  armElection(t)
}

/** A long replay goes on after others had their turn. */
export function moreToCommit(t: Turn, to: number): void {
  t.s.commitTo = Math.max(t.s.commitTo, to)
  setTimer(t, 'replay', 0)
}
