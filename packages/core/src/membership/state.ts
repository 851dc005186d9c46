import type { Address, Now, Random } from '../host/index.js'
import { createHealth, type Health } from './health.js'
import { largeDefaults, limits } from './limits.js'
import { createMoved, type Moved } from './moved.js'
import type { Gap } from './records-repair.js'
import { createRecords, type Records } from './records-store.js'
import { createRoutes, type Routes } from './routes.js'
import { newRtt, type BeatTime, type Rtt } from './rtt.js'
import { createSuspicion, type Suspicion } from './doubts.js'
import { createTopology, type Topology } from './topology.js'
import { indexOf, type ViewIndex } from './view-index.js'
import type {
  Hello,
  LargeTimings,
  MemberId,
  MembershipConfig,
  MembershipEffect,
  MembershipEvent,
  ViewMember,
  ViewPosition,
} from './types.js'

/** State of the machine: plain data, owned and changed by `stepMembership` alone. */
export interface Membership {
  readonly config: MembershipConfig
  self: Hello
  phase: 'idle' | 'running' | 'stopped'
  nextLink: number
  readonly links: Map<number, LinkRow>
  /** Links that are open and not usable yet. */
  readonly greeting: Set<LinkRow>
  readonly peers: Map<MemberId, Peer>
  /** The same by the address that each is known under. */
  readonly peersAt: Map<Address, Peer[]>
  readonly targets: Map<Address, Target>
  view: readonly ViewMember[]
  /** The same, quick to ask. */
  index: ViewIndex
  /** Where the view stands in the journal. */
  viewAt: ViewPosition
  readonly large: LargeTimings
  readonly records: Records
  readonly topology: Topology
  readonly suspicion: Suspicion
  readonly health: Health
  readonly routes: Routes
  readonly moved: Moved
  beatDueMs: number
  /** Silence is counted from here at the earliest: when this peer itself was late, the past proves nothing. */
  floorMs: number
  /** The last beat came late and accused nobody. */
  judgementSkipped: boolean
  /** Something may be due to be dialled that was not before. */
  dialsTouched: boolean
  /** When the timer `wake` will fire; null when it is not set. */
  wakeMs: number | null
  /** The last beats that were sent. */
  readonly sentBeats: BeatTime[]
}

/**
 * dialling -> greeting (authenticated, hello sent) -> usable (hello received and accepted).
 * held: greeting, but its hello waits until it is known which of two incarnations is alive, or whether it has moved.
 */
export interface LinkRow {
  readonly id: number
  readonly out: boolean
  readonly remote: Address
  /** When it was asked for. */
  readonly bornMs: number
  stage: 'dialling' | 'greeting' | 'held' | 'usable'
  /** When this stage began. */
  sinceMs: number
  heardMs: number
  hello: Hello | null
  /** After how long its next beat is promised; null: at the usual interval. */
  everyMs: number | null
  /** The other side wants this link for itself. */
  wanted: boolean
  /** Since when neither side wants it. */
  spareMs: number | null
  /** In a large cluster: when the next beat goes out on it. */
  nextBeatMs: number
  /** The same: its beats have their place among those of the other links. */
  inTurn: boolean
  /** The last numbered beat on this link. */
  heardBeat?: { readonly seq: number; readonly atMs: number }
  /** How what the two sides know differed at the last beat. */
  gap?: Gap
}

/** What is known of one `memberId`: its newest incarnation, its links and what was observed. */
export interface Peer {
  readonly memberId: MemberId
  incarnation: number
  /** Changed by `movePeer` alone. */
  readonly address: Address
  /** When the first hello of this incarnation came; null before. */
  bornMs: number | null
  heardMs: number
  /** The link to use; null when there is none. */
  link: number | null
  /** All links by which it can be reached now. */
  readonly usable: LinkRow[]
  /** In a silence spell: reported, and dialled for a second opinion. */
  silent: boolean
  /** It was not heard for too long, and this was told. */
  doubted: boolean
  /** Class B was reported since it was last heard. */
  broken: boolean
  /** When the other side closed the last usable link. */
  closedMs: number | null
  /** When a dial to its address, begun after this incarnation's hello, was refused. */
  refusedMs: number | null
  /** Dials reset since `closedMs`. */
  resets: number
  /** The incarnation that said `bye`, is proven dead, was last named in evidence A; -1: none. */
  bye: number
  dead: number
  accused: number
  /** The incarnation before this one, when its end is not proven yet, and where it answered. */
  former: { readonly incarnation: number; readonly address: Address } | null
  hears: readonly MemberId[]
  hearsMs: number
  row: ViewMember | null
  rowSinceMs: number
  /** `gone` was emitted for this row. */
  gone: boolean
  rtt: Rtt
}

/** An address that is dialled until it belongs to a linked peer. */
export interface Target {
  readonly address: Address
  seed: boolean
  view: boolean
  hint: boolean
  /** Discovery named it: dialled once. */
  found: boolean
  /** Our own, under another name. */
  self: boolean
  /** Who answered here, or who should by the view. */
  memberId: MemberId | null
  /** The dial in flight, until its hello. */
  link: number | null
  failures: number
  nextMs: number
  /** Dial although its peer is linked. */
  forced: boolean
  /** Refused by one of the sides: not even `forced` dials before `nextMs`. */
  barred: boolean
}

/** One call of the machine: what every rule works on. */
export interface Step {
  readonly state: Membership
  readonly now: number
  readonly random: Random
  readonly effects: MembershipEffect[]
}

const noMembers: readonly ViewMember[] = []

