import { World } from '@tanist/core/testing'
import type { WorldOptions } from '@tanist/core/testing'
import type { Entry, Host, LogLevel, MemberId } from '@tanist/core'
import { openPeer } from '../peer/index.js'
import type { JoinError, PeerCore, PeerSettings } from '../peer/index.js'
import type { AnyRole } from '../role/index.js'
import { voters } from '../succession/index.js'
import { ledger } from './ledger.js'

export interface ClusterOptions {
  readonly seed: number | string
  readonly peers: number
  readonly roles?: readonly AnyRole[]
  readonly world?: Omit<WorldOptions, 'seed'>
  readonly settings?: Partial<PeerSettings>
  /** Puts something between a peer and its host: for tests that plant a fault there. */
  readonly host?: (host: Host, node: string, life: number) => Host
}

/** What a peer process is at the moment: the object that its present life made. */
interface Running {
  readonly life: number
  readonly core: PeerCore
}

export interface Served {
  readonly node: string
  readonly term: number
  readonly atMs: number
}

export interface Contradiction {
  readonly law: string
  readonly text: string
}

const LEAVE_MS = 5_000
const NAMES = ['ann', 'bob', 'cy', 'dee', 'eve', 'fay', 'gus', 'hal', 'ida']

/**
 * Whole peers, the production code from join to disk, in a simulated office. Watches what must never happen
 * while they run: `contradictions` is checked by `checkLaws`.
 */
export class Cluster {
  readonly world: World
  readonly names: readonly string[]
  readonly contradictions: Contradiction[] = []
  readonly ended: { readonly node: string; readonly life: number; readonly error: JoinError | null }[] = []
  readonly served: Served[] = []
  readonly log: string[] = []
  readonly #running = new Map<string, Running>()
  readonly #committed = new Map<number, string>()
  readonly #terms = new Map<number, string>()
  /** The greatest term in which a machine served. */
  readonly #reached = new Map<string, number>()
  readonly #ids = new Map<MemberId, string>()
  /** Peers that were asked to leave or stop, and machines on which no peer shall run after that. */
  readonly #wanted = new Set<PeerCore>()
  readonly #out = new Set<string>()
  readonly #host: NonNullable<ClusterOptions['host']>
  #keepLog = false

