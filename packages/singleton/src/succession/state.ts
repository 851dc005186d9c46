import { invariant } from '@tanist/core'
import type { Address, Entry, Hello, MemberId, Now, Random, ViewMember } from '@tanist/core'
import { noMeetings } from './branches.js'
import type { Fork, Meetings } from './branches.js'
import { continuationOf, EntryKind, foundingOf, viewChangeOf, votersOf } from './entries.js'
import type { Founding } from './entries.js'
import { emptyPair, emptyWitness } from './pair-state.js'
import type { PairState, WitnessState } from './pair-state.js'
import { createSnapshotState } from './snapshot-state.js'
import type { Sending, SnapshotState } from './snapshot-state.js'
import type { Homeward } from './homeward.js'
import type { SetName, SuccessionMessage, VoteMessage } from './messages.js'
import type { Asked, Dismissal, Evicted } from './operate.js'
import type { Ranks } from './rank.js'
import type { DiskWatch } from './stall.js'
import type { HardState, Leader, LogView, SnapshotMeta, SuccessionConfig, SuccessionEffect } from './types.js'

/** What the leader knows of one receiver of the journal. */
export interface Progress {
  /** On its disk and equal to ours up to here. */
  match: number
  /** The next entry to send. */
  next: number
  /** Not known where the journals meet: one message at a time. */
  probing: boolean
  /** Last indices of messages on their way. */
  inFlight: number[]
  /** The sizes of these messages. */
  inFlightBytes: number[]
  /** A snapshot on its way: in place of entries when `next` is not in the journal any more. */
  sending: Sending | null
  /** Newest answered round, when it was answered (monotonic), and the vote promise that came with it. */
  ackedRound: number
  ackedAtMs: number
  ackedSent: readonly [monotonicMs: number, wallMs: number]
  promiseMs: number
  commitSent: number
  /** When entries were last sent without progress since (monotonic). */
  stalledSinceMs: number
  /** When any answer of this reign last came (monotonic), and the tag to echo to the follower of a pair. */
  heardMs: number
  echo: readonly [incarnation: number, monotonicMs: number, wallMs: number] | null
  /** It says that its disk does not answer. */
  diskStalled: boolean
}

export interface Transfer {
  readonly to: MemberId
  stage: 'preparing' | 'yielding' | 'flushing' | 'standing'
  /** The target's vote for itself is on its disk. */
  prepared: boolean
  /** An operator chose the target. */
  readonly stay: boolean
}

export interface LeaderRole {
  readonly kind: 'leader'
  /** Index of the first entry of its term: committed means that everything before it is, too. */
  readonly startIndex: number
  readonly progress: Map<MemberId, Progress>
  round: number
  serving: boolean
  /** Monotonic time of the last moment with a valid lease. */
  leaseSeenMs: number
  reads: { readonly id: number; readonly round: number; readonly index: number }[]
  transfer: Transfer | null
  /** Callers were sent here: until then what begins the reign waits for their first calls (monotonic). */
  gathersUntilMs: number
  /** A message with a new round goes to every voter (and learner) in the next flush. */
  beatDue: boolean
  /** Something that the leader tends (links, view, voters, proposals) may have changed. */
  tendDue: boolean
  leaseTimerSet: boolean
  learnerBeatDue: boolean
  /** Those who are told at intervals, when they were last told, and whether a beat for them is due. */
  crowd: ReadonlySet<MemberId>
  crowdAtMs: number
  crowdBeatDue: boolean
  beats: number
  /** Monotonic time at which the reign began: a vote of a pair counts as heard then. */
  readonly begunMs: number
  /** When the next beat is due; after a late one nobody is given up before this moment (both monotonic). */
  beatAtMs: number
  /** The follower of a pair has asked the witness: the set is to be renewed. */
  spent: boolean
  /** When this leader went on alone: who has answered nothing that was asked since is no voter again. */
  aloneAtMs: number
  patientUntilMs: number
  /** View changes that are proposed and not committed: member to index. */
  readonly pendingView: Map<MemberId, number>
  /** Members that an operator sends away. */
  readonly dismissals: Map<MemberId, Dismissal>
}

