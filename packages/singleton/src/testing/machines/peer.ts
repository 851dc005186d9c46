import type { Entry, Hello } from '@tanist/core'
import type { PlainContext, PlainNode } from '@tanist/core/testing'
import { createSuccession, leaseHolds, stepSuccession } from '../../succession/index.js'
import type {
  FencingToken,
  HardState,
  Leader,
  Ranking,
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

/** What a peer tells whoever watches. */
export interface PeerHooks {
  said(peer: MachinePeer, to: string, message: SuccessionMessage): void
  committed(peer: MachinePeer, entries: readonly Entry[]): void
  serves(peer: MachinePeer, token: FencingToken): void
  /** A happening that schedules can wait for. */
  moment(peer: MachinePeer, name: string): void
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
  #lastRead = 0
  #yields = 0
  #batch = false
  #stopped = false

  constructor(context: PlainContext<Parcel>, setting: PeerSetting) {
    this.context = context
    this.name = setting.names[context.id] as string
    this.#setting = setting
    const { timing, expect, disk } = setting
    const self = this.#hello(null)
    const config = {
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
    else if (key === 'journal' || key === 'register') this.#synced(key)
    else if (key.startsWith('refused ')) this.#links.onRefused(Number(key.slice(8)))
    else if (key === 'yielded') this.#yielded()
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
      case 'append':
        this.#sync('journal', disk.append(effect.entries, effect.ticket))
        return hooks.moment(this, 'appended')
      case 'truncate':
        return this.#sync('journal', disk.truncateFrom(effect.from))
      case 'committed':
        hooks.committed(this, effect.entries)
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
    for (const ticket of tickets)
      this.step(file === 'journal' ? { kind: 'appended', ticket } : { kind: 'persisted', ticket })
    this.#setting.hooks.moment(this, 'synced')
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
