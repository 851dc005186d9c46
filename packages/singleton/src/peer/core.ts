import { announced, JournalError } from '@tanist/core'
import type {
  About,
  AboutChange,
  ActorSystem,
  Entry,
  Folder,
  Hello,
  Host,
  Journal,
  Link,
  LinkHandlers,
  Listener,
  MemberId,
  Register,
  Snapshots,
} from '@tanist/core'
import type { CallOutcome, RoleHost } from '../role/index.js'
import {
  branch,
  EntryKind,
  isAdmitted,
  isForeign,
  isFresh,
  isGoingAlone,
  isVoter,
  lastKnownAddresses,
  nameOf,
  neverServes,
  otherOf,
  viewChangeOf,
  voters,
} from '../succession/index.js'
import type { FencingToken, Operation, Succession, SuccessionInput } from '../succession/index.js'
import type { PeerActors } from './actors.js'
import { Asides } from './asides.js'
import type { BackupSource } from './backup.js'
import { Builds } from './builds.js'
import { Caller } from './caller.js'
import { Chronicle } from './chronicle.js'
import { noClientCounts, noClients } from './clients.js'
import type { ClientDesk } from './clients.js'
import type { CallRequest } from './caller.js'
import { Deciding } from './deciding.js'
import { JoinError } from './errors.js'
import { searchWords, worthDialling } from './finding.js'
import type { Finding, Hint } from './finding.js'
import { Forgetting } from './forgetting.js'
import { Group } from './group.js'
import type { Base, GroupEvent } from './group.js'
import { OwnAddress } from './own-address.js'
import { reborn } from './identity.js'
import type { Identity } from './identity.js'
import type { FeedSource } from './feed.js'
import { feedSource } from './feed-source.js'
import { MemberFacts } from './member-facts.js'
import type { MemberEnd } from './member-facts.js'
import { Members } from './members.js'
import { Mesh } from './mesh.js'
import type { Meters } from './meters.js'
import { metricsOf } from './metrics.js'
import type { PeerMetrics } from './metrics.js'
import type { ReadOutcome } from './reads.js'
import { Reigns } from './reign.js'
import { SideEffects } from './side-effects.js'
import { Server } from './server.js'
import type { CheckedSettings } from './settings.js'
import { statusOf } from './status.js'
import type { PeerStatus, Takeover } from './status.js'
import type { OperateOutcome } from './operate.js'
import type { SyncGate } from './sync-gate.js'
import { explainWait, looksAround, WaitClock } from './waiting.js'
import type { Waiting } from './waiting.js'
import { Singletons } from '../singleton/index.js'
import type { Counter } from '../singleton/index.js'
import { Tracing } from './telemetry.js'
import { KeyedTimers } from './timers.js'
import { Turns } from './turns.js'
import type { RoleMessage, WireMessage } from './wire.js'

/** Addresses of the journal that are dialled at the start. */
const SEEDS = 32

/** The five oldest vote, and the next four learn. */
const KEPT = 9

/**
 * A refused peer that is linked to nobody after this time gives up: before a lone one would begin to serve, and, where
 * its identity runs elsewhere too, long before it votes.
 */
const REFUSED_MS = 300

/** Whoever finds a few members of a large cluster is told where the leader is: the oldest, and the newest few. */
function someOf(known: readonly string[]): readonly string[] {
  return known.length <= SEEDS ? known : [...known.slice(0, SEEDS - 8), ...known.slice(-8)]
}

const FLUSH = { kind: 'flush' } as const

function asFailure(error: unknown): JoinError {
  if (!(error instanceof JournalError))
    return new JoinError('broken', `This peer stops: ${String(error)}`, error)
  const advice = error.code === 'damaged' ? ' Start this peer again: it then fetches the journal anew.' : ''
  return new JoinError('data', `${error.message}${advice}`, error)
}

/** One of two that stops waits this long for its vote to arrive, or to be the only voter on disk (after `soloMs`). */
const LAST_WAIT_MS = 500

/** A peer that leaves waits this long for the answers to its own calls. */
const LAST_CALLS_MS = 1_000

export interface PeerParts {
  readonly host: Host
  readonly settings: CheckedSettings
  readonly identity: Register<Identity>
  readonly journal: Journal
  readonly snapshots: Snapshots
  /** What `roles` have been restored from. */
  readonly base: Base | null
  readonly roles: RoleHost
  readonly folder: Folder
  readonly gate: SyncGate
  readonly listener: Listener
  /** Goes on through all identities of a process. */
  readonly actors: PeerActors
  /** The refs to singletons: the same. */
  readonly counters: ReadonlyMap<string, Counter>
  /** The same. */
  readonly meters: Meters
  /** What this peer says of itself now: the same. */
  readonly says: { about: About | null }
  /** Clients of this process; null: it takes none. */
  readonly desk: ClientDesk | null
  /** What looks for others in this process: the same. */
  readonly finding: Finding | null
  /** The own hello, with the address that others dial. */
  readonly self: Hello
}

export type PeerEvent =
  /** Anything in `status` but the journal positions changed. */
  | { readonly kind: 'status' }
  | { readonly kind: 'joined' }
  | {
      readonly kind: 'note'
      readonly event: string
      readonly text: string
      readonly data: Record<string, unknown>
    }
  /** What it holds cannot all be kept: it ends, and `reborn` follows. */
  | { readonly kind: 'setting-aside' }
  /**
   * What it held could not all be kept: it was set aside in `file` (null: nothing worth it). The last event of this
   * object; the peer goes on under a new identity as another one, see `openPeer`.
   */
  | {
      readonly kind: 'reborn'
      readonly because: 'branch' | 'committed' | 'cluster'
      readonly text: string
      readonly file: string | null
    }
  /** The last event. `error` is null after a wanted stop. */
  | { readonly kind: 'stopped'; readonly error: JoinError | null }

/**
 * One peer: the shell around the step machines of membership, succession, roles and calls. It is driven by
 * callbacks of its host alone and runs in turns of one cell: everything that arrived is stepped through, then
 * what it asked for is written and sent. The same code runs on Node and in the simulated world.
 */
