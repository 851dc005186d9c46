import { PlainWorld } from '@tanist/core/testing'
import type { PlainContext, PlainNode, PlainQuality } from '@tanist/core/testing'
import { invariant } from '@tanist/core'
import type { Hello } from '@tanist/core'
import { defaultSnapshotLimits, defaultTiming, isVoter } from '../../succession/index.js'
import type { Ranking, SnapshotLimits, SuccessionMessage, Timing } from '../../succession/index.js'
import { Clients } from './clients.js'
import type { ClientSetting } from './clients.js'
import { MachineDisk } from './disk.js'
import { MachineLaws } from './laws.js'
import type { Parcel } from './parcel.js'
import { MachinePeer } from './peer.js'
import { MachineWitness, WitnessDisk } from './witness.js'
import type { PeerHooks } from './peer.js'

export interface SuccessionWorldOptions {
  readonly seed: number | string
  /** 1 to 9. */
  readonly peers: number
  readonly clients?: number
  /** Mean time between two commands of a client. */
  readonly pauseMs?: number
  /** Share of the clients' calls that are reads. */
  readonly reads?: number
  /** Size of each command. More than 256 KiB go in a message of their own. Default 16. */
  readonly commandBytes?: number
  readonly timing?: Partial<Timing>
  /** Default: a snapshot every dozen entries and hardly any journal besides, so that much is compacted and fetched. */
  readonly snapshots?: Partial<SnapshotLimits>
  /** Size of a snapshot, at least. Default 1,500. */
  readonly snapshotBytes?: number
  readonly network?: Partial<PlainQuality>
  /** Least and greatest time of a disk sync. Default 0.5 to 2. */
  readonly syncMs?: readonly [least: number, greatest: number]
  /** One more node, called `wit`, that is the witness of pairs. */
  readonly witness?: boolean
  /** Who comes first in line: the same at all. */
  readonly ranking?: Ranking
  /** What peers say of themselves. */
  readonly announced?: Readonly<Record<string, Pick<Hello, 'weight' | 'serve' | 'manifest'>>>
}

/** What machines are called, in order. */
export const machineNames: readonly string[] = [
  'ann',
  'bob',
  'cy',
  'dee',
  'eve',
  'fay',
  'gus',
  'hal',
  'ida',
  'jon',
  'kim',
  'lea',
]

export const machineActs: readonly string[] = ['hand-over', 'leave']

/** A clock that stands still is none: timers of a sleeping machine have to end up somewhere. */
const ASLEEP_RATE = 0.001
/** Little of everything, so that short runs meet every border. */
const smallSnapshots: SnapshotLimits = {
  ...defaultSnapshotLimits,
  bytes: 100_000,
  entries: 12,
  keepEntries: 4,
  keepBytes: 100_000,
  catchUpBytes: 2_000,
  pieceBytes: 256,
  piecesInFlight: 3,
}

/** As in `join.ts`. */
const LEAVE_MS = 4_000

type Undo = () => void

/**
 * The succession machines of one group on a `PlainWorld`: no actors, no codec, no roles, so that a cluster lives
 * through 20 seconds in a few milliseconds. Membership is played by `PeerLinks`, the disk by `MachineDisk`; clients
 * ask from outside. What must never happen is noticed while it runs: `laws.contradictions`.
 */
export class SuccessionWorld {
  readonly plain: PlainWorld<Parcel>
  readonly names: readonly string[]
  /** With the witness. */
  readonly allNames: readonly string[]
  readonly laws: MachineLaws
  /** Told whenever a peer does something that schedules can wait for. */
  onMoment: (name: string, moment: string) => void = () => {}
  /** No fault fires any more, whatever it still waits for. */
  peaceful = false
  /** Told of every message before it is sent. */
  onSaid: (peer: MachinePeer, message: SuccessionMessage) => void = () => {}
  #clients: Clients | null = null
  readonly #peers: (MachinePeer | null)[] = []
  readonly #disks: MachineDisk[]
  /** What cut the power of each machine; null: it has power. */
  readonly #outages: (object | null)[]
  readonly #slowMs: number[]
  readonly #timing: Timing
  readonly #syncMs: readonly [number, number]
  readonly #expect: number
  readonly #commandBytes: number
  readonly #asleep = new Set<Undo>()
  readonly #snapshotLimits: SnapshotLimits
  readonly #snapshotBytes: number
  readonly #ranking: Ranking | undefined
  readonly #announced: NonNullable<SuccessionWorldOptions['announced']>
  readonly #witnessDisk = new WitnessDisk()
  #witness: MachineWitness | null = null
  #links = 0

