import { invariant } from '@tanist/core'
import type { Entry, Hello, MemberId, Now, SnapshotId } from '@tanist/core'
import { seededRandom } from '@tanist/core/testing'
import {
  branch,
  createSuccession,
  defaultSnapshotLimits,
  defaultTiming,
  stepSuccession,
  wantsSnapshot,
} from '../../src/succession/index.js'
import type {
  Mode,
  Ranking,
  SnapshotLimits,
  SnapshotMeta,
  Succession,
  SuccessionEffect,
  SuccessionInput,
  Timing,
} from '../../src/succession/index.js'
import type { SuccessionMessage } from '../../src/succession/messages.js'
import { decode, encode, nextState } from '../../src/testing/machines/snapshots.js'
import { StageDisk } from './disk.js'
import { effectWords, messageWords } from './words.js'

export interface Parcel {
  readonly from: MemberId
  readonly to: MemberId
  readonly incarnation: number
  readonly message: SuccessionMessage
  readonly entries: readonly Entry[]
}

export interface StageSetting {
  readonly limits?: Partial<SnapshotLimits>
  readonly ranking?: Ranking
  /** What peers say of themselves. */
  readonly announced?: Readonly<Record<MemberId, Pick<Hello, 'weight' | 'serve' | 'manifest'>>>
}

export interface Event {
  readonly atMs: number
  readonly peer: MemberId
  /** Null for a message. */
  readonly effect: SuccessionEffect | null
  readonly words: string
}

interface Actor {
  readonly disk: StageDisk
  incarnation: number
  /** Null while its process is down. */
  state: Succession | null
  readonly timers: Map<string, number>
  /** While held, the handlers of a reign that ends go on. */
  holdsYield: boolean
  yields: number
  frozen: boolean
  /** A number that every committed entry changes stands for the state of its roles. */
  value: number
  /** How far its clocks are from those of the stage: a machine that slept, or whose time was set. */
  monotonicAheadMs: number
  wallAheadMs: number
  /** The last words about its members: said again only when they differ. */
  members: string
  /** The branch that the others heard of. */
  branch: string | null
}

/**
 * Several succession machines, each with a disk, on links that take no time. Nothing happens by itself but what
 * follows at once: messages are delivered in order, disks sync in order, until nothing is left; time passes
 * only in `advance`. Directions can be held, so that a test decides what arrives when.
 */
export class Stage {
  nowMs = 0
  /** Of clusters that are founded from now on. */
  mode: Mode = 'consistent'
  readonly events: Event[] = []
  /** Everything that is sent, also what is left out of `events`. */
  onSent: ((parcel: Pick<Parcel, 'from' | 'to' | 'message' | 'entries'>) => void) | null = null
  /** Messages of these kinds get lost. */
  readonly loses = new Set<SuccessionMessage['t']>()
  readonly notes: { readonly peer: MemberId; readonly event: string; readonly text: string }[] = []
  /** Held directions, `a>b`, and what waits there. */
  readonly held = new Map<string, Parcel[]>()
  readonly #actors = new Map<MemberId, Actor>()
  readonly #links = new Set<string>()
  readonly #random = seededRandom('stage')
  readonly #timing: Timing
  #road: Parcel[] = []
  readonly #ending: MemberId[] = []
  /** What was said last where it has to wait: repetitions are not shown. */
  readonly #lastHeld = new Map<string, string | null>()
  #ids = 0

  readonly #snapshotLimits: SnapshotLimits
  readonly #ranking: Ranking | undefined
  readonly #announced: Readonly<Record<MemberId, Partial<Hello>>>

