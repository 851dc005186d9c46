import { World } from '@tanist/core/testing'
import type { WorldOptions } from '@tanist/core/testing'
import { membershipDefaults } from '@tanist/core'
import type { ActorSystem, Host, LogLevel, MemberId } from '@tanist/core'
import type { Desk } from '../gateway/index.js'
import { openPeer } from '../peer/index.js'
import type { JoinError, Look, PeerCore, PeerSettings, PeerStatus } from '../peer/index.js'
import type { AnyRole } from '../role/index.js'
import { defaultTiming, seatsFor, voters } from '../succession/index.js'
import { rolesFor, witnessRoles } from './env.js'
import type { Roles } from './env.js'
import { HistoryRecorder } from './history/index.js'
import type { RecordedReign, Sample, StrangerAct } from './history/index.js'
import { ledger } from './ledger.js'
import { Meter } from './meter.js'
import { PeerMoments } from './moments.js'
import { startStranger } from './strangers.js'
import { Desks } from './desks.js'
import type { DesksOptions } from './desks.js'
import { resolveTarget } from './targets.js'
import { show } from './value-text.js'

export interface ClusterOptions {
  readonly seed: number | string
  readonly peers: number
  /** Default: the ledger. */
  readonly roles?: Roles
  /** What peers run after a fault `upgrade` to this version; any other version runs `roles`. */
  readonly versions?: Readonly<Record<string, Roles>>
  /** Machines that are no peers and press peers to talk to them: see S11. Default 0. */
  readonly strangers?: number
  /** Data folders to start from, by peer: file name to content. */
  readonly disks?: Readonly<Record<string, Readonly<Record<string, Uint8Array>>>>
  readonly world?: Omit<WorldOptions, 'seed'>
  readonly settings?: Partial<PeerSettings>
  /** What one peer has besides: asked at each of its starts. */
  readonly settingsOf?: (node: string, life: number) => Partial<PeerSettings>
  /** Puts something between a peer and its host: for tests that plant a fault there. */
  readonly host?: (host: Host, node: string, life: number) => Host
  /** How peers find each other besides their seeds. Default: not at all. */
  readonly look?: (host: Host, node: string) => Look
  /** Peers take processes that are no members. Default: they do not. */
  readonly clients?: DesksOptions
  /** Told of each identity of each peer before it starts; after a loss a process goes on under another one. */
  readonly onPeer?: (node: string, core: PeerCore) => void
}

/** What a peer process is at the moment: the object that its present life made. */
interface Running {
  readonly life: number
  readonly core: PeerCore
  readonly moments: PeerMoments
}

const FAILURES_KEPT = 10
const LEAVE_MS = 5_000
const NAMES = ['ann', 'bob', 'cy', 'dee', 'eve', 'fay', 'gus', 'hal', 'ida']
const DATA = '/data'
/** As many as `expect` may be. */
const MOST_EXPECTED = 16

export function peerNames(peers: number): string[] {
  return Array.from({ length: peers }, (_, i) => NAMES[i] ?? `p${i + 1}`)
}

/**
 * Whole peers, the production code from join to disk, in a simulated office; what they do is written down in
 * `recorder`, and the laws look at that. Publishes the moments `appended`, `committed`, `voted` (also for itself),
 * `elected`, `serves`, `yields`, `restored` and `admitted` of its peers to the world; a workload adds `acknowledged` of the
 * server. `appended` and `voted` come before that is synced.
 */
export class Cluster {
  readonly world: World
  readonly names: readonly string[]
  readonly strangers: readonly string[]
  readonly recorder: HistoryRecorder = new HistoryRecorder()
  readonly strangerActs: StrangerAct[] = []
  /** Peers that ended by themselves, in order. */
  readonly ended: { readonly node: string; readonly life: number; readonly error: JoinError | null }[] = []
  readonly log: string[] = []
  /** What commands threw, the first few; callers hear less. */
  readonly failures: string[] = []
  readonly #options: ClusterOptions
  readonly #meter = new Meter()
  readonly #desks: Desks | null
  readonly #running = new Map<string, Running>()
  readonly #ids = new Map<MemberId, string>()
  /** Peers that were asked to leave or stop, and machines on which no peer shall run after that. */
  readonly #wanted = new Set<PeerCore>()
  readonly #out = new Map<string, string>()
  readonly #keepLog: boolean
  #roleNames: readonly string[] = []