export type Role =
  | { readonly kind: 'follower' }
  | {
      readonly kind: 'candidate'
      readonly pre: boolean
      readonly transfer: boolean
      readonly term: number
      readonly granted: Set<MemberId>
    }
  | LeaderRole

export interface PendingAppend {
  readonly ticket: number
  readonly lastIndex: number
  readonly lastTerm: number
  /** Follower: the leader to answer once durable. */
  readonly answer: Answer | null
}

export interface Answer {
  readonly to: MemberId
  readonly term: number
  readonly round: number
  readonly sent: readonly [monotonicMs: number, wallMs: number]
  readonly promiseMs: number
}

export interface VoterSet {
  readonly index: number
  readonly term: number
  readonly voters: readonly MemberId[]
  readonly pair?: true
  readonly witness?: MemberId
}

/** The state of one group's succession on one peer; plain data, owned and changed by `stepSuccession` only. */
export interface Succession {
  readonly config: SuccessionConfig
  self: Hello
  founding: Founding | null
  hard: HardState
  persistTicket: number
  persistedTicket: number
  /** On the way to the disk, or there, instead of `hard`: a vote of the next term that has not been given yet. */
  reserved: (HardState & { durable: boolean }) | null
  /** When the last write of term and vote was asked for, and how long such writes take here lately. */
  persistSinceMs: number
  persistMs: number
  /** Messages that must not leave before term and vote are on disk. */
  afterPersist: { readonly ticket: number; readonly term: number; readonly effect: SuccessionEffect }[]
  appendTicket: number
  pendingAppends: PendingAppend[]
  lastIndex: number
  lastTerm: number
  durableIndex: number
  commitIndex: number
  /** Known to be committed and not handed out yet, when it is above `commitIndex`. */
  commitTo: number
  readonly snap: SnapshotState
  /** Entries of this step (or, at the leader, of this batch) that `log` may not show yet. */
  tail: Entry[]
  tailEmitted: boolean
  /** Every voter set in the journal, committed or not; the last one counts (Raft's rule). */
  voterSets: VoterSet[]
  /** Every forced continuation in the journal, committed or not; the last one is the branch in force. */
  forks: Fork[]
  /** Position of the first command in the journal: without one, nobody was ever told anything. */
  firstCommand: number | null
  /** What is known of other branches, and what is going on between them and this one. */
  readonly meetings: Meetings
  /** Committed. */
  readonly view: Map<MemberId, ViewMember>
  readonly links: Map<MemberId, Hello>
  /** Everyone who was ever admitted: for sentences about those who are gone. */
  readonly names: Map<MemberId, string>
  /** Names in the journal at the start, committed or not: a peer that starts says whom it waits for. */
  readonly written: ReadonlyMap<MemberId, string>
  /** Greatest incarnation that this peer itself saw die (class A). */
  readonly dead: Map<MemberId, number>
  /** Proposed removals that wait for a leader able to journal them. */
  readonly gone: Map<MemberId, { incarnation: number; leaving: boolean; why: string }>
  /** Peers that asked the leader to admit them, or to give up their seat. */
  readonly applicants: Set<MemberId>
  readonly leavers: Set<MemberId>
  leader: Leader | null
  /** The last one that was followed, also after it fell silent. */
  lastLeader: Leader | null
  line: readonly MemberId[]
  /** What this voter has promised: to vote for nobody but that leader until then (monotonic). */
  promise: { readonly to: Leader; readonly untilMs: number } | null
  /** Monotonic time of the leader's last word; the greatest gaps of the last minute, by ten-second slots. */
  heardAtMs: number
  gaps: { slot: number; worstMs: number }[]
  /** A restarted voter grants nothing before this time (rule 8). */
  mutedUntilMs: number
  held: { readonly from: MemberId; readonly term: number; readonly message: VoteMessage }[]
  electionAtMs: number | null
  startedAtMs: number
  role: Role
  /** Effects `yield` whose handlers have not ended, of this reign and of former ones. */
  openYields: number
  /** The successor that this peer gave its vote to when it handed over, until it is known who leads. */
  handing: MemberId | null
  /** Having agreed that another stands, this peer does not stand itself before this time (monotonic). */
  deferUntilMs: number
  refused: boolean
  /** When its timer that asks for admission shall fire. */
  admitDueMs: number
  /** Who was dialled because of a hint, and when, while this peer has no cluster. */
  readonly sought: Map<MemberId, number>
  readonly pair: PairState
  readonly witness: WitnessState
  leaving: boolean
  left: boolean
  /** What operators asked at this peer. */
  readonly asked: Map<number, Asked>
  /** Committed. */
  readonly evicted: Map<MemberId, Evicted>
  /** Median round trips to members, in milliseconds. */
  latency: ReadonlyMap<MemberId, number>
  readonly ranks: Ranks
  readonly homeward: Homeward
  readonly disk: DiskWatch
}