  constructor(options: SuccessionWorldOptions) {
    const { seed, peers, timing, network, syncMs = [0.5, 2] } = options
    invariant(peers >= 1 && peers <= machineNames.length, `1 to ${machineNames.length} peers, not ${peers}`)
    this.names = machineNames.slice(0, peers)
    this.allNames = options.witness ? [...this.names, 'wit'] : this.names
    this.#disks = this.names.map(() => new MachineDisk())
    this.#outages = this.allNames.map(() => null)
    this.#slowMs = this.allNames.map(() => 0)
    this.#timing = { ...defaultTiming, ...timing }
    this.#syncMs = syncMs
    this.#expect = peers
    this.#commandBytes = options.commandBytes ?? 16
    this.#snapshotLimits = { ...smallSnapshots, ...options.snapshots }
    this.#snapshotBytes = options.snapshotBytes ?? 1_500
    this.#ranking = options.ranking
    this.#announced = options.announced ?? {}
    this.plain = new PlainWorld<Parcel>({
      seed,
      nodes: this.allNames.length + 1,
      ordered: true,
      cuts: 'hold',
      ...(network && { quality: network }),
      node: (context) => {
        if (context.id < peers) return this.#peer(context)
        return this.allNames[context.id] === 'wit'
          ? this.#witnessNode(context)
          : this.#clientNode(context, options)
      },
    })
    this.laws = new MachineLaws(
      () => this.plain.nowMs,
      () => this.running,
    )
    this.plain.startAll()
  }

  get nowMs(): number {
    return this.plain.nowMs
  }

