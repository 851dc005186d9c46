import type { Level, MemberId } from '@tanist/core'
import type { Mode } from '../succession/index.js'
import { branch, isForeign, isVoter, lineOfSuccession, neverServes } from '../succession/index.js'
import type { Succession } from '../succession/index.js'
import type { SetAsideStatus } from './aside.js'
import type { ClientsStatus } from './clients.js'
import type { DiscoveryReport } from './finding.js'
import type { LinkStatus } from './link-status.js'
import type { Member } from './members.js'
import type { RoleWork } from './side-effects.js'
import type { Waiting } from './waiting.js'
import type { SingletonStatus } from '../singleton/index.js'

export interface ServerInfo {
  readonly id: MemberId
  readonly name: string
  readonly address: string
  readonly incarnation: number
  readonly term: number
}

/** A further port of a peer. */
export interface LayerStatus {
  readonly name: string
  /** Where clients are sent. */
  readonly address: string
  readonly accepts: readonly Level[]
  /** By TLS with a certificate. */
  readonly secure: boolean
  /** Why it does not listen now; null while it does. */
  readonly problem: string | null
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
  /** Of this peer. While a new server is elected it may be past the term of `server`, which has its own. */
  readonly term: number
  readonly commitIndex: number
  readonly lastIndex: number
  /** The journal begins behind this entry: a snapshot holds what was before. 0 while nothing was dropped. */
  readonly snapshotIndex: number
  /** By seniority, the oldest first. */
  readonly members: readonly Member[]
  /** Of two voters: who decides which of them goes on alone; null without a witness. */
  readonly witness: { readonly id: MemberId; readonly name: string; readonly reachable: boolean } | null
  /** What this peer waits for, in a sentence; null while everything is well. */
  readonly waitingFor: string | null
  /** The same as data: the kind of wait, who could end it, since when. */
  readonly waiting: Waiting | null
  /** Round trips in milliseconds, by member: the median of what others measured. Not told as a change. */
  readonly roundTripsMs: Readonly<Record<MemberId, number>>
  readonly lastTakeover: Takeover | null
  /** The branch of this peer's journal; another one than at the founding after a forced continuation. */
  readonly branch: string | null
  /** Linked members of this cluster that are on another branch now. */
  readonly elsewhere: readonly { readonly id: MemberId; readonly name: string; readonly branch: string }[]
  /** Other clusters of this application that were met and serve as well; neither knows of the other's work. */
  readonly otherClusters: readonly { readonly clusterId: string; readonly address: string }[]
  /** Entries of branches that lost, which wait in this peer's data folder. */
  readonly setAside: readonly SetAsideStatus[]
  /** The plain actors that run on the server. */
  readonly singletons: readonly SingletonStatus[]
  /**
   * Roles with reactions or due commands, and what they have under way. Told as a change when something begins to
   * fail, is parked, retried or dropped; not when a count changes.
   */
  readonly roles: readonly RoleWork[]
  /** This peer's links to members, and links of others that are said to be bad. */
  readonly links: readonly LinkStatus[]
  /** The further ports of this peer; that of members is `self.address`. */
  readonly layers: readonly LayerStatus[]
  readonly clients: ClientsStatus
  /** On which networks it looks for others, and what is wrong with them; null without discovery. Not told as a change. */
  readonly discovery: DiscoveryReport | null
}

function serverOf(s: Succession): ServerInfo | null {
  if (!s.leader || neverServes(s, s.leader.memberId)) return null
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
  members: readonly Member[],
  now: { readonly monotonicMs: number; readonly wallMs: number },
  lastTakeover: Takeover | null,
  waiting: Waiting | null,
  setAside: readonly SetAsideStatus[],
  singletons: readonly SingletonStatus[],
  roles: readonly RoleWork[],
  links: readonly LinkStatus[],
  clients: ClientsStatus,
  discovery: DiscoveryReport | null,
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
    snapshotIndex: s.config.snapshots?.whole.at(-1)?.index ?? 0,
    members,
    witness: witnessOf(s),
    waitingFor: waiting?.text ?? null,
    waiting,
    roundTripsMs: Object.fromEntries(s.latency),
    lastTakeover,
    branch: branch(s),
    elsewhere: [...s.links.values()].flatMap((hello) =>
      isForeign(s, hello) && typeof hello.branch === 'string'
        ? [{ id: hello.memberId, name: hello.name, branch: hello.branch }]
        : [],
    ),
    otherClusters: [...s.meetings.clusters].map(([clusterId, at]) => ({ clusterId, address: at })),
    setAside,
    singletons,
    roles,
    links,
    layers: [],
    clients,
    discovery,
  }
}
