import type { Hello, Manifest, MemberId } from '@tanist/core'
import type { Succession, Turn } from './state.js'
import { isVoter, note } from './state.js'

/** What an application's own ranking looks at: voters in sight that may serve, this peer among them. */
export interface RankedMember {
  readonly id: MemberId
  readonly name: string
  readonly address: string
  /** Journal position of its admission: smaller is older. */
  readonly seniority: number
  /** As it announced; 1 when it announced none. */
  readonly weight: number
  /** Median of the round trips that others measured to it, in milliseconds; null: not measured yet. */
  readonly latencyMs: number | null
  /** What it announced about itself; null when it announced nothing. */
  readonly manifest: Manifest
}

/**
 * Returns the ids of all members that it was given, first the one that shall serve. Pure, and quick: it runs 20 times
 * a second at the leader. When it throws or leaves somebody out, seniority ranks, and the log says so.
 *
 * @example
 * const peer = await join({
 *   app: 'shop',
 *   secret,
 *   roles: [stock],
 *   manifest: { cores: 16 },
 *   ranking: (members) => {
 *     const cores = (manifest: unknown) => (manifest as { cores: number } | null)?.cores ?? 0
 *     return members.toSorted((a, b) => cores(b.manifest) - cores(a.manifest)).map(({ id }) => id)
 *   },
 * })
 */
export type RankFunction = (members: readonly RankedMember[]) => readonly MemberId[]

/** Who comes first in the line of succession, and home to whom the role goes. Never who may vote or win a vote. */
export type Ranking = 'seniority' | 'latency' | 'weight' | RankFunction

/** A hand-over for a better link must gain this much, over the whole time that it watches. */
const LATENCY_GAIN_MS = 1
const LATENCY_GAIN_SHARE = 0.25

/** Voters in the order of an application's own function; empty with any other ranking. */
export interface Ranks {
  order: readonly MemberId[]
  /** Said once. */
  failed: boolean
}

/** It keeps copies and votes, and is never the server. */
export function neverServes(s: Succession, id: MemberId): boolean {
  return helloOf(s, id)?.serve === 'never'
}

function helloOf(s: Succession, id: MemberId): Hello | undefined {
  return id === s.self.memberId ? s.self : s.links.get(id)
}

const ageOf = (s: Succession, id: MemberId): number => s.view.get(id)?.seniority ?? Infinity

/** Asks the application, once a beat: the order holds until the next. */
export function rankAnew(t: Turn): void {
  const { s } = t
  const { ranking } = s.config
  if (typeof ranking !== 'function') return
  const members = rankedMembers(s)
  try {
    s.ranks.order = checkOrder(members, ranking(Object.freeze(members)))
    s.ranks.failed = false
  } catch (error) {
    s.ranks.order = []
    if (s.ranks.failed) return
    s.ranks.failed = true
    const text = error instanceof Error ? error.message : String(error)
    note(t, 'ranking-failed', `The ranking of the application failed, so seniority ranks: ${text}`)
  }
}

export function rankedMembers(s: Succession): RankedMember[] {
  const found: RankedMember[] = []
  for (const [id, row] of s.view) {
    const hello = helloOf(s, id)
    if (!hello || hello.serve === 'never' || !isVoter(s, id)) continue
    const { weight = 1, manifest = null } = hello
    const { name, address, seniority } = row
    found.push({ id, name, address, seniority, weight, latencyMs: s.latency.get(id) ?? null, manifest })
  }
  return found.toSorted((a, b) => a.seniority - b.seniority)
}

function checkOrder(members: readonly RankedMember[], order: unknown): readonly MemberId[] {
  if (!Array.isArray(order)) throw new TypeError('it returned no list of member ids.')
  const ids: readonly unknown[] = order
  const missing = members.find(({ id }) => !ids.includes(id))
  if (missing) throw new TypeError(`${missing.name} is missing in what it returned.`)
  const known = members.map(({ id }) => id)
  return known.toSorted((a, b) => ids.indexOf(a) - ids.indexOf(b))
}

/** For sorting: who comes first in the line of succession. Ties go to the older. */
export function compareRank(s: Succession, a: MemberId, b: MemberId): number {
  const { ranking } = s.config
  const older = ageOf(s, a) < ageOf(s, b) ? -1 : 1
  if (ranking === 'weight') return weightOf(s, b) - weightOf(s, a) || older
  if (ranking === 'latency') return ascending(latencyOf(s, a), latencyOf(s, b)) || older
  if (typeof ranking === 'function') return ascending(place(s, a), place(s, b)) || older
  return older
}

/** Infinity stands for what is not known. */
function ascending(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1
}

const weightOf = (s: Succession, id: MemberId): number => helloOf(s, id)?.weight ?? 1
const latencyOf = (s: Succession, id: MemberId): number => s.latency.get(id) ?? Infinity
const place = (s: Succession, id: MemberId): number => {
  const at = s.ranks.order.indexOf(id)
  return at < 0 ? Infinity : at
}

/** Whether the role should go from this peer to `id`: by latency only for a gain that is worth it. */
export function ranksBeforeSelf(s: Succession, id: MemberId): boolean {
  const self = s.self.memberId
  if (s.config.ranking !== 'latency') return compareRank(s, id, self) < 0
  const [own, other] = [latencyOf(s, self), latencyOf(s, id)]
  if (own === Infinity || other === Infinity) return false
  return other + Math.max(LATENCY_GAIN_MS, own * LATENCY_GAIN_SHARE) < own
}
