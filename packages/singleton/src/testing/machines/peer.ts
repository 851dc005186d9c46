import type { Entry, Hello, SnapshotId } from '@tanist/core'
import type { PlainContext, PlainNode } from '@tanist/core/testing'
import { createSuccession, leaseHolds, stepSuccession, wantsSnapshot } from '../../succession/index.js'
import type {
  FencingToken,
  HardState,
  Leader,
  Ranking,
  SnapshotLimits,
  SnapshotMeta,
  Succession,
  SuccessionEffect,
  SuccessionInput,
  SuccessionMessage,
  Timing,
} from '../../succession/index.js'
import type { MachineDisk, MachineFile } from './disk.js'
import { PeerLinks } from './links.js'
import type { LinkPorts } from './links.js'
import type { Parcel } from './parcel.js'
import { decode, encode, nextState } from './snapshots.js'

/** What a peer tells whoever watches. */
export interface PeerHooks {
  said(peer: MachinePeer, to: string, message: SuccessionMessage): void
  committed(peer: MachinePeer, entries: readonly Entry[]): void
  /** Its state is this number, right after this entry; also by a snapshot. */
  state(peer: MachinePeer, index: number, state: number): void
  serves(peer: MachinePeer, token: FencingToken): void
  /** A happening that schedules can wait for. */
  moment(peer: MachinePeer, name: string): void
  /** It gave up its seat, and ends. */
  left(peer: MachinePeer): void
  ended(peer: MachinePeer, text: string): void
}

export interface PeerSetting {
  readonly names: readonly string[]
  readonly expect: number
  readonly timing: Timing
  readonly disk: MachineDisk
  readonly hooks: PeerHooks
  /** Size of a command, at least. */
  readonly commandBytes: number
  readonly snapshotLimits: SnapshotLimits
  readonly snapshotBytes: number
  readonly ranking: Ranking | undefined
  readonly announced: Pick<Hello, 'weight' | 'serve' | 'manifest'>
  readonly syncMs: () => number
  readonly nextLink: () => number
  readonly refuses: (to: number) => boolean
}

interface Waiter {
  readonly client: number
  readonly op: number
  readonly term: number
}

/** Answers to one round come within about 2 ms. */
const TURN_MS = 1

const encoder = new TextEncoder()

/**
 * The shell around one succession machine in its one life: the same contract as `peer/group.ts`, with memory for a
 * disk and numbered parcels for links. Clients' commands are answered as the server does it: on commit, and only
 * as long as it has led without a break.
 */
export class MachinePeer implements PlainNode<Parcel>, LinkPorts {
  readonly name: string
  readonly context: PlainContext<Parcel>
  readonly state: Succession
  readonly #setting: PeerSetting
  readonly #links: PeerLinks
  readonly #waiters = new Map<number, Waiter>()
  readonly #reads = new Map<number, Waiter>()
  /** What the syncs of snapshots are waited for. */
  readonly #snapshots = new Map<number, () => void>()
  readonly #reserved: HardState[] = []
  #lastSnapshot = 0
  /** The number that stands for the state of the roles, and the entry that it is right after. */
  value = 0
  applied = 0
  #lastRead = 0
  #yields = 0
  readonly #waiting: (() => void)[] = []
  #batch = false
  #stopped = false

  constructor(context: PlainContext<Parcel>, setting: PeerSetting) {
    this.context = context
    this.name = setting.names[context.id] as string
    this.#setting = setting
    const { timing, expect, disk } = setting
    const damage = disk.reopen()
    if (damage !== null) {
      this.#stopped = true
      setting.hooks.ended(this, damage)
    }
    const base = disk.snapshots.newest
    if (base) {
      this.value = base.state
      this.applied = base.meta.index
      setting.hooks.state(this, this.applied, this.value)
    }
    const self = this.#hello(base?.meta.founding.clusterId ?? null)
    const config = {
      ...(base && { base: base.meta, baseDigest: String(base.state) }),
      snapshots: disk.snapshots,
      snapshotLimits: setting.snapshotLimits,
      self,
      app: 'machines',
      mode: 'consistent' as const,
      expect,
      timing,
      hard: disk.hard,
      log: disk,
      ...(setting.ranking !== undefined && { ranking: setting.ranking }),
    }
    this.state = createSuccession(config, context.now())
    this.#links = new PeerLinks(this)
  }