export class PeerCore {
  readonly roles: RoleHost
  readonly singletons: Singletons
  readonly sideEffects: SideEffects
  /** For laws and recorders: every entry as it is committed here, and the begin of every reign. */
  onCommitted: ((entries: readonly Entry[]) => void) | null = null
  onServe: ((token: FencingToken) => void) | null = null
  /** For the same: the state went to this position by a snapshot. */
  onRestored: ((index: number) => void) | null = null
  /** For those who follow events: more is applied, or the states were replaced. */
  onProgress: (() => void) | null = null
  /** Where members were, by the journal that this peer came with. */
  readonly rememberedAddresses: readonly string[]
  readonly feed: FeedSource
  readonly #parts: PeerParts
  readonly #host: Host
  readonly #turns: Turns
  readonly #timers: KeyedTimers
  readonly #mesh: Mesh
  readonly #group: Group
  readonly #server: Server
  readonly #deciding: Deciding
  readonly #reigns: Reigns
  readonly #builds: Builds
  readonly #forgetting: Forgetting
  readonly #caller: Caller
  readonly #listeners = new Set<(event: PeerEvent) => void>()
  #applied = 0
  #told = -1
  #said: About | null = null
  #statusChanged = false
  #joined = false
  #refusal: { readonly text: string; readonly final: boolean } | null = null
  #life: 'running' | 'stopping' | 'stopped' = 'running'
  #transfers: ((ok: boolean, text: string) => void)[] = []
  readonly #operations = new Map<number, (outcome: OperateOutcome) => void>()
  #lastOperation = 0
  readonly #waits = new WaitClock()
  /** It hears no other member, and what that may mean. */
  #cutOff: string | null = null
  readonly #chronicle = new Chronicle((event, text, data) => this.#note(event, text, data))
  readonly #meters: Meters
  readonly #facts = new MemberFacts()
  readonly #members = new Members()
  #roleNow = ''
  #leaveDone: (() => void) | null = null
  #afterCalls: (() => void) | null = null
  #continued: ((ok: boolean, text: string) => void)[] = []
  /** It was asked to stop: no other identity follows this one. */
  #wanted = false
  #rebirth: Extract<GroupEvent, { kind: 'set-aside' }> | null = null
  readonly #asides: Asides
  #lastWait: { readonly over: () => boolean; readonly end: () => void } | null = null
  #leaderSpokeAtMs = 0
  #serverSinceMs = 0
  #lastLeader: MemberId | null = null
  readonly #ownAddress: OwnAddress
  #takeover: Takeover | null = null