/** One step in the making. */
export interface Turn {
  readonly s: Succession
  readonly now: Now
  readonly random: Random
  readonly out: SuccessionEffect[]
}

export function createSuccession(config: SuccessionConfig, now: Now): Succession {
  const { log, hard, base = null } = config
  const lastTerm = log.termAt(log.lastIndex)
  const written = new Map<MemberId, string>()
  return {
    config,
    self: config.self,
    founding: base?.founding ?? (log.lastIndex === 0 ? null : foundingOf(firstEntry(config))),
    // A torn register may be behind the journal; the journal's last term is a lower bound (bug case 3).
    hard: hard.term >= lastTerm ? hard : { term: lastTerm, votedFor: null },
    persistTicket: 0,
    persistedTicket: 0,
    reserved: null,
    persistSinceMs: 0,
    persistMs: 0,
    afterPersist: [],
    appendTicket: 0,
    pendingAppends: [],
    lastIndex: log.lastIndex,
    lastTerm,
    durableIndex: log.lastIndex,
    commitIndex: base?.index ?? 0,
    commitTo: 0,
    snap: createSnapshotState(config),
    tail: [],
    tailEmitted: false,
    voterSets: scanVoterSets(config.log, base, written),
    forks: scanForks(config.log, base),
    firstCommand: base ? base.index : findCommand(config.log),
    meetings: noMeetings(now),
    view: new Map(base?.view.map((row) => [row.memberId, row])),
    links: new Map(),
    names: new Map(base?.names),
    written,
    dead: new Map(),
    gone: new Map(),
    applicants: new Set(),
    leavers: new Set(),
    leader: null,
    lastLeader: null,
    line: [],
    handing: null,
    heardAtMs: now.monotonicMs,
    gaps: [],
    promise: null,
    mutedUntilMs: 0,
    held: [],
    electionAtMs: null,
    startedAtMs: now.monotonicMs,
    role: { kind: 'follower' },
    openYields: 0,
    deferUntilMs: 0,
    refused: false,
    admitDueMs: Number.POSITIVE_INFINITY,
    sought: new Map(),
    pair: emptyPair(),
    witness: emptyWitness(),
    leaving: false,
    left: false,
    asked: new Map(),
    evicted: new Map(base?.evicted),
    latency: new Map(),
    ranks: { order: [], failed: false },
    homeward: {
      term: -1,
      steadySinceMs: new Map(),
      lastMs: -Infinity,
      failures: 0,
      stayTerm: -1,
      asking: null,
      going: false,
      canvass: null,
    },
    disk: { oldest: 0, sinceMs: 0, seenMs: 0, told: false },
  }
}

function firstEntry(config: SuccessionConfig): Entry {
  const [entry] = config.log.read(1, 1)
  invariant(entry, 'a journal that is not empty has a first entry')
  return entry
}

/** Names too, committed or not: a peer that starts says whom it waits for. */
function scanVoterSets(log: LogView, base: SnapshotMeta | null, names: Map<MemberId, string>): VoterSet[] {
  const found: VoterSet[] = base === null ? [] : [base.voterSet]
  forEachEntry(log, base, (entry) => {
    if (entry.kind === EntryKind.founding || entry.kind === EntryKind.view) {
      const change = viewChangeOf(entry)
      if (change.op === 'admit') names.set(change.member.memberId, change.member.name)
    }
    if (isVoterSet(entry)) found.push(voterSetOf(entry))
  })
  return found
}

function findCommand(log: LogView): number | null {
  if (log.firstIndex > 1) return log.firstIndex - 1
  for (let index = 1; index <= log.lastIndex; ) {
    const entries = log.read(index, 1 << 20)
    const found = entries.find(({ kind }) => kind === EntryKind.command)
    if (found) return found.index
    index += entries.length
  }
  return null
}