  get disk(): MachineDisk {
    return this.#setting.disk
  }

  get serves(): boolean {
    const { role } = this.state
    return role.kind === 'leader' && role.serving && !this.#stopped
  }

  /** Whether the next input would find it still serving. */
  get wouldServe(): boolean {
    const { role } = this.state
    if (role.kind !== 'leader' || !this.serves) return false
    const { context, state } = this
    return leaseHolds({ s: state, now: context.now(), random: context.random, out: [] }, role)
  }

  start(): void {
    if (this.#stopped) return
    this.step({ kind: 'start' })
    this.#links.start()
    this.#flush()
  }

  message(_context: PlainContext<Parcel>, from: number, parcel: Parcel): void {
    if (this.#stopped) return
    if (parcel.k === 'said') {
      const incarnation = this.#links.hear(from, parcel.link)
      if (incarnation === 0) return
      const { message, entries } = parcel
      this.step({ kind: 'message', from: this.#setting.names[from] as string, incarnation, message, entries })
    } else if (parcel.k === 'beat') {
      this.#links.hear(from, parcel.link)
      return
    } else this.#other(from, parcel)
    this.#flush()
  }

  #other(from: number, parcel: Parcel): void {
    if (parcel.k === 'dial') this.#links.onDial(from, parcel.link, parcel.hello)
    else if (parcel.k === 'welcome') this.#links.onWelcome(from, parcel.link, parcel.hello)
    else if (parcel.k === 'hello') this.#links.onHello(from, parcel.link, parcel.hello)
    else if (parcel.k === 'close') this.#links.onClose(from, parcel.link)
    else if (parcel.k === 'call') this.#call(from, parcel.op, parcel.read)
  }

  timer(_context: PlainContext<Parcel>, key: string): void {
    if (this.#stopped) return
    if (key === 'watch') this.#links.watch()
    else if (key === 'journal' || key === 'register' || key === 'snapshot') this.#synced(key)
    else if (key.startsWith('refused ')) this.#links.onRefused(Number(key.slice(8)))
    else if (key === 'yielded') this.#yielded()
    else if (key === 'later') for (const then of this.#waiting.splice(0)) then()
    else if (key === 'flush') return this.#flushNow()
    else this.step({ kind: 'timer', key })
    this.#flush()
  }

  // For the links

  get peers(): number {
    return this.#setting.names.length
  }

  hello(): Hello {
    return this.#hello(this.state.founding?.clusterId ?? null)
  }

  nextLink(): number {
    return this.#setting.nextLink()
  }

  refuses(to: number): boolean {
    return this.#setting.refuses(to)
  }

  /** The kernel closes what a process leaves behind. */
  die(): void {
    for (let id = 0; id < this.peers; id++) {
      if (id === this.context.id) continue
      const link = this.#links.linkTo(id)
      if (link > 0) this.context.send(id, { k: 'close', link })
    }
  }

  /** Both ends lose this link, while both processes live on. */
  resetLink(id: number): void {
    const link = this.#links.linkTo(id)
    if (link > 0) this.#links.onClose(id, link)
  }

  leave(): void {
    this.step({ kind: 'leave' })
    this.#flush()
  }

  step(input: SuccessionInput): void {
    const { context, state } = this
    for (const effect of stepSuccession(state, input, context.now(), context.random)) this.#run(effect)
  }

  /** What comes within a turn is one batch, as on a busy event loop. Nobody but a leader has anything to flush. */
  #flush(): void {
    if (this.#batch || this.state.role.kind !== 'leader') return
    this.#batch = true
    this.context.timer('flush', TURN_MS)
  }

  #flushNow(): void {
    this.#batch = false
    if (!this.#stopped) this.step({ kind: 'flush' })
  }

  #hello(clusterId: string | null): Hello {
    const { name } = this
    return {
      protocol: 1,
      memberId: name,
      incarnation: this.context.life,
      name,
      address: `${name}:1`,
      clusterId,
      mode: 'consistent',
      known: [],
      ...this.#setting.announced,
    }
  }

  #run(effect: SuccessionEffect): void {
    const { context, disk } = this
    const { hooks } = this.#setting
    switch (effect.kind) {
      case 'send':
        return this.#send(effect)
      case 'timer':
        return context.timer(effect.key, effect.afterMs)
      case 'persist': {
        const { hard } = disk
        this.#sync('register', disk.persist(effect.hard, effect.ticket))
        return this.#voted(hard, effect.hard)
      }
      case 'reserve': {
        // Tickets of `persist` count up from 1.
        const ticket = -1 - this.#reserved.length
        this.#reserved.push(effect.hard)
        return this.#sync('register', disk.persist(effect.hard, ticket))
      }
      case 'append':
        this.#sync('journal', disk.append(effect.entries, effect.ticket))
        return hooks.moment(this, 'appended')
      case 'truncate':
        return this.#sync('journal', disk.truncateFrom(effect.from))
      case 'reset':
        return this.#sync('journal', disk.reset(effect.index, effect.term))
      case 'drop':
        return this.#sync('journal', disk.dropPrefix(effect.below))
      case 'forget':
        return disk.snapshots.forget(effect.id)
      case 'capture':
        return this.#capture(effect.meta)
      case 'receive':
        hooks.moment(this, 'receiving')
        return disk.snapshots.receive(effect.id, effect.offset, effect.bytes)
      case 'install':
        return this.#install(effect.id)
      case 'committed':
        for (const entry of effect.entries) this.value = nextState(this.value, entry)
        hooks.committed(this, effect.entries)
        this.applied = effect.entries.at(-1)?.index ?? this.applied
        return this.#answerCommitted(effect.entries)
      case 'serve':
        hooks.serves(this, effect.token)
        return hooks.moment(this, 'serves')
      case 'yield':
        this.#yields += 1
        context.timer('yielded', 2 * context.random.next())
        return hooks.moment(this, 'yields')
      case 'leader':
        return this.#leaderIs(effect.leader)
      case 'cluster':
        return this.#links.tellAll()
      case 'readable':
      case 'unreadable':
        return this.#answerRead(effect.id, effect.kind === 'readable' ? effect.index : null)
      case 'probe':
        return this.#links.probe(this.#setting.names.indexOf(effect.memberId))
      case 'left':
        this.#stopped = true
        return hooks.left(this)
      case 'set-aside':
      case 'fatal':
        this.#stopped = true
        return hooks.ended(this, effect.text)
      default:
        return
    }
  }

  #send({ to, message, entries = [] }: Extract<SuccessionEffect, { kind: 'send' }>): void {
    const id = this.#setting.names.indexOf(to)
    this.#setting.hooks.said(this, to, message)
    const link = this.#links.use(id)
    if (link > 0) this.context.send(id, { k: 'said', link, message, entries })
    const grants =
      message.t === 'voted' ? message.granted && !message.pre : message.t === 'stand' && message.vote === true
    if (grants) this.#setting.hooks.moment(this, 'granted')
  }

  #voted(before: HardState, now: HardState): void {
    if (now.votedFor === null || (now.term === before.term && before.votedFor !== null)) return
    this.#setting.hooks.moment(this, 'voted')
  }

  // Disk

  #sync(file: MachineFile, begin: boolean): void {
    if (!begin) return
    this.context.timer(file, this.#setting.syncMs())
    this.#setting.hooks.moment(this, 'syncing')
  }

  #synced(file: MachineFile): void {
    const { tickets, again } = this.disk.synced(file)
    this.#sync(file, again)
    for (const ticket of tickets) {
      if (file === 'snapshot') this.#snapshots.get(ticket)?.()
      else this.step(file === 'journal' ? { kind: 'appended', ticket } : this.#registered(ticket))
    }
    this.#setting.hooks.moment(this, 'synced')
  }

  #registered(ticket: number): SuccessionInput {
    const hard = this.#reserved[-1 - ticket]
    return hard === undefined ? { kind: 'persisted', ticket } : { kind: 'reserved', hard }
  }