  constructor(options: ClusterOptions) {
    const { seed, peers, world = {}, strangers = 0, disks = {} } = options
    this.#options = options
    this.#desks = options.clients ? new Desks(options.clients) : null
    this.world = new World({ ...world, seed })
    this.#keepLog = world.trace === true
    this.names = peerNames(peers)
    this.strangers = Array.from({ length: strangers }, (_, i) => `stranger${i + 1}`)
    for (const name of this.names) {
      this.world.node(name, {
        address: `${name}:1`,
        start: (given, life, { version }) => this.#start(name, life, given, version),
      })
      const files = disks[name]
      if (files) this.world.disk(name).load(DATA, files)
    }
    for (const name of this.strangers) {
      this.world.node(name, {
        address: `${name}:1`,
        start: (given) =>
          startStranger(given, this.#addresses, (act) => void this.strangerActs.push({ node: name, ...act })),
      })
    }
    this.world.onMoment((node, moment) => {
      if (moment === 'crashed') this.recorder.servesNoMore(node, this.world.nowMs)
    })
  }

  get #addresses(): string[] {
    return this.names.map((name) => `${name}:1`)
  }

  /** The peer that runs there now, if its process lives and has opened its files. */
  peer(name: string): PeerCore | null {
    const running = this.#running.get(name)
    if (!running || running.life !== this.world.life(name)) return null
    const state = this.world.state(name)
    return state === 'stopped' || state === 'no power' ? null : running.core
  }

  /** The desk of the peer that runs there now, where clients are taken. */
  desk(name: string): Desk | null {
    return this.#desks?.at(name, this.world.life(name)) ?? null
  }

  /** The actors of the peer that runs there now; throws when none does. */
  actors(name: string): ActorSystem {
    const core = this.peer(name)
    if (core === null) throw new Error(`No peer runs on ${name}, so it has no actors now.`)
    return core.actors
  }

  isRunning(name: string): boolean {
    return this.peer(name) !== null && this.world.state(name) === 'running'
  }

  /** It was asked to leave or to stop. */
  isEnding(name: string): boolean {
    const core = this.peer(name)
    return core !== null && this.#wanted.has(core)
  }

  /** The present process of this machine has ended by itself: what it said, else null. */
  endedBy(name: string): string | null {
    const found = this.ended.findLast(({ node, life }) => node === name && life === this.world.life(name))
    return found ? (found.error?.message ?? 'without an error') : null
  }

  server(): string | null {
    return this.names.find((name) => this.isRunning(name) && this.peer(name)?.serves) ?? null
  }

  get reigns(): readonly RecordedReign[] {
    return this.recorder.reigns
  }

  /** Names that play a role now: see `clusterRoles`. */
  resolve(target: string): string[] {
    const status = this.#someStatus()
    return status ? resolveTarget(target, status) : []
  }

  startAll(): void {
    for (const name of this.names) this.start(name)
  }

  /** Starts a peer, also one that has left or was stopped. */
  start(name: string): void {
    this.#out.delete(name)
    this.world.start(name)
  }

  /** Nothing is expected of this machine any more: no process runs on it, and `settled` does without it. */
  giveUp(name: string, why: string): void {
    this.#out.set(name, why)
    this.world.crash(name)
  }

  /** Machines that do without a peer, and why. */
  get out(): ReadonlyMap<string, string> {
    return this.#out
  }

  /** The peer gives up its seat, and its process ends. */
  leave(name: string, then: () => void = () => {}): void {
    this.#end(name, 'it was asked to leave', then, (core, done) => core.leave(LEAVE_MS, done))
  }

  /** The peer stops and keeps its seat; its process ends. */
  stop(name: string, then: () => void = () => {}): void {
    this.#end(name, 'it was asked to stop', then, (core, done) => core.stop(done))
  }

  /** Names of the voters in the journal of the server (when nobody serves, of whoever knows most), sorted. */
  get voters(): string[] {
    return this.seats.map(({ node }) => node)
  }

  /** As `voters`; `vacant` when another identity runs on that machine now, so that nobody can cast the vote. */
  get seats(): { readonly node: string; readonly vacant: boolean }[] {
    const core = this.#bestInformed()
    if (core === null) return []
    const seats = voters(core.succession).map((id) => {
      const node = this.#nameOf(id)
      return { node, vacant: (this.peer(node)?.succession.self.memberId ?? id) !== id }
    })
    return seats.toSorted((a, b) => (a.node < b.node ? -1 : 1))
  }

