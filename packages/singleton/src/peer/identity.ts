import type { Address, MemberId, Random } from '@tanist/core'
import type { HardState } from '../succession/index.js'

/** What this peer lost and waits for; until it is admitted again. */
export interface Lost {
  /** Null when nobody can tell any more. */
  readonly clusterId: string | null
  /** What happened, without a full stop. */
  readonly text: string
}

/** Everything a peer must remember beside its journal, kept as one durable value. */
export interface Identity extends HardState {
  readonly memberId: MemberId
  readonly incarnation: number
  readonly app: string
  /** The cluster whose journal is in this folder, once its first entry is on the disk. */
  readonly clusterId?: string | null
  /** The journal was on the disk, and known committed, up to here at least: it never ends before. */
  readonly committed?: number
  /** Where the journal ended at the last orderly stop; forgotten at the next start. */
  readonly ends?: number
  readonly lost?: Lost | null
  /** Commands that were being decided when a server was lost: see `Deciding`. */
  readonly stood?: unknown
  /** An operator sent this member away: the sentence. */
  readonly evicted?: string
  /** From here on the journal belongs to a former identity of this folder, and was set aside: it is to be dropped. */
  readonly dropFrom?: number
  /** Whom it knew when it gave up a journal in order to join others. */
  readonly rejoins?: readonly Address[]
  /** It waits for those that it shall join, and founds no cluster of its own. */
  readonly waits?: boolean
  /** The branch whose entries were set aside. */
  readonly gaveUp?: string
}

/** The next identity of a folder whose last one has to drop entries from `dropFrom` on. */
export function reborn(
  last: Identity,
  random: Random,
  dropFrom: number,
  whither: Pick<Identity, 'rejoins' | 'waits' | 'gaveUp'>,
): Identity {
  const { app } = last
  return { memberId: random.id(), incarnation: 0, app, term: 0, votedFor: null, dropFrom, ...whither }
}

export function parseIdentity(value: unknown): Identity {
  if (typeof value !== 'object' || value === null) throw new TypeError('the identity is no object')
  const { memberId, incarnation, app, term, votedFor } = value as Record<string, unknown>
  const { clusterId = null, committed = 0, ends = 0, lost = null } = value as Record<string, unknown>
  const ok =
    typeof memberId === 'string' &&
    typeof app === 'string' &&
    Number.isSafeInteger(incarnation) &&
    Number.isSafeInteger(term) &&
    (votedFor === null || typeof votedFor === 'string') &&
    (clusterId === null || typeof clusterId === 'string') &&
    Number.isSafeInteger(committed) &&
    Number.isSafeInteger(ends) &&
    (lost === null || isLost(lost))
  if (!ok) throw new TypeError('the identity has fields of a wrong kind')
  return value as Identity
}

function isLost(value: unknown): value is Lost {
  if (typeof value !== 'object' || value === null) return false
  const { clusterId, text } = value as Record<string, unknown>
  return (clusterId === null || typeof clusterId === 'string') && typeof text === 'string'
}

export function newIdentity(app: string, random: Random): Identity {
  return { memberId: random.id(), incarnation: 1, app, term: 0, votedFor: null }
}

/** The identity of the next life: same member and vote, next incarnation. */
export function nextLife(last: Identity | undefined, app: string, random: Random): Identity {
  if (last === undefined) return newIdentity(app, random)
  const { evicted: _past, ends: _end, ...kept } = last
  return { ...kept, incarnation: last.incarnation + 1 }
}