  constructor({ seed, peers, roles = [ledger], world = {}, settings = {}, host }: ClusterOptions) {
    this.world = new World({ ...world, seed })
    this.#keepLog = world.trace === true
    this.#host = host ?? ((same) => same)
    this.names = NAMES.slice(0, peers)
    const addresses = this.names.map((name) => `${name}:1`)
    for (const name of this.names) {
      const address = `${name}:1`
      const start = (given: Host, life: number): void => {
        const seeds = addresses.filter((other) => other !== address)
        this.#open(name, life, given, {
          app: 'sim',
          roles,
          name,
          listen: address,
          seeds,
          data: '/data',
          expect: peers,
          ...settings,
        })
      }
      this.world.node(name, { address, start })
    }
  }

  /** The peer that runs there now, if its process lives and has opened its files. */
  peer(name: string): PeerCore | null {
    const running = this.#running.get(name)
    if (!running || running.life !== this.world.life(name)) return null
    return this.world.state(name) === 'running' || this.world.state(name) === 'paused' ? running.core : null
  }

  isRunning(name: string): boolean {
    return this.peer(name) !== null && this.world.state(name) === 'running'
  }

  /** It was asked to leave or to stop. */
  isEnding(name: string): boolean {
    const core = this.peer(name)
    return core !== null && this.#wanted.has(core)
  }

  server(): string | null {
    return this.names.find((name) => this.isRunning(name) && this.peer(name)?.serves) ?? null
  }

  /** Names that play a role now: `server`, `successor`, `oldest`, `youngest`. */
  resolve(target: string): string[] {
    const server = this.server()
    const from = server ?? this.names.find((name) => this.isRunning(name))
    const status = from === undefined ? null : (this.peer(from)?.status() ?? null)
    if (!status) return []
    if (target === 'server') return status.server ? [status.server.name] : []
    if (target === 'successor') return status.successors.slice(0, 1).map((member) => member.name)
    if (target === 'oldest') return status.members.slice(0, 1).map((member) => member.name)
    if (target === 'youngest') return status.members.slice(-1).map((member) => member.name)
    return []
  }

  startAll(): void {
    for (const name of this.names) this.start(name)
  }

  /** Starts a peer, also one that has left or was stopped. */
  start(name: string): void {
    this.#out.delete(name)
    this.world.start(name)
  }

  /** The peer gives up its seat, and its process ends. */
  leave(name: string, then: () => void = () => {}): void {
    this.#end(name, then, (core, done) => core.leave(LEAVE_MS, done))
  }

  /** The peer stops and keeps its seat; its process ends. */
  stop(name: string, then: () => void = () => {}): void {
    this.#end(name, then, (core, done) => core.stop(done))
  }

  /** Names of the voters in the journal of the server (of anybody, when nobody serves), sorted. */
  get voters(): string[] {
    const from = this.server() ?? this.names.find((name) => this.isRunning(name))
    const core = from === undefined ? null : this.peer(from)
    return core === null
      ? []
      : voters(core.succession)
          .map((id) => this.#ids.get(id) ?? id)
          .toSorted()
  }

  /** Everyone who shall run does, is admitted, linked, has applied the same, and one of them serves. */
  get settled(): boolean {
    const wanted = this.names.filter((name) => this.world.life(name) > 0 && !this.#out.has(name))
    const running = wanted.filter((name) => this.isRunning(name))
    const cores = running.map((name) => this.peer(name) as PeerCore)
    const server = cores.find((core) => core.serves)
    if (!server || cores.length !== wanted.length) return false
    const { lastIndex, members } = server.status()
    if (members.length !== cores.length) return false
    return cores.every((core) => {
      const status = core.status()
      const current = members.some(
        (m) => m.id === status.self.id && m.incarnation === status.self.incarnation,
      )
      return current && core.appliedIndex === lastIndex && status.server?.id === server.status().self.id
    })
  }

  #end(name: string, then: () => void, ask: (core: PeerCore, done: () => void) => void): void {
    const core = this.peer(name)
    if (!core) return then()
    this.#wanted.add(core)
    const life = this.world.life(name)
    ask(core, () => {
      this.#out.add(name)
      this.world.schedule(this.world.nowMs, () => {
        if (this.world.life(name) === life) this.world.crash(name)
        then()
      })
    })
  }

  #open(node: string, life: number, host: Host, settings: PeerSettings): void {
    if (this.#out.has(node)) return
    const log = {
      write: (level: LogLevel, event: string, text: string) => this.#write(node, level, event, text),
    }
    openPeer(this.#host({ ...host, log }, node, life), settings, (error, core) => {
      if (core) this.#watch(node, life, core)
      else this.ended.push({ node, life, error })
    })
  }

  #write(node: string, level: LogLevel, event: string, text: string): void {
    if (this.#keepLog)
      this.log.push(`${(this.world.nowMs / 1000).toFixed(3)} ${node} ${level} ${event}: ${text}`)
  }

  #watch(node: string, life: number, core: PeerCore): void {
    this.#running.set(node, { life, core })
    this.#ids.set(core.succession.self.memberId, node)
    core.onCommitted = (entries) => this.#onCommitted(node, entries)
    core.onServe = (token) => this.#onServe(node, token.term)
    core.observe((event) => {
      if (event.kind !== 'stopped' || (event.error === null && this.#wanted.has(core))) return
      this.ended.push({ node, life, error: event.error })
    })
    this.#checkTerm(node, core.succession.hard.term)
  }

  /** S5: what was said in a term is not forgotten by a restart. */
  #checkTerm(node: string, term: number): void {
    const reached = this.#reached.get(node) ?? 0
    if (term < reached) this.#contradict('S5', `${node} served in term ${reached} and restarts in ${term}`)
  }

  /** S4: journals agree on the committed prefix. */
  #onCommitted(node: string, entries: readonly Entry[]): void {
    for (const { index, term, kind, payload } of entries) {
      const print = `${term}/${kind}/${new TextDecoder().decode(payload)}`
      const known = this.#committed.get(index)
      if (known === undefined) this.#committed.set(index, print)
      else if (known !== print)
        this.#contradict('S4', `${node} holds ${print} committed at ${index}, others ${known}`)
    }
  }

  /** S1 and promise P2: one server a term, and none serves while another does. */
  #onServe(node: string, term: number): void {
    const { nowMs } = this.world
    this.served.push({ node, term, atMs: nowMs })
    const known = this.#terms.get(term)
    if (known !== undefined && known !== node)
      this.#contradict('S1', `${known} and ${node} both served in term ${term}`)
    this.#terms.set(term, node)
    this.#reached.set(node, Math.max(term, this.#reached.get(node) ?? 0))
    for (const other of this.names) {
      if (other === node || !this.isRunning(other)) continue
      if (this.peer(other)?.wouldServe)
        this.#contradict('P2', `${node} begins to serve in term ${term} while ${other} does`)
    }
  }

  #contradict(law: string, text: string): void {
    this.contradictions.push({ law, text: `${(this.world.nowMs / 1000).toFixed(3)} s: ${text}` })
  }
}