  get clients(): Clients {
    invariant(this.#clients, 'the clients have started')
    return this.#clients
  }

  /** The machine of the present life; null while its process is down. */
  peer(name: string): MachinePeer | null {
    const id = this.id(name)
    return this.plain.state(id) === 'down' ? null : (this.#peers[id] ?? null)
  }

  /** Those that are neither down nor paused. */
  get running(): MachinePeer[] {
    return this.#peers.filter(
      (peer, id): peer is MachinePeer => peer !== null && this.plain.state(id) === 'running',
    )
  }

  /** The one in the greatest term, when several think so. */
  get server(): MachinePeer | null {
    return newest(this.running.filter((peer) => peer.serves))
  }

  /** As `server`, and else who leads without serving yet. */
  get leader(): MachinePeer | null {
    return this.server ?? newest(this.running.filter(({ state }) => state.role.kind === 'leader'))
  }

  /** Names that play a role now. */
  resolve(target: string): string[] {
    const { leader } = this
    const from = leader ?? this.running[0]
    if (!from) return []
    const { state } = from
    // Also between its election and its first moment as the server: that is where the deep bugs are.
    if (target === 'server') return leader ? [leader.name] : []
    if (target === 'successor') return state.line.slice(0, 1)
    const members = [...state.view.values()].toSorted((a, b) => a.seniority - b.seniority)
    if (target === 'oldest') return members.slice(0, 1).map(({ name }) => name)
    if (target === 'youngest') return members.slice(-1).map(({ name }) => name)
    if (target === 'a voter') return this.names.filter((name) => isVoter(state, name))
    if (target === 'a learner')
      return this.names.filter((name) => state.view.has(name) && !isVoter(state, name))
    if (target === 'a follower') return this.names.filter((name) => name !== leader?.name)
    return []
  }

  /** Everybody runs, is admitted, holds the whole journal committed, and one of them serves. */
  get settled(): boolean {
    const { running, server } = this
    if (!server || running.length !== this.names.length) return false
    const { view, lastIndex } = server.state
    return running.every(({ name, state }) => {
      const row = view.get(name)
      return row?.incarnation === state.self.incarnation && state.commitIndex === lastIndex
    })
  }

  // Faults

  crash(name: string): Undo {
    const id = this.id(name)
    if (this.plain.state(id) === 'down') return () => {}
    this.#peers[id]?.die()
    this.#disks[id]?.crash()
    // The kernel writes the book in its own time.
    if (name === 'wit') {
      this.#witness?.die()
      this.#witnessDisk.synced()
    }
    return this.#down(id)
  }

  restart(name: string): void {
    this.crash(name)
    this.#outages[this.id(name)] = null
    this.plain.start(this.id(name))
  }

  /** Gives up its seat and ends, as `leave()` of a peer does; after a while it goes without having been let go. */
  leave(name: string): void {
    const peer = this.peer(name)
    if (!peer || this.plain.state(this.id(name)) !== 'running') return
    peer.leave()
    this.plain.schedule(this.plain.nowMs + LEAVE_MS, () => {
      if (this.peer(name) === peer) this.crash(name)
    })
  }

  /** All at one moment; nobody is told. */
  powerOff(names: readonly string[], tear: boolean): Undo {
    const undos = names
      .filter((name) => this.#outages[this.id(name)] === null)
      .map((name) => {
        const id = this.id(name)
        const outage = {}
        this.#outages[id] = outage
        this.#disks[id]?.powerOff(tear ? () => this.plain.random.next() : null)
        if (name === 'wit') this.#witnessDisk.powerOff()
        const start = this.#down(id)
        return () => {
          if (this.#outages[id] !== outage) return
          this.#outages[id] = null
          start()
        }
      })
    return () => {
      for (const undo of undos) undo()
    }
  }

  /** Syncs are told to be done, and nothing of them survives a power cut. */
  lyingDisk(name: string): Undo {
    return (this.#disks[this.id(name)] as MachineDisk).lie()
  }

  /** Every sync takes longer. */
  slowDisk(name: string, byMs: number): Undo {
    const id = this.id(name)
    this.#slowMs[id]! += byMs
    return () => void (this.#slowMs[id] = Math.max(0, this.#slowMs[id]! - byMs))
  }

  /** What became due piles up; a peer that wakes must not believe in an old lease for one moment. */
  pause(name: string): Undo {
    const id = this.id(name)
    const undo = this.plain.pause(id)
    return () => {
      undo()
      this.#woken(name)
    }
  }

  /** The machine is suspended: its monotonic clock (all but) stands still, its wall clock does not. */
  sleep(name: string): Undo {
    const id = this.id(name)
    const life = this.plain.life(id)
    if (this.plain.state(id) === 'down') return () => {}
    const undos = [this.plain.drift(id, ASLEEP_RATE), this.plain.pause(id)]
    const sinceMs = this.nowMs
    const wake = (): void => {
      if (!this.#asleep.delete(wake)) return
      this.plain.clockJump(id, (this.nowMs - sinceMs) * (1 - ASLEEP_RATE))
      for (const undo of undos) undo()
      if (this.plain.life(id) === life) this.#woken(name)
    }
    this.#asleep.add(wake)
    return wake
  }

  /** What operators and applications ask for. */
  act(name: string, act: string): void {
    const peer = this.running.find((one) => one.name === name)
    if (act === 'leave') this.leave(name)
    else if (act === 'spoil') this.spoil(name)
    else if (act === 'hand-over') {
      const { server } = this
      server?.step({ kind: 'transfer', to: peer && peer !== server ? name : null })
    } else throw new TypeError(`machines know no act "${act}"; they know ${machineActs.join(', ')}`)
  }

  reset(a: string, b: string): void {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      if (this.plain.state(this.id(one)) === 'running') this.peer(one)?.resetLink(this.id(other))
    }
  }

  /** The roles of this peer have made something else of the journal. */
  spoil(name: string): void {
    const peer = this.peer(name)
    if (!peer) return
    peer.value = (peer.value + 1) >>> 0
    this.laws.rotten.add(name)
  }

  healAll(): void {
    for (const wake of this.#asleep) wake()
    for (const name of this.names) if (this.peer(name)?.state.leaving === true) this.crash(name)
    this.#slowMs.fill(0)
    for (const disk of this.#disks) disk.heal()
    this.#outages.fill(null)
    this.plain.healAll()
  }

  id(name: string): number {
    const id = this.allNames.indexOf(name)
    invariant(id >= 0, `there is no peer ${name}`)
    return id
  }

  // Inside

  #woken(name: string): void {
    const peer = this.running.find((one) => one.name === name)
    if (peer) this.laws.woken(peer)
  }

  #down(id: number): Undo {
    const name = this.allNames[id] as string
    const start = this.plain.crash(id)
    if (name === 'wit') this.#witness = null
    else this.#peers[id] = null
    this.onMoment(name, 'crashed')
    return () => {
      start()
      if (this.plain.state(id) !== 'down') this.#outages[id] = null
    }
  }

  #peer(context: PlainContext<Parcel>): PlainNode<Parcel> {
    const { id } = context
    const [least, greatest] = this.#syncMs
    const setting = {
      names: this.allNames,
      expect: this.#expect,
      timing: this.#timing,
      disk: this.#disks[id] as MachineDisk,
      hooks: this.#hooks,
      commandBytes: this.#commandBytes,
      snapshotLimits: this.#snapshotLimits,
      snapshotBytes: this.#snapshotBytes,
      ranking: this.#ranking,
      announced: this.#announced[this.names[id] as string] ?? {},
      syncMs: () => least + context.random.next() * (greatest - least) + this.#slowMs[id]!,
      nextLink: () => ++this.#links,
      refuses: (to: number) => this.#refuses(id, to),
    }
    const peer = new MachinePeer(context, setting)
    this.#peers[id] = peer
    this.laws.started(peer)
    this.onMoment(peer.name, 'started')
    return peer
  }

  #witnessNode(context: PlainContext<Parcel>): PlainNode<Parcel> {
    const { id } = context
    const [least, greatest] = this.#syncMs
    this.#witness = new MachineWitness(context, {
      names: this.allNames,
      disk: this.#witnessDisk,
      syncMs: () => least + context.random.next() * (greatest - least) + this.#slowMs[id]!,
      nextLink: () => ++this.#links,
      refuses: (to: number) => this.#refuses(id, to),
    })
    return this.#witness
  }

  /** Nobody listens there, the machine has power, and word can go and come. */
  #refuses(from: number, to: number): boolean {
    const { plain } = this
    return (
      plain.state(to) === 'down' &&
      this.#outages[to] === null &&
      !plain.isCut(from, to) &&
      !plain.isCut(to, from)
    )
  }

