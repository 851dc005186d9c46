import type { MemberId } from '@tanist/core'
import type { Mode } from '../succession/index.js'
import {
  explainAlone,
  explainLost,
  isAdmitted,
  isVoter,
  lineOfSuccession,
  majority,
  minCopies,
  nameOf,
  voters,
} from '../succession/index.js'
import type { Succession } from '../succession/index.js'

/** One member as this peer sees it. */
export interface Member {
  readonly id: MemberId
  readonly name: string
  readonly address: string
  readonly incarnation: number
  /** Journal position of its admission: smaller is older. */
  readonly seniority: number
  readonly voter: boolean
  /** This peer has a working link to it (or it is this peer). */
  readonly reachable: boolean
}

export interface ServerInfo {
  readonly id: MemberId
  readonly name: string
  readonly address: string
  readonly incarnation: number
  readonly term: number
}

/** How a take-over looked from this peer: milliseconds from the old server's last word to the new one's first. */
export interface Takeover {
  readonly from: MemberId
  readonly to: MemberId
  readonly term: number
  readonly silenceMs: number
}

export interface PeerStatus {
  readonly self: {
    readonly id: MemberId
    readonly name: string
    readonly address: string
    readonly incarnation: number
  }
  readonly clusterId: string | null
  readonly mode: Mode
  readonly role: 'leader' | 'follower' | 'learner'
  readonly server: ServerInfo | null
  /** Line of succession, next server first. */
  readonly successors: readonly { readonly id: MemberId; readonly name: string }[]
  readonly term: number
  readonly commitIndex: number
  readonly lastIndex: number
  /** By seniority, the oldest first. */
  readonly members: readonly Member[]
  /** Of two voters: who decides which of them goes on alone; null without a witness. */
  readonly witness: { readonly id: MemberId; readonly name: string; readonly reachable: boolean } | null
  /** What this peer waits for, in a sentence; null while everything is well. */
  readonly waitingFor: string | null
  readonly lastTakeover: Takeover | null
}

function membersOf(s: Succession): Member[] {
  return [...s.view.values()]
    .toSorted((a, b) => a.seniority - b.seniority)
    .map(({ memberId, name, address, incarnation, seniority }) => ({
      id: memberId,
      name,
      address,
      incarnation,
      seniority,
      voter: isVoter(s, memberId),
      reachable: memberId === s.self.memberId || s.links.get(memberId)?.incarnation === incarnation,
    }))
}

function serverOf(s: Succession): ServerInfo | null {
  if (!s.leader) return null
  const { memberId, incarnation, term } = s.leader
  const row = memberId === s.self.memberId ? s.self : (s.links.get(memberId) ?? s.view.get(memberId))
  return { id: memberId, name: row?.name ?? memberId, address: row?.address ?? '', incarnation, term }
}

function witnessOf(s: Succession): PeerStatus['witness'] {
  const id = s.voterSets.at(-1)?.witness ?? [...s.witness.links.keys()][0]
  if (id === undefined) return null
  const hello = s.witness.links.get(id)
  return { id, name: hello?.name ?? id.slice(0, 8), reachable: hello !== undefined }
}

export function statusOf(
  s: Succession,
  now: { readonly monotonicMs: number; readonly wallMs: number },
  lastTakeover: Takeover | null,
): PeerStatus {
  const { memberId, name, address, incarnation } = s.self
  const turn = { s, now, random: { next: () => 0, id: () => '' }, out: [] }
  const line = s.role.kind === 'leader' ? lineOfSuccession(turn, s.role) : s.line
  return {
    self: { id: memberId, name, address, incarnation },
    clusterId: s.founding?.clusterId ?? null,
    mode: s.founding?.mode ?? s.config.mode,
    role: s.role.kind === 'leader' ? 'leader' : isVoter(s, memberId) ? 'follower' : 'learner',
    server: serverOf(s),
    successors: line
      .filter((id) => id !== s.leader?.memberId)
      .map((id) => ({ id, name: s.view.get(id)?.name ?? id })),
    term: s.hard.term,
    commitIndex: s.commitIndex,
    lastIndex: s.lastIndex,
    members: membersOf(s),
    witness: witnessOf(s),
    waitingFor: explainWait(s),
    lastTakeover,
  }
}

/** Exactly what is being waited for; null when somebody serves and this peer is admitted. */
export function explainWait(s: Succession): string | null {
  const name = (id: MemberId): string => nameOf(s, id)
  if (s.left) return 'This peer has left for good.'
  if (s.lastIndex === 0) return explainFounding(s)
  if (s.role.kind === 'leader') return explainReign(s, name)
  if (s.leader) {
    if (isAdmitted(s)) return null
    return `Waiting for ${name(s.leader.memberId)} to admit this peer.`
  }
  const alone = explainLost(s)
  if (alone !== null) return alone
  const missing = voters(s).filter((id) => id !== s.self.memberId && !s.links.has(id))
  const needed = majority(s)
  if (voters(s).length - missing.length < needed) {
    return `Nobody serves: ${needed} of ${voters(s).length} voters are needed; waiting for ${missing.map(name).join(' or ')}.`
  }
  return 'Nobody serves: the voters are electing the next server.'
}

function explainFounding(s: Succession): string {
  const others = [...s.links.values()]
  const cluster = others.find((hello) => hello.clusterId !== null)
  if (cluster) return `Waiting to be admitted to the cluster of ${cluster.name}.`
  const elder = others.map((hello) => hello.memberId).toSorted()[0]
  if (elder !== undefined && elder < s.self.memberId) {
    return `Waiting for ${s.links.get(elder)?.name ?? elder} to found the cluster.`
  }
  if (others.length + 1 < s.config.expect) {
    return `Waiting for ${s.config.expect} peers to be in sight; there are ${others.length + 1}.`
  }
  return 'Looking for a cluster before founding one.'
}

function explainReign(s: Succession, name: (id: MemberId) => string): string | null {
  if (s.role.kind !== 'leader' || s.role.serving) return null
  if (s.role.transfer) return `Handing over to ${name(s.role.transfer.to)}.`
  if (voters(s).length < minCopies(s)) {
    return `Leading, but not serving: ${minCopies(s)} copies are asked for (minCopies), and there is a place for ${voters(s).length}.`
  }
  const wait = explainAlone(s)
  if (wait !== null) return wait
  const silent = voters(s).filter((id) => id !== s.self.memberId && !s.links.has(id))
  if (silent.length > 0)
    return `Leading, but not serving until a majority of voters answers; no link to ${silent.map(name).join(', ')}.`
  return 'Leading, and about to serve: waiting for a majority of voters to answer.'
}