export function createMembership(config: MembershipConfig, now: Now): Membership {
  return {
    config,
    self: config.self,
    phase: 'idle',
    nextLink: 1,
    links: new Map(),
    greeting: new Set(),
    peers: new Map(),
    peersAt: new Map(),
    targets: new Map(),
    view: noMembers,
    index: indexOf(noMembers),
    viewAt: [0, 0],
    large: config.large ?? largeDefaults,
    records: createRecords(),
    topology: createTopology(),
    suspicion: createSuspicion(),
    health: createHealth(),
    routes: createRoutes(),
    moved: createMoved(),
    beatDueMs: now.monotonicMs,
    floorMs: now.monotonicMs,
    judgementSkipped: false,
    dialsTouched: false,
    wakeMs: null,
    sentBeats: [],
  }
}

/** A link that begins. */
export function newLink(s: Step, id: number, out: boolean, remote: Address): LinkRow {
  return {
    id,
    out,
    remote,
    bornMs: s.now,
    stage: out ? 'dialling' : 'greeting',
    sinceMs: s.now,
    heardMs: Number.NEGATIVE_INFINITY,
    hello: null,
    everyMs: null,
    wanted: true,
    spareMs: null,
    nextBeatMs: s.now,
    inTurn: false,
  }
}

export function emit(s: Step, event: MembershipEvent): void {
  s.effects.push({ kind: 'event', event })
}

/** Silence after which a link is suspected on which beats come as in a full mesh. */
export function silenceLimitMs(state: Membership): number {
  return Math.max(4 * state.config.beatMs, state.config.silenceMs)
}

/** The same for this link: by the interval that the other side promised. */
export function silenceLimitOf(state: Membership, row: LinkRow | undefined): number {
  const everyMs = row?.everyMs ?? null
  return everyMs === null ? silenceLimitMs(state) : Math.max(4 * everyMs, state.large.silenceMs)
}

/** How long nothing was heard, as far as this peer was awake to hear it. */
export function quietMs(s: Step, heardMs: number): number {
  return s.now - Math.max(heardMs, s.state.floorMs)
}

export function usableLinks(state: Membership, memberId: MemberId): LinkRow[] {
  return [...(state.peers.get(memberId)?.usable ?? [])]
}

export function linkOf(state: Membership, peer: Peer): LinkRow | undefined {
  return peer.link === null ? undefined : state.links.get(peer.link)
}

/** The link that is used for a member, when there is one and it is heard. */
export function linkTo(state: Membership, memberId: MemberId): LinkRow | undefined {
  const peer = state.peers.get(memberId)
  return peer && !peer.silent ? linkOf(state, peer) : undefined
}

export function peersAt(state: Membership, address: Address): readonly Peer[] {
  return state.peersAt.get(address) ?? []
}

/** The link is no more; its peer is settled by the caller. */
export function forgetLink(state: Membership, row: LinkRow): void {
  state.links.delete(row.id)
  state.greeting.delete(row)
  const usable = row.hello && state.peers.get(row.hello.memberId)?.usable
  const at = usable ? usable.indexOf(row) : -1
  if (at >= 0) usable?.splice(at, 1)
}

/** How many links this peer may have: a mesh, or all members at a hub, and room for duplicates and joiners. */
export function linkLimit(state: Membership): number {
  return Math.max(limits.links, state.view.length + limits.spareLinks)
}

/** The record of a member, created when missing. */
export function ensurePeer(s: Step, memberId: MemberId, incarnation: number, address: Address): Peer {
  const { state } = s
  const known = state.peers.get(memberId)
  if (known) return known
  forgetPeers(state)
  const row = memberId === state.self.memberId ? undefined : state.index.byId.get(memberId)
  const peer: Peer = {
    memberId,
    incarnation: row?.incarnation ?? incarnation,
    address: row?.address ?? address,
    bornMs: null,
    heardMs: Number.NEGATIVE_INFINITY,
    link: null,
    usable: [],
    silent: false,
    doubted: false,
    broken: false,
    closedMs: null,
    refusedMs: null,
    resets: 0,
    bye: -1,
    dead: -1,
    accused: -1,
    former: null,
    hears: [],
    hearsMs: Number.NEGATIVE_INFINITY,
    row: row ?? null,
    rowSinceMs: Number.NEGATIVE_INFINITY,
    gone: false,
    rtt: newRtt(),
  }
  state.peers.set(memberId, peer)
  putAt(state, peer)
  return peer
}

/** It is known under another address from now on. */
export function movePeer(state: Membership, peer: Peer, address: Address): void {
  if (peer.address === address) return
  takeFrom(state, peer)
  Object.assign(peer, { address })
  putAt(state, peer)
}

export function forgetPeer(state: Membership, peer: Peer): void {
  state.peers.delete(peer.memberId)
  takeFrom(state, peer)
}

function putAt(state: Membership, peer: Peer): void {
  const there = state.peersAt.get(peer.address)
  if (there) there.push(peer)
  else state.peersAt.set(peer.address, [peer])
}

function takeFrom(state: Membership, peer: Peer): void {
  const rest = peersAt(state, peer.address).filter((p) => p !== peer)
  if (rest.length > 0) state.peersAt.set(peer.address, rest)
  else state.peersAt.delete(peer.address)
}

function forgetPeers(state: Membership): void {
  if (state.peers.size < Math.max(limits.peers, state.view.length + limits.spareLinks)) return
  const idle = [...state.peers.values()].filter((p) => p.row === null && p.link === null)
  const oldest = idle.reduce<Peer | null>((a, p) => (a && a.heardMs <= p.heardMs ? a : p), null)
  if (oldest) forgetPeer(state, oldest)
}
