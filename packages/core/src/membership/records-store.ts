import { hash32, mix32 } from '../ring/index.js'
import { limits } from './limits.js'
import { plainRecord } from './records-order.js'
import type { Membership, Step } from './state.js'
import type { About, Fate, Hub, MemberId, MemberRecord } from './types.js'

/** Rows are summed up by the hash of their member, so that a repair asks for the part that differs. */
export const BUCKETS = 32

/** What this peer itself saw of an incarnation that it does not hear. */
export interface Observed {
  readonly incarnation: number
  readonly fate: Fate
  /** It was said again, after the member had a newer row. */
  again: boolean
}

/** What all members know of each other beyond the view: the rows that say more than the view does. */
export interface Records {
  /**
   * Counted in the digests: those about members of the view that say something. The others, in `idle`, are kept for a
   * while as a guard against late rumours, or until the view has their member; digests know nothing of them.
   */
  readonly rows: Map<MemberId, MemberRecord>
  readonly idle: Map<MemberId, { readonly untilMs: number }>
  readonly digests: Uint32Array
  digest: number
  /** Rows that the next `spread` hands on, and by which link they came; null: they are this peer's own news. */
  readonly news: Map<MemberId, number | null>
  /** Rows that one link is told at the end of this step. */
  readonly answers: Map<number, Set<MemberId>>
  /** The own row: what this peer says of itself, and how often it did. */
  own: Pick<MemberRecord, 'seq' | 'about' | 'bad'>
  readonly observed: Map<MemberId, Observed>
  /** Members that this peer hears although they are said to be gone: when they were told last, and who says so. */
  readonly contested: Map<MemberId, { toldMs: number; readonly by: Set<number> }>
  /** What events have said of members of the view; absent: up, and nothing said. */
  readonly told: Map<MemberId, { readonly fate: Fate; readonly about: About | null }>
  /** Epidemic: how often each row is still to be sent. */
  readonly gossip: Map<MemberId, number>
  /** By the hub that spreads them: rows that this peer spreads when that hub is lost before the time that stands here. */
  readonly handedOn: Map<MemberId, Map<MemberId, number>>
  /** Among the news is an end, which waits for no batch. */
  urgent: boolean
  /** When the hub's collected news, or the next round of the epidemic, goes out; and when the timer fires. */
  batchMs: number | null
  roundMs: number | null
  timerMs: number | null
  /** The hubs that were last seen, and since when. */
  hubs: readonly Hub[]
  hubsMs: number
  /** The last repair that was asked for, the last view that was told. */
  askedMs: number
  viewToldMs: number
  /** The view came from another member while this was the branch; null: from the own journal. */
  viewFrom: { readonly branch: string | null } | null
}

export function createRecords(): Records {
  return {
    rows: new Map(),
    idle: new Map(),
    digests: new Uint32Array(BUCKETS),
    digest: 0,
    news: new Map(),
    answers: new Map(),
    own: { seq: 0, about: null },
    observed: new Map(),
    contested: new Map(),
    told: new Map(),
    gossip: new Map(),
    handedOn: new Map(),
    urgent: false,
    batchMs: null,
    roundMs: null,
    timerMs: null,
    hubs: [],
    hubsMs: Number.NEGATIVE_INFINITY,
    askedMs: Number.NEGATIVE_INFINITY,
    viewToldMs: Number.NEGATIVE_INFINITY,
    viewFrom: null,
  }
}

export function ownRecord(state: Membership): MemberRecord {
  const { memberId, incarnation } = state.self
  return { memberId, incarnation, fate: 'up', ...state.records.own }
}

/** The newest that is known of a member, by its row or by the view. */
export function recordOf(state: Membership, memberId: MemberId): MemberRecord | undefined {
  if (memberId === state.self.memberId) return ownRecord(state)
  const row = state.records.rows.get(memberId)
  const seen = state.index.byId.get(memberId)
  if (!seen || (row && row.incarnation >= seen.incarnation)) return row
  return plainRecord(memberId, seen.incarnation)
}

export function bucketOf(memberId: MemberId): number {
  return hash32(memberId) % BUCKETS
}

/** Rows that say more than the view does, of the buckets `of`. */
export function countedRows(records: Records, of: ReadonlySet<number>): MemberRecord[] {
  const found: MemberRecord[] = []
  for (const row of records.rows.values()) {
    if (!records.idle.has(row.memberId) && of.has(bucketOf(row.memberId))) found.push(row)
  }
  return found
}

export function put(s: Step, row: MemberRecord): void {
  const { records } = s.state
  const { memberId } = row
  discount(records, memberId)
  records.rows.set(memberId, row)
  records.urgent ||= row.fate === 'dead' || row.fate === 'left'
  if (counts(s.state, row)) return count(records, row, 1)
  records.idle.set(memberId, { untilMs: s.now + limits.idleRecordMs })
  if (records.idle.size > limits.idleRecords)
    for (const oldest of records.idle.keys()) return forget(records, oldest)
}

export function forget(records: Records, memberId: MemberId): void {
  discount(records, memberId)
  records.rows.delete(memberId)
}

/** The view changed: a row may count now, or no more, or be older than what the view says. */
export function recount(s: Step, row: MemberRecord): void {
  const { records, index } = s.state
  const seen = index.byId.get(row.memberId)
  if (seen && row.incarnation < seen.incarnation) return forget(records, row.memberId)
  if (counts(s.state, row) === records.idle.has(row.memberId)) put(s, row)
}

/** Guards whose time is over; the oldest come first. */
export function forgetIdle(s: Step): void {
  const { records } = s.state
  for (const [memberId, { untilMs }] of records.idle) {
    if (untilMs > s.now) return
    forget(records, memberId)
  }
}

/** Same rows, same digest, in whatever order they came. */
function hashOf(row: MemberRecord): number {
  return mix32(hash32(`${row.memberId} ${row.incarnation} ${row.seq} ${row.fate}`))
}

/** It says more than the view does. */
export function counts(state: Membership, row: MemberRecord): boolean {
  const seen = state.index.byId.get(row.memberId)
  if (!seen || row.incarnation < seen.incarnation) return false
  return row.fate !== 'up' || row.about !== null || (row.bad !== undefined && row.bad.length > 0)
}

function discount(records: Records, memberId: MemberId): void {
  const row = records.rows.get(memberId)
  if (row && !records.idle.delete(memberId)) count(records, row, -1)
}

function count(records: Records, row: MemberRecord, sign: 1 | -1): void {
  const hash = hashOf(row)
  const bucket = bucketOf(row.memberId)
  records.digests[bucket] = records.digests[bucket]! + sign * hash
  records.digest = (records.digest + sign * hash) >>> 0
}