  // Snapshots

  #capture(meta: SnapshotMeta): void {
    const { value } = this
    this.#setting.hooks.state(this, meta.index, value)
    this.#setting.hooks.moment(this, 'capturing')
    const kept = encode({ meta, state: value }, this.#setting.snapshotBytes)
    this.#keep(kept, () => this.step({ kind: 'snapshotted', id: kept.id, digest: String(value) }))
  }

  #install(id: SnapshotId): void {
    const kept = this.disk.snapshots.complete()
    // Never within the step that asked for it.
    if (!kept) return this.#later(() => this.step({ kind: 'uninstalled', id, why: 'it is damaged' }))
    this.#keep(kept, () => {
      if (!wantsSnapshot(this.state, id))
        return this.step({ kind: 'uninstalled', id, why: 'it is not wanted any more' })
      const { meta, state } = decode(kept.content)
      this.value = state
      this.applied = meta.index
      this.#setting.hooks.state(this, meta.index, state)
      this.#setting.hooks.moment(this, 'installed')
      this.step({ kind: 'installed', id, meta, digest: String(state) })
    })
  }

  #keep(kept: ReturnType<typeof encode>, then: () => void): void {
    this.#lastSnapshot += 1
    this.#snapshots.set(this.#lastSnapshot, then)
    this.#sync('snapshot', this.disk.writeSnapshot(kept, this.#lastSnapshot))
  }

  #later(then: () => void): void {
    this.#waiting.push(then)
    this.context.timer('later', 0)
  }

  // Clients

  #call(client: number, op: number, read: boolean): void {
    if (!this.serves) return
    const term = this.state.hard.term
    if (read) {
      this.#lastRead += 1
      this.#reads.set(this.#lastRead, { client, op, term })
      return this.step({ kind: 'read', id: this.#lastRead })
    }
    this.#waiters.set(this.state.lastIndex + 1, { client, op, term })
    const payload = new Uint8Array(Math.max(this.#setting.commandBytes, 16))
    encoder.encodeInto(`op ${op}`, payload)
    this.step({ kind: 'propose', payload })
  }

  #answerCommitted(entries: readonly Entry[]): void {
    if (this.#waiters.size === 0) return
    for (const { index, term } of entries) {
      const waiter = this.#waiters.get(index)
      if (!waiter) continue
      this.#waiters.delete(index)
      if (waiter.term !== term) continue
      this.context.send(waiter.client, { k: 'answer', op: waiter.op, index, term })
      this.#setting.hooks.moment(this, 'acknowledged')
    }
  }

  #answerRead(id: number, index: number | null): void {
    const waiter = this.#reads.get(id)
    this.#reads.delete(id)
    if (!waiter || index === null) return
    this.context.send(waiter.client, { k: 'answer', op: waiter.op, index, term: waiter.term })
  }

  /** Who does not lead any more owes no answers: what it appended may go either way. */
  #leaderIs(leader: Leader | null): void {
    if (leader?.memberId === this.name) return this.#setting.hooks.moment(this, 'elected')
    this.#waiters.clear()
  }

  #yielded(): void {
    for (; this.#yields > 0; this.#yields--) this.step({ kind: 'yielded' })
  }
}
