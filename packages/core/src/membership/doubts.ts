import { scaledMs } from './health.js'
import { quietMs, silenceLimitOf, type LinkRow, type Step } from './state.js'
import { isLarge } from './topology.js'
import type { EvidenceClass, LargeTimings, MemberId } from './types.js'

/** One member that says of another that it is not heard. */
export interface Accuser {
  readonly class: EvidenceClass
  /** When it said so last. */
  readonly saidMs: number
}

/** One member that is being doubted in a large cluster. */
export interface Doubt {
  readonly memberId: MemberId
  readonly incarnation: number
  readonly sinceMs: number
  /** This peer is among them when it observed it itself. */
  readonly by: Map<MemberId, Accuser>
  /** Of the record that the own accusation speaks against. */
  seq: number
}

/** A proof that waits for a second witness. */
export interface Proof {
  readonly memberId: MemberId
  readonly incarnation: number
  readonly text: string
  readonly sinceMs: number
  /** Who has been asked and has not answered. */
  readonly asked: Set<MemberId>
  /** Somebody hears it. */
  contradicted: boolean
  /** When to ask again, or to go without an answer. */
  dueMs: number
  tries: number
}

export interface Suspicion {
  readonly doubts: Map<MemberId, Doubt>
  /** The same by accuser. */
  readonly accusing: Map<MemberId, Set<MemberId>>
  /** Whom this peer watches, and since when: silence before proves nothing. */
  watching: Map<MemberId, number>
  /** Since when this peer is a hub; null while it is none. */
  hubMs: number | null
  /** Whose incarnation others have been told is suspected. */
  readonly noted: Map<MemberId, number>
  /** When this peer last looked for itself because others claimed an end. */
  readonly looked: Map<MemberId, number>
  /** The incarnation that was last proposed for removal. */
  readonly gone: Map<MemberId, number>
  readonly proofs: Map<MemberId, Proof>
  /** When own accusations are told again, and by which links they were told last. */
  tellMs: number
  toldTo: Set<number>
  /** Since when removals by silence are being collected; null: none. */
  batchMs: number | null
  /** Removals with proof: when the last went out, and those that wait for the next batch. */
  burstMs: number
  readonly burst: Map<MemberId, string>
  /** When to judge next, beside the beats. */
  dueMs: number | null
  cutOff: boolean
  /** When a dial was last answered by anybody in any way, and last found no way at all. */
  answeredMs: number
  unreachableMs: number
}

export function createSuspicion(): Suspicion {
  return {
    doubts: new Map(),
    accusing: new Map(),
    watching: new Map(),
    hubMs: null,
    noted: new Map(),
    looked: new Map(),
    gone: new Map(),
    proofs: new Map(),
    tellMs: Number.NEGATIVE_INFINITY,
    toldTo: new Set(),
    batchMs: null,
    burstMs: Number.NEGATIVE_INFINITY,
    burst: new Map(),
    dueMs: null,
    cutOff: false,
    answeredMs: Number.NEGATIVE_INFINITY,
    unreachableMs: Number.NEGATIVE_INFINITY,
  }
}

/**
 * Lifeguard's timer: the more have confirmed a suspicion independently, the sooner it is over. At least
 * `suspicionMult * beatMs * max(1, log10 n)`, at most six times that while nobody has.
 */
export function suspicionMs(timings: LargeTimings, size: number, confirmers: number): number {
  const wanted = timings.confirmations - 1
  const k = size - 2 < wanted ? 0 : wanted
  const min = timings.suspicionMult * timings.beatMs * Math.max(1, Math.log10(size))
  if (k <= 0) return min
  const max = 6 * min
  return Math.max(min, max - (Math.log(confirmers + 1) / Math.log(k + 1)) * (max - min))
}

/** How long a link may be quiet: four of the beats that its other side promised. */
export function limitMs(s: Step, link: LinkRow | undefined, beatMs: number = s.state.large.beatMs): number {
  const { state } = s
  if (!isLarge(state)) return silenceLimitOf(state, link)
  return scaledMs(state, Math.max(state.large.silenceMs, 4 * (link?.everyMs ?? beatMs)))
}

/** By its own link, within its limit. */
export function hearsDirectly(s: Step, memberId: MemberId): boolean {
  const peer = s.state.peers.get(memberId)
  const link = peer?.link == null ? undefined : s.state.links.get(peer.link)
  return peer !== undefined && link !== undefined && quietMs(s, peer.heardMs) <= limitMs(s, link)
}

export function addAccuser(s: Step, doubt: Doubt, by: MemberId, accuser: Accuser): void {
  doubt.by.set(by, accuser)
  const { accusing } = s.state.suspicion
  const subjects = accusing.get(by)
  if (subjects) subjects.add(doubt.memberId)
  else accusing.set(by, new Set([doubt.memberId]))
}

export function ensureDoubt(s: Step, memberId: MemberId, incarnation: number): Doubt {
  const { doubts } = s.state.suspicion
  const known = doubts.get(memberId)
  if (known?.incarnation === incarnation) return known
  if (known) endDoubt(s, known)
  const doubt: Doubt = { memberId, incarnation, sinceMs: s.now, by: new Map(), seq: 0 }
  doubts.set(memberId, doubt)
  return doubt
}

/** Nobody is left who says so: the doubt is over. */
export function removeAccuser(s: Step, doubt: Doubt, by: MemberId): void {
  const { accusing, doubts } = s.state.suspicion
  doubt.by.delete(by)
  const subjects = accusing.get(by)
  subjects?.delete(doubt.memberId)
  if (subjects?.size === 0) accusing.delete(by)
  if (doubt.by.size === 0) doubts.delete(doubt.memberId)
}

export function endDoubt(s: Step, doubt: Doubt): void {
  for (const by of doubt.by.keys()) removeAccuser(s, doubt, by)
  s.state.suspicion.doubts.delete(doubt.memberId)
}