  readonly #hooks: PeerHooks = {
    said: (peer, to, message) => {
      this.laws.said(peer, to, message)
      this.onSaid(peer, message)
    },
    committed: (peer, entries) => {
      this.laws.committed(peer, entries)
      this.onMoment(peer.name, 'committed')
    },
    state: (peer, index, state) => this.laws.state(peer, index, state),
    serves: (peer, token) => {
      this.plain.mix(token.term)
      this.laws.serves(peer, token)
    },
    left: (peer) =>
      this.plain.schedule(this.plain.nowMs, () => {
        if (this.peer(peer.name) === peer) this.crash(peer.name)
      }),
    moment: (peer, moment) => {
      if (moment === 'installed') this.laws.installs += 1
      this.onMoment(peer.name, moment)
    },
    ended: (peer, text) => this.laws.broken('ends', `${peer.name} stops: ${text}`),
  }

  #clientNode(context: PlainContext<Parcel>, options: SuccessionWorldOptions): Clients {
    const { clients = 2, pauseMs = 500, reads = 0.2 } = options
    const setting: ClientSetting = {
      clients,
      pauseMs,
      reads,
      servers: () => this.#peers.flatMap((peer, id) => (peer?.serves ? [id] : [])),
      answered: (op, by) => {
        this.plain.mix(op.index)
        this.laws.answered(op, this.names[by] as string)
      },
      nowMs: () => this.plain.nowMs,
    }
    this.#clients = new Clients(context, setting)
    return this.#clients
  }
}

const newest = (peers: readonly MachinePeer[]): MachinePeer | null =>
  peers.toSorted((a, b) => b.state.hard.term - a.state.hard.term)[0] ?? null