  /** Snapshots are only taken when a test asks for one; then hardly anything of the journal is kept besides. */
  constructor(timing: Partial<Timing> = {}, setting: StageSetting = {}) {
    this.#timing = { ...defaultTiming, ...timing }
    this.#snapshotLimits = {
      ...defaultSnapshotLimits,
      keepEntries: 2,
      catchUpBytes: 1_000,
      pieceBytes: 500,
      piecesInFlight: 2,
      ...setting.limits,
    }
    this.#ranking = setting.ranking
    this.#announced = setting.announced ?? {}
  }

  // Processes

  start(...names: MemberId[]): void {
    this.#startAll(names, false)
  }

  /** Starts a peer that wants to come back after an eviction. */
  restartToRejoin(name: MemberId): void {
    this.#startAll([name], true)
  }

  #startAll(names: readonly MemberId[], rejoin: boolean): void {
    for (const name of names) {
      const actor = this.#actors.get(name) ?? {
        disk: new StageDisk(),
        incarnation: 0,
        state: null,
        timers: new Map<string, number>(),
        holdsYield: false,
        yields: 0,
        frozen: false,
        value: 0,
        monotonicAheadMs: 0,
        wallAheadMs: 0,
        members: '',
        branch: null,
      }
      invariant(actor.state === null, `${name} runs`)
      this.#actors.set(name, actor)
      actor.incarnation += 1
      const { hard } = actor.disk
      actor.disk.reopen()
      const base = actor.disk.snapshots.newest
      actor.value = base?.state ?? 0
      const config = {
        self: this.#hello(name, actor),
        app: 'stage',
        mode: this.mode,
        expect: 1,
        timing: this.#timing,
        hard,
        log: actor.disk,
        snapshots: actor.disk.snapshots,
        snapshotLimits: this.#snapshotLimits,
        ...(base && { base: base.meta, baseDigest: String(base.state) }),
        rejoin,
        ...(this.#ranking !== undefined && { ranking: this.#ranking }),
      }
      actor.state = createSuccession(config, this.clocksOf(name))
      this.step(name, { kind: 'start' })
    }
    this.settle()
  }

  /** A cluster of these, founded by the first and grown to its voters; nothing of that is in `events`. */
  cluster(...names: MemberId[]): void {
    const [first = ''] = names
    this.start(first)
    this.advance(this.#timing.settleMs + this.#timing.admitMs)
    for (const name of names.slice(1)) {
      this.start(name)
      for (const other of names) if (this.#actors.has(other)) this.link(name, other)
      this.advance(1_000)
    }
    this.events.length = 0
  }

  /** The process dies; its disk keeps what was synced. Links end, and nobody has proof. */
  crash(name: MemberId): void {
    const actor = this.#actor(name)
    this.#road = this.#road.filter((parcel) => parcel.from !== name && parcel.to !== name)
    for (const [key, parcels] of this.held) {
      this.held.set(
        key,
        parcels.filter(({ to }) => to !== name),
      )
    }
    actor.state = null
    actor.timers.clear()
    actor.disk.powerOff()
    for (const other of this.#actors.keys()) this.unlink(name, other)
  }

  // Links

  link(a: MemberId, b: MemberId): void {
    if (a === b || this.#links.has(`${a} ${b}`)) return
    this.#links.add(`${a} ${b}`).add(`${b} ${a}`)
    this.#tell(a, b)
    this.#tell(b, a)
    this.settle()
  }

  unlink(a: MemberId, b: MemberId): void {
    if (!this.#links.delete(`${a} ${b}`)) return
    this.#links.delete(`${b} ${a}`)
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      if (this.#actor(one).state !== null) this.step(one, { kind: 'down', memberId: other })
    }
    this.settle()
  }

  /** From now on what is said in this direction waits. */
  hold(from: MemberId, to: MemberId): void {
    const key = `${from}>${to}`
    if (!this.held.has(key)) this.held.set(key, [])
  }

  /** The first `count` held messages arrive (all of them by default, and the direction is free again). */
  deliver(from: MemberId, to: MemberId, count: number = Infinity): void {
    const key = `${from}>${to}`
    const parcels = this.held.get(key) ?? []
    this.#road.push(...parcels.splice(0, count))
    if (count === Infinity) this.held.delete(key)
    this.settle()
  }

  /** What waits in this direction is lost; it stays held. */
  drop(from: MemberId, to: MemberId): void {
    this.held.set(`${from}>${to}`, [])
  }

  holdDisk(name: MemberId, held: boolean): void {
    this.#actor(name).disk.held = held
    this.settle()
  }

  /** One write of this disk, held or not, reaches the platter. */
  syncOne(name: MemberId): void {
    this.#actor(name).disk.sync()?.()
    this.settle()
  }

  /** A frozen process: its timers wait. What arrives must be held besides. */
  freeze(name: MemberId, frozen: boolean): void {
    this.#actor(name).frozen = frozen
  }

  /** While held, what must stop with a reign goes on. */
  holdYield(name: MemberId, held: boolean): void {
    const actor = this.#actor(name)
    actor.holdsYield = held
    for (; !held && actor.yields > 0; actor.yields--) this.step(name, { kind: 'yielded' })
    this.settle()
  }

  /** What this peer's roles hold; a test may spoil it. */
  value(name: MemberId): number {
    return this.#actor(name).value
  }

  spoil(name: MemberId): void {
    this.#actor(name).value += 1
  }

  /** The leader asks everybody for a snapshot. */
  checkpoint(name: MemberId): void {
    this.state(name).snap.wanted = true
    this.input(name, { kind: 'flush' })
  }

  // Steps and time

  get now(): Now {
    return { monotonicMs: this.nowMs, wallMs: 1_800_000_000_000 + this.nowMs }
  }

  /** As this peer reads them. */
  clocksOf(name: MemberId): Now {
    const { monotonicAheadMs, wallAheadMs } = this.#actor(name)
    const { monotonicMs, wallMs } = this.now
    return { monotonicMs: monotonicMs + monotonicAheadMs, wallMs: wallMs + wallAheadMs }
  }

  /** Its clocks are set forward or back: a machine that slept a second is a second behind by the monotonic one. */
  setClocks(name: MemberId, monotonicByMs: number, wallByMs: number): void {
    const actor = this.#actor(name)
    actor.monotonicAheadMs += monotonicByMs
    actor.wallAheadMs += wallByMs
  }

  state(name: MemberId): Succession {
    const { state } = this.#actor(name)
    invariant(state, `${name} does not run`)
    return state
  }

  disk(name: MemberId): StageDisk {
    return this.#actor(name).disk
  }

  incarnation(name: MemberId): number {
    return this.#actor(name).incarnation
  }

  isLinked(a: MemberId, b: MemberId): boolean {
    return this.#links.has(`${a} ${b}`)
  }

  get names(): MemberId[] {
    return [...this.#actors.keys()]
  }

  input(name: MemberId, input: SuccessionInput): void {
    this.step(name, input)
    this.settle()
  }

  propose(name: MemberId, ...commands: readonly string[]): void {
    for (const text of commands) {
      this.#run(name, { kind: 'propose', payload: new TextEncoder().encode(text) })
    }
    this.#run(name, { kind: 'flush' })
    this.settle()
  }

  /** Timers fire in order, each followed by everything that follows from it. */
  advance(ms: number): void {
    const end = this.nowMs + ms
    for (;;) {
      let first: { name: MemberId; key: string; dueMs: number } | null = null
      for (const [name, { timers, frozen }] of this.#actors) {
        if (frozen) continue
        for (const [key, dueMs] of timers) {
          if (dueMs <= end && (first === null || dueMs < first.dueMs)) first = { name, key, dueMs }
        }
      }
      if (!first) break
      this.nowMs = Math.max(this.nowMs, first.dueMs)
      this.#actor(first.name).timers.delete(first.key)
      this.input(first.name, { kind: 'timer', key: first.key })
    }
    this.nowMs = end
  }

  /** As one batch of a shell: the input, then `flush`. */
  step(name: MemberId, input: SuccessionInput): void {
    this.#run(name, input)
    this.#run(name, { kind: 'flush' })
  }

  settle(): void {
    for (;;) {
      const parcel = this.#road.shift()
      if (parcel) this.#arrive(parcel)
      else if (!this.#syncOne() && !this.#endOne()) return
    }
  }

  // Inside

  #actor(name: MemberId): Actor {
    const actor = this.#actors.get(name)
    invariant(actor, `there is no peer ${name}`)
    return actor
  }

  #hello(name: MemberId, { incarnation, state }: Actor): Hello {
    const clusterId = state?.founding?.clusterId ?? null
    const rest = { protocol: 1, mode: this.mode, known: [] }
    const own = state === null ? null : branch(state)
    const about = { memberId: name, incarnation, name, address: `${name}:1`, clusterId, branch: own }
    return { ...rest, ...about, ...this.#announced[name] }
  }

  #tell(name: MemberId, about: MemberId): void {
    const other = this.#actor(about)
    if (other.state === null || this.#actor(name).state === null) return
    this.step(name, { kind: 'up', relinked: true, hello: this.#hello(about, other) })
  }

  #syncOne(): boolean {
    for (const { disk, state } of this.#actors.values()) {
      if (disk.held || state === null) continue
      const told = disk.sync()
      if (told === null) continue
      told()
      return true
    }
    return false
  }

  #endOne(): boolean {
    const name = this.#ending.shift()
    if (name !== undefined && this.#actor(name).state !== null) this.step(name, { kind: 'yielded' })
    return name !== undefined
  }

  #arrive({ from, to, incarnation, message, entries }: Parcel): void {
    if (this.#actor(to).state === null || !this.#links.has(`${from} ${to}`)) return
    this.step(to, { kind: 'message', from, incarnation, message, entries })
  }

  #run(name: MemberId, input: SuccessionInput): void {
    const random = { next: () => this.#random.next(), id: () => `id-${++this.#ids}` }
    for (const effect of stepSuccession(this.state(name), input, this.clocksOf(name), random)) {
      this.#carryOut(name, effect)
    }
    this.#tellBranch(name)
  }

  #carryOut(name: MemberId, effect: SuccessionEffect): void {
    const actor = this.#actor(name)
    const { disk, timers, incarnation } = actor
    const words = effectWords(effect)
    const known = effect.kind === 'view' && words === actor.members
    if (words !== null && !known) this.events.push({ atMs: this.nowMs, peer: name, effect, words })
    if (effect.kind === 'view') actor.members = words ?? ''
    if (effect.kind === 'note') this.notes.push({ peer: name, event: effect.event, text: effect.text })
    const told = (input: SuccessionInput) => (): void => {
      if (this.#actor(name).incarnation === incarnation) this.step(name, input)
    }
    if (effect.kind === 'send') this.#send(name, effect)
    else if (effect.kind === 'timer') {
      if (effect.afterMs === null) timers.delete(effect.key)
      else timers.set(effect.key, this.nowMs + effect.afterMs)
    } else if (effect.kind === 'persist')
      disk.persist(effect.hard, told({ kind: 'persisted', ticket: effect.ticket }))
    else if (effect.kind === 'reserve')
      disk.persist(effect.hard, told({ kind: 'reserved', hard: effect.hard }))
    else if (effect.kind === 'append')
      disk.append(effect.entries, told({ kind: 'appended', ticket: effect.ticket }))
    else if (effect.kind === 'truncate') disk.truncateFrom(effect.from)
    else if (effect.kind === 'committed')
      for (const entry of effect.entries) actor.value = nextState(actor.value, entry)
    else if (effect.kind === 'capture') this.#capture(name, effect.meta)
    else if (effect.kind === 'receive') disk.snapshots.receive(effect.id, effect.offset, effect.bytes)
    else if (effect.kind === 'install') this.#install(name, effect.id)
    else if (effect.kind === 'reset') disk.reset(effect.index, effect.term)
    else if (effect.kind === 'drop') disk.dropPrefix(effect.below)
    else if (effect.kind === 'forget') disk.forget(effect.id)
    else if (effect.kind === 'yield') this.#yielded(name)
    else if (effect.kind === 'cluster') this.#knowsCluster(name)
    else if (effect.kind === 'set-aside') disk.persist(disk.hard, () => this.#bornAnew(name, effect.from))
    else if (effect.kind === 'left' || effect.kind === 'fatal') timers.clear()
  }

  #capture(name: MemberId, meta: SnapshotMeta): void {
    const { disk, value, incarnation } = this.#actor(name)
    const kept = encode({ meta, state: value }, 1_200)
    disk.snapshot(kept, () => {
      if (this.#actor(name).incarnation !== incarnation) return
      this.step(name, { kind: 'snapshotted', id: kept.id, digest: String(value) })
    })
  }

  #install(name: MemberId, id: SnapshotId): void {
    const actor = this.#actor(name)
    const { disk, incarnation } = actor
    const kept = disk.snapshots.complete()
    invariant(kept, 'what was received is what was sent')
    disk.snapshot(kept, () => {
      if (actor.incarnation !== incarnation || actor.state === null) return
      if (!wantsSnapshot(actor.state, id))
        return this.step(name, { kind: 'uninstalled', id, why: 'it is not wanted any more' })
      const { meta, state } = decode(kept.content)
      actor.value = state
      this.step(name, { kind: 'installed', id, meta, digest: String(state) })
    })
  }

  #send(from: MemberId, { to, message, entries = [] }: Extract<SuccessionEffect, { kind: 'send' }>): void {
    this.onSent?.({ from, to, message, entries })
    if (this.loses.has(message.t)) return
    const linked = this.isLinked(from, to)
    const words = linked ? messageWords(message, entries) : null
    const direction = `${from}>${to}`
    const held = this.held.get(direction)
    const again = held !== undefined && words === this.#lastHeld.get(direction)
    this.#lastHeld.set(direction, held === undefined ? null : words)
    const wait = held === undefined ? '' : ' (held)'
    const shown = { atMs: this.nowMs, peer: from, effect: null, words: `> ${to}: ${words}${wait}` }
    if (words !== null && !again) this.events.push(shown)
    const parcel = { from, to, incarnation: this.#actor(from).incarnation, message, entries }
    if (held !== undefined) held.push(parcel)
    else if (linked) this.#road.push(parcel)
  }

  #yielded(name: MemberId): void {
    const actor = this.#actor(name)
    if (actor.holdsYield) actor.yields += 1
    // Never inside a step: the handlers of a reign end in their own time. They need no disk.
    else if (actor.disk.held) this.#ending.push(name)
    else actor.disk.persist(actor.disk.hard, () => this.step(name, { kind: 'yielded' }))
  }

  /** As the shell does it: the same folder without what was set aside, under another name, linked as before. */
  #bornAnew(name: MemberId, from: number): void {
    const others = this.names.filter((other) => this.isLinked(name, other))
    const { entries } = this.disk(name)
    this.crash(name)
    const next = `${name.replace(/\d+$/, '')}${Number(/\d+$/.exec(name)?.[0] ?? 1) + 1}`
    this.start(next)
    this.crash(next)
    this.disk(next).begin(entries.slice(0, from - 1))
    this.start(next)
    for (const other of others) this.link(next, other)
  }

  #tellBranch(name: MemberId): void {
    const actor = this.#actor(name)
    const now = actor.state === null ? null : branch(actor.state)
    if (actor.branch === now || actor.state === null) return
    actor.branch = now
    const { self } = actor.state
    actor.state.self = { ...self, branch: now }
    for (const other of this.#actors.keys()) {
      const hello = this.#links.has(`${name} ${other}`) && this.#actor(other).state?.links.get(name)
      if (hello) this.#actor(other).state?.links.set(name, { ...hello, branch: now })
      if (hello && this.#actor(other).branch !== null && now !== null && this.#actor(other).branch !== now)
        this.#tell(other, name)
    }
  }

  /** Membership would tell everybody who is linked. */
  #knowsCluster(name: MemberId): void {
    for (const other of this.#actors.keys()) {
      if (this.#links.has(`${name} ${other}`)) this.#tell(other, name)
    }
  }
}