  constructor(parts: PeerParts) {
    this.#parts = parts
    const { host, settings, self, journal, snapshots, identity, base, roles } = parts
    this.#host = host
    this.#meters = parts.meters
    const { tracer } = settings.telemetry ?? {}
    const tracing = tracer ? new Tracing(tracer, parts.meters.guard, self.name) : null
    this.roles = roles
    this.#applied = base?.meta.index ?? 0
    const turns = new Turns(host.engine, `peer-${self.memberId.slice(0, 8)}`, {
      flush: () => this.#flush(),
      failed: (error) => this.#fail(asFailure(error)),
    })
    const timers = new KeyedTimers(host, (key) => turns.enqueue(() => this.#onTimer(key)))
    this.#turns = turns
    this.#timers = timers
    this.rememberedAddresses = someOf(lastKnownAddresses(journal, base?.meta))
    const seeds = [...new Set([...settings.seeds, ...this.rememberedAddresses])]
    this.#mesh = new Mesh(
      host,
      turns,
      timers,
      { self, seeds, settings },
      {
        up: (hello, relinked) => {
          this.#facts.reached(hello.memberId)
          if (relinked) parts.actors.up(hello)
          if (relinked) this.#tellBuild(hello)
          this.#linkChanged({ kind: 'up', hello, relinked })
          this.singletons.up(hello)
        },
        down: (memberId) => {
          parts.actors.down(memberId)
          this.#linkChanged({ kind: 'down', memberId })
          this.singletons.down(memberId)
        },
        evidence: (kind, memberId, incarnation, text) => {
          this.#note('evidence', text, { class: kind, memberId })
          if (kind === 'B' || kind === 'C') this.#ownAddress.soon()
          if (kind !== 'A') return
          parts.actors.over(memberId, incarnation)
          this.#group.step({ kind: 'dead', memberId, incarnation })
        },
        gone: (memberId, incarnation, leaving, why) =>
          this.#group.step({ kind: 'gone', memberId, incarnation, leaving, why }),
        cutOff: (text) => {
          this.#cutOff = text
          this.#statusChanged = true
          this.#note('cut-off', text ?? 'other members are heard again', { cutOff: text !== null })
        },
        beat: () => this.#ownAddress.beat(),
        latency: (medians) => this.#group.step({ kind: 'latency', medians }),
        links: () => (this.#statusChanged = true),
        fate: (memberId, incarnation, fate) => {
          this.#facts.fateIs(memberId, incarnation, fate)
          this.#factsChanged(memberId)
        },
        about: (memberId, about) => {
          if (this.#facts.says(memberId, about)) this.#factsChanged(memberId)
        },
        leader: () => this.#group.state.leader?.memberId ?? null,
        refused: (address, code, text, hello, own) => this.#refused(address, code, text, hello, own),
        message: (from, message) => this.#message(from, message),
      },
    )
    this.#group = new Group({
      host,
      settings,
      self,
      identity,
      journal,
      snapshots,
      base,
      roles,
      restored: ({ index }) => this.#restored(index),
      turns,
      timers,
      send: (to, message) => {
        const { body } = message
        if (body.t === 'voted' && body.granted && !body.pre) this.#deciding.votes(to, body.asked)
        if (body.t === 'stand' && body.vote === true) this.#deciding.votes(to, body.term + 1)
        this.#mesh.sendTo(to, message)
      },
      event: (event) => this.#groupEvent(event),
      failed: (error) =>
        this.#fail(new JoinError('data', `The journal cannot be written: ${error.message}`, error)),
    })
    this.#ownAddress = new OwnAddress(host, settings, self.address, {
      changed: (address, why) => turns.enqueue(() => this.#networkChanged(address, why)),
      lost: (address) =>
        this.#note(
          'address-lost',
          `${address} is no address of this machine any more, and this peer listens nowhere else: it can dial others, and nobody can dial it. Listen on 0.0.0.0 to move along with the machine.`,
          { address },
        ),
    })
    this.#builds = new Builds(settings.roles)
    this.#deciding = new Deciding({
      self,
      kept: identity.value?.stood,
      keep: (stood) => this.#group.remember({ stood }),
      hadJournal: base !== null || journal.lastIndex > 0,
      voters: () => {
        const { state } = this.#group
        return [...new Set([...state.line, ...voters(state)])].filter((id) => state.links.has(id))
      },
      send: (to, message) => this.#mesh.sendTo(to, { channel: 'r', body: message }),
      flush: () => this.#mesh.flush(),
    })
    this.feed = feedSource({
      journal,
      roles,
      succession: this.#group.state,
      applied: () => this.#applied,
      isOpen: () => this.#life !== 'stopped',
    })
    this.#server = new Server(this.roles, {
      alone: this.#deciding,
      now: () => host.clock.now(),
      self: self.memberId,
      applied: (applied) => this.sideEffects.applied(applied),
      send: (to, message) => this.#sendRole(to, message),
      next: () => this.#group.nextPosition(),
      propose: (payload) => this.#group.step({ kind: 'propose', payload }),
      readers: () => this.#builds.readers(voters(this.#group.state), (id) => nameOf(this.#group.state, id)),
      confirm: (done) => this.#group.confirm(done),
      meters: parts.meters,
      tracing,
    })
    this.#server.restored(this.#applied)
    this.sideEffects = new SideEffects(this.roles, {
      host,
      timers,
      self: self.memberId,
      roles: settings.roles,
      enqueue: (run) => turns.enqueue(run),
      serves: () => this.#server.serves,
      holds: () => this.#server.serves && this.#group.wouldServe(),
      next: () => this.#group.nextPosition(),
      propose: (payload) => this.#group.step({ kind: 'propose', payload }),
      branchAt: (index) => this.#group.branchAt(index),
      call: (call, done) => this.call(call, done),
      send: (to, message) => this.#sendRole(to, message),
      leader: () => this.#group.state.leader?.memberId ?? null,
      changed: () => (this.#statusChanged = true),
    })
    this.#forgetting = new Forgetting({
      timers: host.timers,
      self: self.memberId,
      leader: () => this.#group.state.leader,
      send: (to, message) => {
        this.#sendRole(to, message)
        turns.enqueue(() => {})
      },
      builds: this.#builds,
      voters: () => voters(this.#group.state),
      nameOf: (id) => nameOf(this.#group.state, id),
      drop: (role, done) => this.#server.order((at) => this.roles.drop(role, at), done),
    })
    this.#reigns = new Reigns(host, settings.roles, (role) => this.roles.state(role))
    this.singletons = new Singletons(settings.singletons, parts.counters, {
      host,
      self,
      actors: () => this.actors,
      send: (to, body) => {
        this.#mesh.sendTo(to, { channel: 'o', body })
        turns.enqueue(() => {})
      },
      isFellow: (id) => {
        const hello = this.#group.state.links.get(id)
        return hello !== undefined && !isForeign(this.#group.state, hello)
      },
      nameOf: (id) => nameOf(this.#group.state, id),
      enqueue: (run) => turns.enqueue(run),
      holds: () => this.#server.serves && this.#group.wouldServe(),
      waitingFor: () => this.#wait()?.text ?? 'The server has not answered yet.',
      handOver: (done) => this.transfer(null, done),
      changed: () => (this.#statusChanged = true),
    })
    this.#asides = new Asides({
      host,
      folder: parts.folder,
      roles: this.roles,
      definitions: settings.roles,
      call: (request, done) => this.call(request, done),
      changed: () => turns.enqueue(() => (this.#statusChanged = true)),
    })
    const session = `${self.memberId}:${self.incarnation}`
    const watch = { meters: parts.meters, tracing }
    this.#caller = new Caller(host, timers, session, (to, message) => this.#sendRole(to, message), watch)
    parts.actors.begin(self, {
      send: (to, body) => this.#mesh.sendTo(to, { channel: 'a', body }),
      need: (memberId) => this.#mesh.need(memberId),
      enqueue: (input) => turns.enqueue(input),
    })
    this.singletons.place()
  }

  /** Made when first used. */
  get actors(): ActorSystem {
    return this.#parts.actors.system
  }

  start(): void {
    this.#turns.enqueue(() => {
      this.#group.step({ kind: 'start' })
      this.#mesh.step({ kind: 'start' })
      this.#sayAbout()
    })
  }

  /** Changes what this peer says of itself; throws a `TypeError` when it is not allowed. */
  announce(change: AboutChange): void {
    const { says } = this.#parts
    const about = announced(says.about, change)
    if (JSON.stringify(about) === JSON.stringify(says.about)) return
    says.about = about
    if (this.#life !== 'stopped') this.#turns.enqueue(() => this.#sayAbout())
  }

  #sayAbout(): void {
    const { about } = this.#parts.says
    if (this.#life !== 'running' || about === this.#said) return
    this.#said = about
    this.#statusChanged = true
    this.#mesh.step({ kind: 'about', about })
  }

  /** An authenticated link from another peer. */
  accept(link: Link): LinkHandlers {
    return this.#mesh.accept(link)
  }

  /** Discovery has heard of somebody: dialled, when that can lead to anything. Only the link will tell who it is. */
  seek(hint: Hint): void {
    if (this.#life !== 'running') return
    this.#turns.enqueue(() => {
      const { state } = this.#group
      if (this.#life !== 'running' || !worthDialling(state, hint, this.#mesh.isLarge)) return
      this.#mesh.step({ kind: 'found', memberId: hint.memberId, addresses: hint.addresses })
      if (state.links.size === 0) this.#mesh.step({ kind: 'found', memberId: null, addresses: hint.members })
      if (hint.memberId !== null) this.#group.step({ kind: 'sought', memberId: hint.memberId })
    })
  }

  noteFinding(event: string, text: string, data: Readonly<Record<string, unknown>>): void {
    if (this.#life !== 'running') return
    this.#turns.enqueue(() => {
      this.#statusChanged = true
      this.#note(event, text, { ...data })
    })
  }

  /** The listener is gone: nobody could tell this process from a dead one, so it stops at once. */
  listenerLost(text: string): void {
    this.#turns.enqueue(() => this.#fail(new JoinError('listen', text)))
  }

  observe(listener: (event: PeerEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get joined(): boolean {
    return this.#joined
  }

  get serves(): boolean {
    return this.#server.serves
  }

  /** For laws about a peer that is about to wake: whether the next input would find it still serving. */
  get wouldServe(): boolean {
    return this.#group.wouldServe()
  }

  get appliedIndex(): number {
    return this.#applied
  }

  status(): PeerStatus {
    const now = this.#host.clock.now()
    const { state } = this.#group
    const found = this.#parts.finding?.report() ?? null
    return statusOf(
      state,
      this.#members.of(state, this.#facts, this.#parts.says.about),
      now,
      this.#takeover,
      this.#wait(),
      this.#asides.status,
      this.singletons.status(),
      this.sideEffects.status(),
      this.#mesh.links(),
      this.#parts.desk?.status() ?? noClients,
      found,
    )
  }

  /** How a member came to its end in the view, if it did so lately. */
  endOf(memberId: MemberId): MemberEnd | null {
    return this.#facts.endOf(memberId)
  }

  #factsChanged(memberId: MemberId): void {
    this.#statusChanged ||= this.#group.state.view.has(memberId)
  }

  #wait(): Waiting | null {
    const { monotonicMs, wallMs } = this.#host.clock.now()
    const failed = this.#parts.settings.roles.flatMap(({ name }) => {
      const text = this.roles.failure(name)
      return text === undefined ? [] : [{ name, text }]
    })
    const context = { monotonicMs, failedRole: failed[0] ?? null, cutOff: this.#cutOff }
    const wait = explainWait(this.#group.state, context)
    const words =
      wait !== null && looksAround(wait.code) ? searchWords(this.#parts.finding?.report() ?? null) : ''
    return this.#waits.at(wait && { ...wait, text: wait.text + words }, wallMs)
  }

  /** For tests and laws: the protocol state, to be read only. */
  get succession(): Succession {
    return this.#group.state
  }

  /** Returns what cancels the call. */
  call(request: CallRequest, done: (outcome: CallOutcome) => void): () => void {
    const input = this.#caller.open(request, done)
    const { callId } = input
    // A stopped peer still ends its calls: they are unavailable.
    if (this.#life === 'stopped') this.#caller.step(input)
    else this.#turns.enqueue(() => this.#caller.step(input))
    return () => this.#turns.enqueue(() => this.#caller.step({ kind: 'cancel', callId }))
  }

  /**
   * Calls back once this replica holds everything that was committed before this call, and its state of the role is
   * one: of a role that has failed here nobody reads. `maxStaleMs`: everything that was acknowledged so long before it
   * is enough.
   */
  read(
    role: string,
    deadlineMs: number,
    done: (outcome: ReadOutcome) => void,
    maxStaleMs: number | null = null,
  ): void {
    if (this.#life === 'stopped') return done({ status: 'unavailable', reason: 'this peer has stopped' })
    const follows = (outcome: ReadOutcome): void => {
      const failure = outcome.status === 'ok' ? this.roles.failure(role) : undefined
      done(failure === undefined ? outcome : { status: 'unavailable', reason: failure })
    }
    this.#turns.enqueue(() => this.#caller.read(deadlineMs, maxStaleMs, follows))
  }

  /** Hands the role over to `to` (a member id) or to the first in line. */
  transfer(to: MemberId | null, done: (ok: boolean, text: string) => void): void {
    if (this.#life !== 'running') return done(false, 'This peer has stopped.')
    this.#turns.enqueue(() => {
      if (this.#transfers.length > 0) return done(false, 'A hand-over is under way.')
      this.#transfers.push(done)
      this.#group.step({ kind: 'transfer', to, stay: true })
    })
  }

  /** Has the server start a singleton again that was stopped there. */
  restartSingleton(name: string, done: (outcome: OperateOutcome) => void): void {
    if (this.#life !== 'running') return done({ status: 'refused', text: 'This peer has stopped.' })
    this.#turns.enqueue(() => this.singletons.restart(name, done))
  }

  /** Has the server let parked reactions run again, or forget them. */
  settleReactions(
    role: string,
    key: string,
    end: 'retry' | 'dropped',
    done: (outcome: OperateOutcome) => void,
  ): void {
    if (this.#life !== 'running') return done({ status: 'refused', text: 'This peer has stopped.' })
    this.#turns.enqueue(() => this.sideEffects.wish(role, key, end, done))
  }

  /** Has the server forget a role that no build has any more. */
  forgetRole(name: string, done: (outcome: OperateOutcome) => void): void {
    if (this.#life !== 'running') return done({ status: 'refused', text: 'This peer has stopped.' })
    this.#turns.enqueue(() => this.#forgetting.ask(name, done))
  }

  /** Has the leader, whoever it is, do something about a member. */
  operate(operation: Operation, done: (outcome: OperateOutcome) => void): void {
    const stopped = (): void => done({ status: 'refused', text: 'This peer has stopped.' })
    if (this.#life !== 'running') return stopped()
    this.#turns.enqueue(() => {
      if (this.#life !== 'running') return stopped()
      this.#lastOperation += 1
      this.#operations.set(this.#lastOperation, done)
      this.#group.step({ kind: 'operate', id: this.#lastOperation, operation })
    })
  }

  /** An operator's word, when a majority is lost for good: go on with what is here. */
  continueHere(why: string, done: (ok: boolean, text: string) => void): void {
    if (this.#life !== 'running') return done(false, 'This peer has stopped.')
    this.#turns.enqueue(() => {
      this.#continued.push(done)
      this.#group.step({ kind: 'continue', why })
    })
  }

  /** What a copy of the group is made from: everything that is committed here, as of now. */
  backup(): BackupSource {
    const { journal, snapshots, settings } = this.#parts
    const { founding, forks, voterSets, commitIndex, snap } = this.#group.state
    const fork = forks.findLast(({ index }) => index <= commitIndex)
    const whole = snapshots.whole.findLast(({ index }) => index <= commitIndex)
    const snapshot = journal.firstIndex > 1 ? whole : undefined
    const header = {
      kind: 'backup' as const,
      app: settings.app,
      clusterId: founding?.clusterId ?? '',
      branch: fork?.record.branchId ?? founding?.branchId ?? '',
      from: snapshot ? snapshot.index + 1 : 1,
      to: commitIndex,
      committed: commitIndex,
      atMs: this.#host.clock.now().wallMs,
      voters: voterSets.findLast(({ index }) => index <= commitIndex)?.voters.length ?? 0,
      ...(snapshot && { snapshot }),
    }
    const wrong = snap.diverged !== null || header.from < journal.firstIndex
    const hold = { index: header.from - 1 }
    snap.held.add(hold)
    return {
      header,
      source: { journal, snapshots },
      refusal: wrong ? 'this peer is fetching the state from another one; ask that one, or ask again' : null,
      release: () => void snap.held.delete(hold),
    }
  }

  metrics(): PeerMetrics {
    const { journal, snapshots } = this.#parts
    const { commitIndex } = this.#group.state
    const { firstIndex, lastIndex } = journal
    const newest = snapshots.whole.at(-1)
    const server = this.#server.queues()
    const caller = this.#caller.queues()
    const effects = new Map(this.sideEffects.status().map((work) => [work.name, work]))
    return metricsOf({
      atMs: this.#host.clock.now().wallMs,
      meters: this.#meters,
      journal: { firstIndex, lastIndex, commitIndex, appliedIndex: this.#applied },
      relayed: this.#mesh.handedOn,
      clients: {
        ...(this.#parts.desk?.status() ?? noClients),
        ...(this.#parts.desk?.counts() ?? noClientCounts),
      },
      snapshot: newest ? { index: newest.index, bytes: newest.bytes } : null,
      queues: (role) => ({
        ...(server.get(role) ?? { held: 0, committing: 0 }),
        ...(caller.get(role) ?? { waiting: 0, inFlight: 0 }),
      }),
      effects: (role) => {
        const work = effects.get(role)
        return work ? { pending: work.pending, parked: work.parked, due: work.due } : null
      },
    })
  }

  /** The next identity of this folder could not be begun. */
  rebirthFailed(error: JoinError | null): void {
    this.#emit({ kind: 'stopped', error })
  }

  /** Gives up the seat for good, then stops; after `limitMs` it goes without waiting any longer. */
  leave(limitMs: number, done: () => void): void {
    this.#wanted = true
    if (this.#life !== 'running') return done()
    this.#turns.enqueue(() => {
      if (this.#life !== 'running' || this.#leaveDone) return done()
      this.#leaveDone = done
      this.#timers.set('leave', limitMs)
      this.#group.step({ kind: 'leave' })
    })
  }

  /** Hands over if it must, says `bye`, and stops; the seat stays. */
  stop(done: () => void): void {
    this.#wanted = true
    if (this.#life !== 'running') return done()
    this.#turns.enqueue(() => {
      if (this.#life !== 'running') return done()
      const end = (): void => this.#endCalls(() => this.#shutDown(false, null, done))
      if (this.#group.state.role.kind !== 'leader') return end()
      this.#transfers.push((ok) => this.#stopOfTwo(ok, end))
      // A hand-over that is under way already is as good.
      if (this.#transfers.length === 1) this.#group.step({ kind: 'transfer', to: null })
    })
  }

  #flush(): void {
    if (this.#life === 'stopped') return
    this.#deciding.settle()
    this.sideEffects.turn()
    this.#group.step(FLUSH)
    if (this.#group.unflushed) this.#group.step(FLUSH)
    this.#mesh.flush()
    this.roles.flush()
    this.#tellProgress()
    // Nobody reads what is known to be wrong.
    this.#caller.settleReads(this.#group.state.snap.diverged ? 0 : this.#applied)
    this.#tellBranch()
    if (this.#afterCalls && this.#caller.openCalls === 0) this.#callsEnded()
    if (this.#lastWait?.over() === true) this.#lastWaitOver()
    if (!this.#statusChanged) return
    this.#statusChanged = false
    this.#tellCallers()
    this.#countRole()
    this.#emit({ kind: 'status' })
  }

  #countRole(): void {
    const { state } = this.#group
    const now =
      state.role.kind === 'leader' ? 'leader' : isVoter(state, state.self.memberId) ? 'follower' : 'learner'
    if (this.#roleNow !== '' && now !== this.#roleNow) this.#meters.roleChanges += 1
    this.#roleNow = now
  }

  #tellProgress(): void {
    if (this.#told === this.#applied) return
    this.#told = this.#applied
    this.onProgress?.()
  }

  /** Peers of other branches know each other by their hellos. */
  #tellBranch(): void {
    const { state } = this.#group
    const now = branch(state)
    const fresh = isFresh(state)
    if (now === (state.self.branch ?? null) && fresh === (state.self.fresh ?? false)) return
    state.self = { ...state.self, branch: now, fresh }
    this.#statusChanged = true
    this.#mesh.step({ kind: 'self', self: state.self })
  }

  #emit(event: PeerEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  #note(event: string, text: string, data: Record<string, unknown>): void {
    this.#host.log.write('info', event, text, data)
    this.#emit({ kind: 'note', event, text, data })
  }

  #onTimer(key: string): void {
    const name = key.slice(key.indexOf('.') + 1)
    if (key.startsWith('member.')) this.#mesh.step({ kind: 'timer', key: name })
    else if (key.startsWith('succession.')) {
      this.#group.step({ kind: 'timer', key: name })
      if (name === 'beat') this.#mesh.leaderBeats()
    } else if (key === 'calls') this.#caller.step({ kind: 'timer' })
    else if (key === 'refused') this.#refusalFinal()
    else if (key === 'leave') this.#left()
    else if (key === 'last-calls') this.#callsEnded()
    else if (key === 'last-wait') this.#lastWaitOver()
    else this.sideEffects.onTimer(key)
    // 'reads' only needs the flush that follows.
  }

  /** This machine has another address, or was asleep. */
  #networkChanged(address: string, why: 'address' | 'resume'): void {
    if (why === 'address') {
      this.#note('address-changed', `This machine has another address: peers dial ${address} now.`, {
        address,
      })
      this.#group.state.self = { ...this.#group.state.self, address }
      this.#statusChanged = true
    } else
      this.#note(
        'resumed',
        'This process stood still for more than five seconds, as in a sleep: every link has to prove itself.',
        {},
      )
    this.#mesh.step({ kind: 'network', address, why })
  }

  #linkChanged(input: Extract<SuccessionInput, { kind: 'up' | 'down' }>): void {
    this.#statusChanged = true
    this.#group.step(input)
  }

  /** Whoever has not joined yet and sees nobody else takes a refusal as final; members only report it. */
  #refused(address: string, code: string, text: string, hello: Hello | null, self: boolean): void {
    if (code === 'cluster' && hello) {
      this.#group.step({ kind: 'foreign', hello })
      if (this.#group.state.meetings.over) return
    }
    this.#host.log.write('warn', 'peer-refused', text, { address, code })
    this.#emit({ kind: 'note', event: 'peer-refused', text, data: { address, code } })
    // Too many callers, or a machine too busy to finish a handshake in time: that says nothing about this peer.
    if (code === 'limit') return
    // A cluster that never had a command dissolves now and joins this one, or has other settings, and both go on.
    if (code === 'cluster' && hello?.fresh === true && !isFresh(this.#group.state)) return
    // Whoever waits for its own cluster waits on, whatever others say.
    const final = code === 'identity' && self
    const known = this.#refusal !== null && (this.#refusal.final || !final)
    if (this.#joined || known || this.#parts.identity.value?.lost) return
    this.#refusal = { text, final }
    this.#group.step({ kind: 'refused' })
    this.#timers.set('refused', REFUSED_MS)
  }

  #refusalFinal(): void {
    const refusal = this.#refusal
    this.#refusal = null
    if (refusal === null || this.#joined) return
    // Another process has this identity: whoever takes this one for it must not be given its vote.
    const alone = this.#group.state.links.size === 0
    if (alone || refusal.final) this.#fail(new JoinError('refused', refusal.text))
  }

  #message(from: { readonly memberId: MemberId; readonly incarnation: number }, message: WireMessage): void {
    this.#deciding.heard(from)
    if (message.channel === 'r') {
      const { body } = message
      if (body.t === 'deciding' || body.t === 'decided' || body.t === 'stood')
        return this.#deciding.message(from, body)
      return this.#roleMessage(from.memberId, body)
    }
    if (message.channel === 'o') return this.singletons.message(from, message.body)
    if (message.channel === 'a') return this.#parts.actors.message(from, message.body)
    if (message.channel !== 's') return
    const { body, entries } = message
    if (body.t === 'stand') this.#deciding.standing()
    if (body.t === 'append' && this.#group.state.leader?.memberId === from.memberId) {
      this.#leaderSpokeAtMs = this.#host.clock.now().monotonicMs
    }
    this.#group.step({
      kind: 'message',
      from: from.memberId,
      incarnation: from.incarnation,
      message: body,
      entries,
    })
    if (body.t === 'stand' && this.#group.state.role.kind === 'candidate') this.#server.stand()
  }

  #groupEvent(event: GroupEvent): void {
    switch (event.kind) {
      case 'committed':
        return this.#committed(event.entries)
      case 'serve':
        return this.#serve(event.token)
      case 'yield':
        this.#statusChanged = true
        this.#leaderSpokeAtMs = this.#host.clock.now().monotonicMs
        this.#server.suspend()
        this.#chronicle.yields(this.#wait(), this.#host.clock.now())
        return this.#yielding()
      case 'leader':
        this.#tellTopology()
        return this.#leaderChanged()
      case 'view':
        this.#statusChanged = true
        this.#parts.actors.members(event.members)
        this.#keepBuilds(event.members)
        this.#facts.keep((id) => this.#group.state.view.has(id))
        this.#mesh.step({ kind: 'view', members: event.members, at: event.at })
        this.#tellTopology()
        return this.#checkJoined()
      case 'cluster': {
        const self = { ...this.#group.state.self, clusterId: event.clusterId, mode: event.mode }
        this.#group.state.self = self
        return this.#mesh.step({ kind: 'self', self })
      }
      case 'line':
        this.#statusChanged = true
        return this.#tellTopology()
      case 'probe':
        return this.#mesh.step({ kind: 'probe', memberId: event.memberId })
      case 'next':
        return this.#server.handOver(event.leader)
      case 'transferred': {
        const waiting = this.#transfers
        this.#transfers = []
        for (const done of waiting) done(event.ok, event.text)
        return
      }
      case 'continued': {
        const waiting = this.#continued
        this.#continued = []
        for (const done of waiting) done(event.ok, event.text)
        return
      }
      case 'set-aside':
        return this.#beReborn(event)
      case 'left':
        return this.#left()
      case 'diverged':
        this.#statusChanged = true
        this.#host.log.write('error', 'state-diverged', event.text, { index: event.index })
        return this.#emit({
          kind: 'note',
          event: 'state-diverged',
          text: event.text,
          data: { index: event.index },
        })
      case 'note':
        this.#statusChanged ||= event.event === 'disk-stalled'
        return this.#note(event.event, event.text, event.data)
      case 'operated': {
        const { id, status, text } = event
        const done = this.#operations.get(id)
        this.#operations.delete(id)
        return done?.({ status, text })
      }
      case 'fatal':
        if (event.code === 'evicted') return this.#evicted(event.text)
        return this.#fail(new JoinError('data', event.text))
    }
  }

  /**
   * Where a large cluster keeps its links: everybody to the leader and to who is next; voters, and those of whom
   * voters are made, among themselves.
   */
  #tellTopology(): void {
    const { leader, line, self, view } = this.#group.state
    if (leader) {
      const next = line.find((id) => id !== leader.memberId)
      const hubs = next === undefined ? [leader.memberId] : [leader.memberId, next]
      this.#mesh.step({ kind: 'hubs', term: leader.term, hubs })
    }
    const oldest = [...view.values()].toSorted((a, b) => a.seniority - b.seniority).slice(0, KEPT)
    const kept = new Set([...voters(this.#group.state), ...oldest.map(({ memberId }) => memberId)])
    const members = kept.delete(self.memberId) ? [...kept] : []
    this.#mesh.step({ kind: 'keep', members })
  }

  /** The folder remembers it before the process ends, so that no restart brings this member back by accident. */
  #evicted(text: string): void {
    const { identity } = this.#parts
    const end = (): void => this.#turns.enqueue(() => this.#fail(new JoinError('evicted', text)))
    identity.save({ ...(identity.value as Identity), evicted: text }, end)
  }

  #committed(entries: readonly Entry[]): void {
    this.onCommitted?.(entries)
    for (const entry of entries) if (entry.kind === EntryKind.view) this.#facts.changed(viewChangeOf(entry))
    this.#server.committed(entries)
    this.#applied = entries.at(-1)?.index ?? this.#applied
  }

  /** Right before the step that says so, and before what is committed behind it is applied. */
  #restored(index: number): void {
    this.#statusChanged = true
    this.#applied = index
    this.#told = -1
    this.#server.restored(index)
    this.onRestored?.(index)
  }

  #serve(token: FencingToken): void {
    this.#statusChanged = true
    this.onServe?.(token)
    this.#server.serve(() => this.#group.commandsAfter(this.#applied))
    this.#reigns.begin(token)
    this.sideEffects.begin(token)
    this.singletons.begin(token)
    this.#meters.reignBegun()
    this.#chronicle.serves(token, this.#host.clock.now())
    this.#checkJoined()
  }

  #leaderChanged(): void {
    this.#statusChanged = true
    const { leader, self } = this.#group.state
    this.#deciding.leaderIs(leader, this.#host.clock.now())
    if (leader?.memberId !== self.memberId) this.#server.resign()
    else this.#server.lead(this.#group.nextPosition() && this.#group.commandsAfter(this.#applied))
    this.#chronicle.leads(leader?.memberId === self.memberId, this.#host.clock.now())
    if (leader) this.#noteTakeover(leader.memberId, leader.term)
    this.#serverSinceMs = this.#host.clock.now().wallMs
    this.#tellCallers()
  }

  /** Who serves; or, what is being waited for now, which may change while nobody does. */
  #tellCallers(): void {
    const { state } = this.#group
    const wait = this.#wait()
    this.#chronicle.waits(wait, this.#host.clock.now())
    const waitingFor = wait?.text ?? 'The server has not answered yet.'
    const server = state.leader && neverServes(state, state.leader.memberId) ? null : state.leader
    this.#caller.serverIs(server, this.#serverSinceMs, waitingFor, this.#applied)
    this.singletons.leaderIs(server)
  }

  /** Where nothing has to end, a hand-over goes on within the turn, and leaves with what was committed in it. */
  #yielding(): void {
    const yielded = (): void => this.#group.step({ kind: 'yielded' })
    let here = true
    this.#endReign(() => (here ? yielded() : this.#turns.enqueue(yielded)))
    here = false
  }

  /** Handlers of roles, reactions and singletons are stopped side by side; all have a time limit. */
  #endReign(done: () => void): void {
    let left = 3
    const ended = (): void => {
      left -= 1
      if (left === 0) done()
    }
    this.singletons.end(ended)
    this.#reigns.end(ended)
    this.sideEffects.end(ended)
  }

  #noteTakeover(to: MemberId, term: number): void {
    const { monotonicMs } = this.#host.clock.now()
    const from = this.#lastLeader
    if (from !== null && from !== to) {
      this.#takeover = { from, to, term, silenceMs: Math.round(monotonicMs - this.#leaderSpokeAtMs) }
      this.#meters.tookOver()
      const known = (id: MemberId): string => nameOf(this.#group.state, id)
      this.#chronicle.takenOver(this.#takeover, known, this.#leaderSpokeAtMs)
    }
    this.#lastLeader = to
    this.#leaderSpokeAtMs = monotonicMs
  }

  #checkJoined(): void {
    if (this.#joined || !isAdmitted(this.#group.state)) return
    this.#joined = true
    if (this.#parts.identity.value?.lost) this.#group.remember({ lost: null })
    this.#asides.begin()
    this.#emit({ kind: 'joined' })
  }

  /** Peers of one build know it by their hellos. */
  #tellBuild(hello: Hello): void {
    if (this.#builds.up(hello))
      this.#mesh.sendTo(hello.memberId, { channel: 'r', body: this.#builds.message })
  }

  #keepBuilds(members: readonly { readonly memberId: MemberId }[]): void {
    const { links } = this.#group.state
    const wanted = new Set([...members.map(({ memberId }) => memberId), ...voters(this.#group.state)])
    this.#builds.keep((id) => wanted.has(id) || links.has(id))
  }

  #sendRole(to: MemberId, message: RoleMessage): void {
    const body = message.t === 'call' ? this.#builds.forServer(to, message) : message
    if (to !== this.#group.state.self.memberId) return this.#mesh.sendTo(to, { channel: 'r', body })
    this.#turns.soon(() => this.#roleMessage(to, body))
  }

  #roleMessage(from: MemberId, body: RoleMessage): void {
    if (body.t === 'call') this.#server.call(from, body)
    else if (body.t === 'next') this.#caller.next(from, body)
    else if (body.t === 'read') this.#server.read(from, body.id)
    else if (body.t === 'reaction' || body.t === 'reacted') this.sideEffects.message(from, body)
    else if (body.t === 'reads') this.#builds.heard(from, body)
    else if (body.t === 'forget' || body.t === 'forgot') this.#forgetting.message(from, body)
    else if (body.t !== 'deciding' && body.t !== 'decided' && body.t !== 'stood') this.#caller.answer(body)
  }

  #left(): void {
    const done = this.#leaveDone
    if (!done) return
    this.#leaveDone = null
    this.#endCalls(() => this.#shutDown(true, null, done))
  }

  /** No new calls; those under way get their answers first, within `LAST_CALLS_MS`. */
  #endCalls(then: () => void): void {
    this.#caller.step({ kind: 'drain' })
    if (this.#caller.openCalls === 0) return then()
    this.#afterCalls = then
    this.#timers.set('last-calls', LAST_CALLS_MS)
  }

  /**
   * Of two voters the one that stops is still needed: the successor has to get its vote; and without a successor it
   * ends as the only voter, so that it can begin alone some day (rule 26).
   */
  #stopOfTwo(handedOver: boolean, end: () => void): void {
    const { state } = this.#group
    const over = handedOver
      ? () => state.leader !== null || otherOf(state) === null
      : () => !isGoingAlone(state)
    if (over()) return end()
    this.#lastWait = { over, end }
    this.#timers.set('last-wait', LAST_WAIT_MS + (handedOver ? 0 : this.#parts.settings.timing.soloMs))
  }

  #lastWaitOver(): void {
    const wait = this.#lastWait
    this.#lastWait = null
    wait?.end()
  }

  #callsEnded(): void {
    const then = this.#afterCalls
    this.#afterCalls = null
    then?.()
  }

  #fail(error: JoinError): void {
    if (this.#life === 'stopped') return
    this.#host.log.write('error', 'peer-failed', error.message, { code: error.code })
    this.#shutDown(false, error, () => {})
  }

  /** Rule 6 and 27: what cannot be kept goes into a file, and this folder gets another identity. */
  #beReborn(event: Extract<GroupEvent, { kind: 'set-aside' }>): void {
    if (this.#life !== 'running') return
    if (this.#leaveDone) return this.#left()
    this.#note('set-aside', `${event.text} Entries from ${event.from} on are set aside.`, { ...event })
    this.#rebirth = event
    this.#emit({ kind: 'setting-aside' })
    this.#shutDown(true, null, () => {})
  }

  #endForRebirth(event: Extract<GroupEvent, { kind: 'set-aside' }>): void {
    const { journal, snapshots, identity, settings } = this.#parts
    const { founding, view } = this.#group.state
    const { from, because, branch: of, text, commitIndex } = event
    const failed = (error: Error): void => {
      const what = `What this peer must set aside cannot be written; its journal stays as it is: ${error.message}`
      this.#closeFiles(() => this.#ended(new JoinError('data', what, error)))
    }
    const about = {
      app: settings.app,
      clusterId: founding?.clusterId ?? '',
      branch: of,
      from,
      committed: commitIndex,
      atMs: this.#host.clock.now().wallMs,
      because,
      text,
    }
    this.#asides.add({ journal, snapshots }, about, (error, file) => {
      if (error) return failed(error)
      // Who came in before the journal begins is in the view.
      const members = [...view.values()].map(({ address }) => address)
      const towards = event.towards ? [event.towards] : []
      const known = [...new Set([...towards, ...members, ...lastKnownAddresses(journal)])]
      const next = reborn(identity.value as Identity, this.#host.random, from, {
        rejoins: known,
        waits: because !== 'cluster',
        ...(because === 'branch' && { gaveUp: event.branch }),
      })
      identity.save(next, (unsaved) => {
        if (unsaved) return failed(unsaved)
        this.#closeFiles(() =>
          this.#wanted ? this.#ended(null) : this.#emit({ kind: 'reborn', because, text, file }),
        )
      })
    })
  }

  #ended(error: JoinError | null): void {
    this.#parts.listener.close()
    this.#emit({ kind: 'stopped', error })
  }

  /**
   * Rule 10: stop serving, say bye, close the links, and close the listener last. After a failure not one more
   * beat leaves; after a wish the links stay up until the handlers have ended.
   */
  #shutDown(leaving: boolean, error: JoinError | null, done: () => void): void {
    if (this.#life !== 'running') return done()
    this.#life = 'stopping'
    if (error) this.#group.stop()
    this.#server.resign()
    this.#chronicle.yields(null, this.#host.clock.now())
    for (const ended of this.#operations.values())
      ended({ status: 'unknown', text: 'This peer stopped before it was told of the end.' })
    this.#operations.clear()
    const { actors } = this.#parts
    const stopActors = (then: () => void): void => {
      if (!error && !this.#rebirth) return actors.stop(then)
      if (error) actors.abandon()
      else actors.pause()
      then()
    }
    const closing = (): void => {
      this.#caller.stop()
      this.#forgetting.stop()
      this.#group.stop()
      if (error?.code !== 'broken') this.#mesh.close(leaving, this.#group.lastPosition())
      this.#life = 'stopped'
      this.#asides.stop()
      this.sideEffects.stop()
      this.#timers.cancelAll()
      this.#turns.stop()
      if (this.#rebirth && !error) return this.#endForRebirth(this.#rebirth)
      this.#closeFiles(() => {
        this.#ended(error)
        done()
      })
    }
    this.#endReign(() => {
      this.singletons.stop(this.#rebirth !== null && !error)
      stopActors(closing)
    })
  }

  #closeFiles(then: () => void): void {
    const { journal, snapshots, identity, folder, gate } = this.#parts
    const close = (): void => {
      snapshots.close()
      identity.close()
      folder.close()
      gate.stop()
      then()
    }
    // By this the next start can tell whether it lost something. The next identity drops a part on purpose.
    const ends = journal.lastIndex
    journal.close((failed) => (failed || this.#rebirth ? close() : this.#group.remember({ ends }, close)))
  }
}