  votersOf(core: PeerCore): string[] {
    return voters(core.succession)
      .map((id) => this.#nameOf(id))
      .toSorted()
  }

  /** Everyone who shall run does, is admitted, linked, has applied the same, and one of them serves. */
  get settled(): boolean {
    const wanted = this.names.filter((name) => this.world.life(name) > 0 && !this.#out.has(name))
    const running = wanted.filter((name) => this.isRunning(name) && this.endedBy(name) === null)
    const cores = running.map((name) => this.peer(name) as PeerCore)
    const server = cores.find((core) => core.serves)
    if (!server || cores.length !== wanted.length) return false
    // Asked at every moment: what is cheap comes first.
    const { lastIndex, view, self } = server.succession
    if (view.size !== cores.length || cores.some((core) => core.appliedIndex !== lastIndex)) return false
    return cores.every(({ succession }) => {
      const admitted = view.get(succession.self.memberId)?.incarnation === succession.self.incarnation
      return admitted && succession.leader?.memberId === self.memberId
    })
  }

  /** As many have a vote as the cluster will ever give one: before that a founder cannot be done without. */
  get seated(): boolean {
    return this.voters.length >= seatsFor(this.names.length)
  }

  /** Everyone who runs follows one server that serves. */
  get oneServer(): boolean {
    const cores = this.names.flatMap((name) => (this.isRunning(name) ? (this.peer(name) ?? []) : []))
    const server = cores.find((core) => core.serves)
    const id = server?.succession.self.memberId
    return server !== undefined && cores.every(({ succession }) => succession.leader?.memberId === id)
  }

  get timing(): { readonly electionMs: number; readonly removeMs: number } {
    const { timing, membership } = this.#options.settings ?? {}
    return {
      electionMs: timing?.silenceMinMs ?? defaultTiming.silenceMinMs,
      removeMs: membership?.removeMs ?? membershipDefaults.removeMs,
    }
  }

  get roleNames(): readonly string[] {
    return this.#roleNames
  }

  /** Sizes now, and traffic since the last call. */
  sample(): Sample {
    const { frames, bytes, bufferedBytes } = this.#meter
    this.#meter.frames = 0
    this.#meter.bytes = 0
    const tails = this.names.map((name) => {
      const core = this.isRunning(name) ? this.peer(name) : null
      return core === null ? 0 : core.succession.lastIndex - core.succession.commitIndex
    })
    return { atMs: this.world.nowMs, frames, bytes, bufferedBytes, tail: Math.max(...tails) }
  }

  /** The roles as one more life would have them, on a machine that nobody hears of. */
  witness(): readonly AnyRole[] {
    const version = this.recorder.starts.at(-1)?.version ?? ''
    return witnessRoles(this.#rolesOf(version), version, this.#options.seed)
  }

  #rolesOf(version: string): Roles {
    const { roles = [ledger], versions = {} } = this.#options
    return versions[version] ?? roles
  }

  #nameOf(id: MemberId): string {
    return this.#ids.get(id) ?? id
  }

  #bestInformed(): PeerCore | null {
    const server = this.server()
    if (server !== null) return this.peer(server)
    const cores = this.names.flatMap((name) => (this.isRunning(name) ? (this.peer(name) ?? []) : []))
    const [best = null] = cores.toSorted((a, b) => b.succession.commitIndex - a.succession.commitIndex)
    return best
  }