function scanForks(log: LogView, base: SnapshotMeta | null): Fork[] {
  const found: Fork[] = [...(base?.forks ?? [])]
  forEachEntry(log, base, (entry) => {
    if (entry.kind === EntryKind.continuation)
      found.push({ index: entry.index, record: continuationOf(entry) })
  })
  return found
}

/** Where the members were when this journal was last written: hints for finding them again. */
export function lastKnownAddresses(log: LogView, base: SnapshotMeta | null = null): Address[] {
  const addresses = new Map<MemberId, Address>(base?.view.map((row) => [row.memberId, row.address]))
  forEachEntry(log, base, (entry) => {
    if (entry.kind !== EntryKind.founding && entry.kind !== EntryKind.view) return
    const change = viewChangeOf(entry)
    if (change.op === 'admit') addresses.set(change.member.memberId, change.member.address)
    else if (change.op === 'remove' && change.seat === 'given-up') addresses.delete(change.memberId)
  })
  return [...addresses.values()]
}

function forEachEntry(log: LogView, base: SnapshotMeta | null, visit: (entry: Entry) => void): void {
  for (let index = base === null ? log.firstIndex : base.index + 1; index <= log.lastIndex; ) {
    const entries = log.read(index, 1 << 20)
    for (const entry of entries) visit(entry)
    index += entries.length
  }
}

export function voterSetOf(entry: Entry): VoterSet {
  const { index, term } = entry
  const change = votersOf(entry)
  const set = { index, term, voters: change.voters }
  if (!change.pair) return set
  return change.witness === undefined
    ? { ...set, pair: true }
    : { ...set, pair: true, witness: change.witness }
}

export function isVoterSet(entry: Entry): boolean {
  return (
    entry.kind === EntryKind.voters ||
    entry.kind === EntryKind.founding ||
    entry.kind === EntryKind.continuation
  )
}

/** The voter set in force: the last in the journal, committed or not. Empty before there is a journal. */
export function voters(s: Succession): readonly MemberId[] {
  return s.voterSets.at(-1)?.voters ?? []
}

export function isVoter(s: Succession, memberId: MemberId): boolean {
  return voters(s).includes(memberId)
}

export function majority(s: Succession, set: readonly MemberId[] = voters(s)): number {
  return Math.floor(set.length / 2) + 1
}

export function lastSet(s: Succession): VoterSet | undefined {
  return s.voterSets.at(-1)
}

/** A pair whose exceptions rest on promises and proof; with a witness they rest on its grant. */
export function isPlainPair(set: VoterSet | undefined): set is VoterSet {
  return set?.pair === true && set.witness === undefined
}

export function nameOfSet({ index, term }: VoterSet): SetName {
  return [index, term]
}

export function isNamed(set: VoterSet | undefined, [index, term]: SetName): boolean {
  return set?.index === index && set.term === term
}

export function minCopies(s: Succession): number {
  return s.config.minCopies ?? 1
}

/**
 * Rule 22: this peer alone is a majority only once that, and the term in which it says so, are on disk; until then
 * the voter set before it counts. Sent to nobody sooner, either (C20, C23).
 */
export function isAlonePending(s: Succession): boolean {
  const set = lastSet(s)
  if (set?.voters.length !== 1 || set.voters[0] !== s.self.memberId) return false
  return set.index > s.durableIndex || s.persistedTicket < s.persistTicket
}

/** The voters that the leader's commits, lease and reads count on. */
export function votersInForce(s: Succession): readonly MemberId[] {
  return isAlonePending(s) ? (s.voterSets.at(-2)?.voters ?? []) : voters(s)
}

/** The last founding or continuation in the journal; or the branch that this peer joins with all that it holds. */
export function branch(s: Succession): string | null {
  return s.meetings.adopted ?? s.forks.at(-1)?.record.branchId ?? s.founding?.branchId ?? null
}

export function termAt(s: Succession, index: number): number {
  if (index === 0) return 0
  const first = s.tail[0]
  if (first && index >= first.index) {
    const entry = s.tail[index - first.index]
    if (entry === undefined) invariant(false, `no entry ${index} in the tail`)
    return entry.term
  }
  return s.config.log.termAt(index)
}