  #someStatus(): PeerStatus | null {
    const from = this.server() ?? this.names.find((name) => this.isRunning(name))
    return from === undefined ? null : (this.peer(from)?.status() ?? null)
  }

  #end(name: string, why: string, then: () => void, ask: (core: PeerCore, done: () => void) => void): void {
    const core = this.peer(name)
    if (!core) return then()
    this.#wanted.add(core)
    const life = this.world.life(name)
    const asked = (done: () => void): void => {
      const desk = this.desk(name)
      if (desk) desk.leave(() => ask(core, done))
      else ask(core, done)
    }
    asked(() => {
      this.#out.set(name, why)
      this.world.schedule(this.world.nowMs, () => {
        if (this.world.life(name) === life) this.world.crash(name)
        then()
      })
    })
  }

  #start(node: string, life: number, given: Host, version: string): void {
    if (this.#out.has(node)) return
    const { settings = {}, settingsOf, host: between } = this.#options
    const write = (level: LogLevel, event: string, text: string, data?: Record<string, unknown>): void => {
      given.log.write(level, event, text, data)
      const error = data?.['error']
      if (event === 'command-failed' && error !== undefined && this.failures.length < FAILURES_KEPT)
        this.failures.push(error instanceof Error ? `${error.name}: ${error.message}` : show(error))
      // Strangers are there to send what cannot be read.
      const from = String(data?.['remote'])
      if (event === 'frame-refused' && !this.strangers.some((name) => from.startsWith(`${name}:`)))
        this.recorder.refusedFrames.push({ node, atMs: this.world.nowMs, text })
      if (this.#keepLog)
        this.log.push(`${(this.world.nowMs / 1000).toFixed(3)} ${node} ${level} ${event}: ${text}`)
    }
    const wrote = (file: string): void => {
      const running = this.#running.get(node)
      if (file.startsWith('journal')) this.world.moment(node, 'appended')
      else if (file.startsWith('identity') && running?.life === life) running.moments.identityWritten()
    }
    const counted = this.#meter.host({ ...given, log: { write } }, wrote)
    const host = between ? between(counted, node, life) : counted
    const nowMs = (): number => this.world.nowMs
    const roles = rolesFor(this.#rolesOf(version), { node, life, host, version, nowMs })
    this.#roleNames = roles.map((role) => role.name)
    const own: PeerSettings = {
      app: 'sim',
      roles,
      name: node,
      listen: '0.0.0.0:1',
      seeds: this.#addresses.filter((address) => address !== `${node}:1`),
      data: DATA,
      expect: Math.min(this.names.length, MOST_EXPECTED),
      ...settings,
      ...settingsOf?.(node, life),
    }
    const opened = (error: JoinError | null, core: PeerCore | null): void => {
      if (core) this.#watch(node, life, version, core, this.#roleNames)
      if (core) this.#desks?.begun(node, life, core)
      else this.#ended(node, life, error)
    }
    const desk = this.#desks?.open(node, life, host, roles) ?? null
    openPeer(host, own, opened, this.#options.look?.(host, node) ?? null, desk)
  }

  #watch(node: string, life: number, version: string, core: PeerCore, roles: readonly string[]): void {
    const { recorder, world } = this
    const { self, hard, lastIndex } = core.succession
    const moments = new PeerMoments(world, recorder, node, core)
    this.#running.set(node, { life, core, moments })
    this.#ids.set(self.memberId, node)
    recorder.identity(self.memberId, self.incarnation, node, life)
    recorder.started(
      { node, life, version, atMs: world.nowMs, term: hard.term, lastIndex },
      core.appliedIndex,
    )
    core.onRestored = (index) => {
      recorder.restored(node, index)
      world.moment(node, 'restored')
    }
    core.onCommitted = (entries) => {
      recorder.committed(node, entries, world.nowMs)
      world.moment(node, 'committed')
    }
    core.onServe = ({ term, index }) => {
      recorder.serves({ node, life, term, index, fromMs: world.nowMs, beside: this.#besides(node) })
      world.moment(node, 'serves')
    }
    this.#options.onPeer?.(node, core)
    for (const name of roles)
      core.roles.observe(name, () => recorder.watched(node, core.appliedIndex, world.nowMs))
    core.observe((event) => {
      moments.look(event)
      if (event.kind === 'status' || event.kind === 'joined')
        recorder.tells(node, core.status().members, world.nowMs)
      if (event.kind === 'stopped' && (event.error !== null || !this.#wanted.has(core)))
        this.#ended(node, life, event.error)
      // It goes on; but what it had been told is committed was not: to the laws that is an end.
      if (event.kind === 'reborn' && event.because === 'committed')
        recorder.endings.push({ node, life, atMs: world.nowMs, code: 'data', text: event.text })
    })
  }

  #ended(node: string, life: number, error: JoinError | null): void {
    this.ended.push({ node, life, error })
    const text = error?.message ?? 'without an error'
    this.recorder.endings.push({ node, life, atMs: this.world.nowMs, code: error?.code ?? null, text })
  }

  /** Who else would answer as the server now, if something reached it. */
  #besides(node: string): RecordedReign['beside'] {
    return this.names
      .filter((other) => other !== node && this.isRunning(other) && this.peer(other)?.wouldServe)
      .map((other) => ({ node: other, term: this.peer(other)?.succession.hard.term ?? 0 }))
  }
}