/** Entries from `from` on, up to about `maxBytes`, wherever they are. */
export function entriesFrom(s: Succession, from: number, maxBytes: number): Entry[] {
  const tailFrom = s.tail[0]?.index ?? s.lastIndex + 1
  if (from >= tailFrom) return takeBytes(s.tail, from - tailFrom, maxBytes)
  const read = s.config.log.read(from, maxBytes)
  return (read.at(-1)?.index ?? 0) < tailFrom ? read : read.filter((entry) => entry.index < tailFrom)
}

function takeBytes(entries: readonly Entry[], start: number, maxBytes: number): Entry[] {
  const taken: Entry[] = []
  let bytes = 0
  for (let i = start; i < entries.length; i++) {
    const entry = entries[i] as Entry
    bytes += entry.payload.length
    if (taken.length > 0 && bytes > maxBytes) break
    taken.push(entry)
  }
  return taken
}

/** Sends at once, or as soon as the present term and vote are on disk. */
export function send(t: Turn, to: MemberId, body: DistributiveBody, entries?: readonly Entry[]): void {
  const { s, out } = t
  // The body is the caller's own fresh object: completing it is cheaper than a copy, in the hottest place of all.
  const message = Object.assign(body, { branch: branch(s), term: s.hard.term }) as SuccessionMessage
  const effect: SuccessionEffect =
    entries === undefined ? { kind: 'send', to, message } : { kind: 'send', to, message, entries }
  if (s.persistedTicket === s.persistTicket) out.push(effect)
  else s.afterPersist.push({ ticket: s.persistTicket, term: s.hard.term, effect })
}

/** Sends at once, also while term and vote are on their way to the disk: only what promises nothing. */
export function ask(t: Turn, to: MemberId, body: VoteMessage): void {
  const message = Object.assign(body, { branch: branch(t.s), term: t.s.hard.term }) as SuccessionMessage
  t.out.push({ kind: 'send', to, message })
}

type Body<M> = M extends SuccessionMessage ? Omit<M, 'branch' | 'term'> : never
export type DistributiveBody = Body<SuccessionMessage>

export function persist(t: Turn, hard: HardState): void {
  t.s.hard = hard
  if (isReserved(t.s, hard)) return
  t.s.reserved = null
  if (t.s.persistedTicket === t.s.persistTicket) t.s.persistSinceMs = t.now.monotonicMs
  t.s.persistTicket += 1
  // A ticket answers all before it: a voter that comes to a new term by its vote writes once.
  const covered = t.out.findIndex(({ kind }) => kind === 'persist')
  if (covered >= 0) t.out.splice(covered, 1)
  t.out.push({ kind: 'persist', hard, ticket: t.s.persistTicket })
}

/** The disk says as much or more: a vote that was never given binds nobody but a peer that restarts. */
export function isReserved(
  { reserved, persistTicket, persistedTicket }: Succession,
  hard: HardState,
): boolean {
  if (reserved?.durable !== true || persistedTicket < persistTicket) return false
  return reserved.term === hard.term && (hard.votedFor ?? reserved.votedFor) === reserved.votedFor
}

export function setLine(t: Turn, line: readonly MemberId[]): void {
  const { s } = t
  if (isSameLine(line, s.line)) return
  s.line = line
  t.out.push({ kind: 'line' })
}

function isSameLine(one: readonly MemberId[], other: readonly MemberId[]): boolean {
  if (one.length !== other.length) return false
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false
  return true
}

export function setTimer(t: Turn, key: string, afterMs: number | null): void {
  t.out.push({ kind: 'timer', key, afterMs })
}

export function note(t: Turn, event: string, text: string, data: Record<string, unknown> = {}): void {
  t.out.push({ kind: 'note', event, text, data })
}

/** The view lists the present start of this peer. */
export function isAdmitted(s: Succession): boolean {
  return s.view.get(s.self.memberId)?.incarnation === s.self.incarnation
}

export function nameOf(s: Succession, memberId: MemberId): string {
  if (memberId === s.self.memberId) return s.self.name
  return (
    s.links.get(memberId)?.name ?? s.names.get(memberId) ?? s.written.get(memberId) ?? memberId.slice(0, 8)
  )
}
