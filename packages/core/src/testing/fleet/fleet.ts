/**
 * Fleets of production membership machines in virtual time, from one seed: 10 to 10,000 of them on one network, with
 * a stand-in for the journal that admits and removes. For what a whole cluster's membership does: how fast it knows,
 * what it costs, whom it removes. `World` is the one for whole peers, `PlainWorld` the one for machines of your own.
 *
 * - Seats are numbered from 0, the oldest first. All of `size` run, and are members, from the beginning; they find
 *   each other by their view alone, so give them some seconds.
 * - Each fault that can be undone returns what undoes it.
 * - `crash` and `powerOff` return who learned of it and when; so does `about`.
 */
import type { LinkEnd, Random } from '../../host/index.js'
import { invariant } from '../../invariant.js'
import {
  createMembership,
  largeDefaults,
  membershipDefaults,
  stepMembership,
} from '../../membership/index.js'
import type {
  About,
  MemberId,
  MembershipConfig,
  MembershipEffect,
  MembershipEvent,
  MembershipInput,
  MembershipMessage,
  ViewMember,
  ViewPosition,
} from '../../membership/index.js'
import { seededRandom } from '../random.js'
import { Clockwork, DELIVER, RETRY, TICKS_PER_MS, TIMER } from './clockwork.js'
import { StandInJournal } from './journal.js'
import { Meter } from './meter.js'
import { Observation } from './observation.js'
import type { Life, Piled, Seat } from './seat.js'
import type { FleetOptions, Load, Removal } from './types.js'
import { Wires, type End } from './wires.js'

type Undo = () => void

/** What had begun before a process woke, or before a way was mended, may end so much later. */
const WOKEN_MS = 1_000
const HEALED_MS = 8_000

export class Fleet {
  /** Removals from the view, and what was true of each. */
  readonly removals: readonly Removal[]
  /** Called at each event of a machine. */
  watch: (by: number, event: MembershipEvent) => void = () => {}
  readonly #options: FleetOptions
  readonly #clock = new Clockwork()
  readonly #random: Random
  readonly #wires: Wires
  readonly #journal: StandInJournal
  readonly #seats: Seat[] = []
  readonly #byId = new Map<MemberId, Seat>()
  readonly #byAddress = new Map<string, Seat>()
  readonly #meter = new Meter()
  readonly #ends = new Map<MemberId, { readonly incarnation: number; readonly seen: Observation }>()
  readonly #abouts = new Map<MemberId, { readonly text: string; readonly seen: Observation }>()
  readonly #now = { monotonicMs: 0, wallMs: 0 }
  readonly #frameMs: number
  #steps = 0

  constructor(options: FleetOptions) {
    this.#options = options
    this.#frameMs = options.frameMs ?? 0.01
    this.#random = seededRandom(`${options.seed}/machines`)
    const random = seededRandom(`${options.seed}/network`)
    this.#wires = new Wires(
      {
        clock: this.#clock,
        random,
        seatAt: (address) => this.#byAddress.get(address),
        opened: (life, link, out, remote) => this.#give(life, { kind: 'opened', link, out, remote }),
        message: (end, message) => this.#arrived(end, message),
        closed: (end, how) => this.#closed(end, how),
      },
      options.latencyMs ?? [0.2, 1],
      options.loss ?? 0,
    )
    this.#journal = this.#standIn()
    this.removals = this.#journal.removals
    const names = seededRandom(`${options.seed}/names`)
    for (let at = 0; at < options.size + (options.spare ?? 0); at += 1) this.#seat(at, names.id())
    this.#found(options.size)
  }

  // Time

  get nowMs(): number {
    return this.#clock.nowMs
  }

  /** Events that happened so far. */
  get events(): number {
    return this.#clock.events
  }

  run(ms: number): this {
    const end = this.#clock.later(ms)
    for (;;) {
      const event = this.#clock.take(end)
      if (!event) break
      this.#now.monotonicMs = event.tick / TICKS_PER_MS
      const { kind, end: at, life, payload, key, script } = event
      if (kind === DELIVER) {
        this.#clock.release(event)
        this.#wires.arrive(at!, payload!)
      } else if (kind === TIMER) {
        this.#clock.release(event)
        if (life?.timers.get(key) === event) this.#rings(life, key)
      } else if (kind === RETRY) {
        this.#clock.release(event)
        this.#wires.again(at!)
      } else {
        this.#clock.release(event)
        script!()
      }
    }
    this.#clock.tick = end
    this.#now.monotonicMs = end / TICKS_PER_MS
    return this
  }

  after(ms: number, run: () => void): void {
    this.#clock.script(ms, run)
  }

  // Processes and hosts

  /** Ends a process: its host closes its links and refuses dials. */
  crash(at: number): Observation {
    const life = this.#running(at)
    const seen = this.#ended(life)
    this.#steps += 1
    for (const end of [...life.ends.values()]) this.#wires.hangUp(end, '', '', this.#steps)
    this.#wires.forget(life)
    this.#journal.disturbed(true)
    return seen
  }

  /** A host without power: it answers nothing, and nobody is told. */
  powerOff(at: number): Observation {
    const life = this.#running(at)
    const seen = this.#ended(life)
    this.#wires.forget(life)
    life.seat.dark = true
    this.#journal.disturbed(false)
    return seen
  }

  /** Starts a process at this seat: a new incarnation that knows nobody but what `seeds` are. */
  boot(at: number, seeds: readonly number[]): void {
    const seat = this.#at(at)
    invariant(!seat.life?.running, `seat ${at} does not run yet`)
    seat.dark = false
    seat.incarnation += 1
    this.#start(seat, seeds)
    this.#step(seat.life!, { kind: 'start' })
  }

  /** Freezes a process; its host goes on accepting what is sent to it. */
  pause(at: number): Undo {
    const life = this.#running(at)
    if (life.paused) return () => {}
    life.paused = true
    life.pausedMs = this.nowMs
    this.#journal.disturbed(false)
    return () => {
      if (life.paused && life.running) this.#resume(life)
    }
  }

  isUp(at: number): boolean {
    const { life } = this.#at(at)
    return life !== null && life.running && !life.paused
  }

  /** Since the end of its last pause. */
  awakeMs(at: number): number {
    return this.nowMs - (this.#at(at).life?.wokeMs ?? Number.NaN)
  }

  // Network

  /** One direction between two hosts. */
  cut(from: number, to: number): Undo {
    return this.#cutAll([[this.#at(from), this.#at(to)]])
  }

  /** Both directions between the two groups; the second is everybody else by default. */
  split(a: readonly number[], b?: readonly number[]): Undo {
    const among = new Set(a)
    const others = b ?? this.#seats.map((seat) => seat.at).filter((at) => !among.has(at))
    const pairs = a.flatMap((one) => others.map((two) => [this.#at(one), this.#at(two)] as const))
    return this.#cutAll(pairs.flatMap(([one, two]) => [[one, two] as const, [two, one] as const]))
  }

  setLoss(share: number): void {
    this.#wires.loss = share
  }

  // What members say and know

  /** What this member says of itself; returns who heard of it. */
  about(at: number, about: About): Observation {
    const life = this.#running(at)
    const seen = new Observation(this.nowMs, () => this.#others(at))
    this.#abouts.set(life.seat.memberId, { text: JSON.stringify(about), seen })
    this.#give(life, { kind: 'about', about })
    return seen
  }

  /** The digests of all running members: one, when all hold the same view and the same records. */
  digests(): string[] {
    return [
      ...new Set(
        this.#up().map(({ life }) => `${life!.machine.index.digest} ${life!.machine.records.digest}`),
      ),
    ]
  }

  get leader(): number {
    return this.#journal.leader?.at ?? -1
  }

  get view(): readonly ViewMember[] {
    return this.#journal.view
  }

  /** How often the view has changed. */
  get viewChanges(): number {
    return this.#journal.changes
  }

  /** Links of this process, those included that are being made. */
  links(at: number): number {
    return this.#at(at).life?.machine.links.size ?? 0
  }

  // Load

  /** Counts frames and bytes from now on. */
  measure(): void {
    for (const { sent } of this.#seats) Object.assign(sent, { frames: 0, bytes: 0 })
    this.#meter.on = true
  }

  /** What each running member sent since `measure`, by seat. */
  measured(): Map<number, Load> {
    this.#meter.on = false
    return new Map(this.#up().map(({ at, sent }) => [at, sent]))
  }

  // Inside

  #cutAll(ways: readonly (readonly [from: Seat, to: Seat])[]): Undo {
    const undo = ways.map(([from, to]) => this.#wires.cut(from.at, to.at))
    this.#journal.disturbed(false)
    return () => {
      for (const one of undo) one()
      for (const [from, to] of ways) from.healedMs = to.healedMs = this.nowMs
      this.#journal.disturbed(false)
    }
  }

  #standIn(): StandInJournal {
    return new StandInJournal({
      after: (ms, run) => this.after(ms, run),
      seatOf: (memberId) => this.#byId.get(memberId),
      reaches: (from, to) => this.#reaches(from, to),
      hears: (leader, other) => this.#hears(leader, other),
      commit: (leader, view, at) => this.#commit(leader, view, at),
      lead: (leader, term, hubs) => this.#tell(leader, { kind: 'hubs', term, hubs }),
      keep: (seat, members) =>
        this.#tell(seat, { kind: 'keep', members: members.filter((id) => id !== seat.memberId) }),
    })
  }

  #seat(at: number, memberId: MemberId): void {
    const address = `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}:7100`
    const seat: Seat = {
      at,
      memberId,
      name: `m${at}`,
      address,
      incarnation: 0,
      life: null,
      dark: false,
      healedMs: Number.NEGATIVE_INFINITY,
      sent: { frames: 0, bytes: 0 },
    }
    this.#seats.push(seat)
    this.#byId.set(memberId, seat)
    this.#byAddress.set(address, seat)
  }

  /** All begin with the same view; their first beats are spread over one interval, as clocks are. */
  #found(size: number): void {
    const seats = this.#seats.slice(0, size)
    for (const seat of seats) {
      seat.incarnation = 1
      this.#start(seat, [])
    }
    this.#journal.found(seats)
    const { view, at } = this.#journal
    const hubs = this.#journal.hubs()
    const voters = this.#journal.voters()
    for (const { life, memberId } of seats) {
      if (!life) continue
      if (voters.includes(memberId))
        this.#give(life, { kind: 'keep', members: voters.filter((id) => id !== memberId) })
      this.#give(life, { kind: 'view', members: view, at })
      this.#give(life, { kind: 'hubs', term: 1, hubs })
      this.after(this.#random.next() * 500, () => this.#give(life, { kind: 'start' }))
    }
  }

  #start(seat: Seat, seeds: readonly number[]): void {
    const { memberId, incarnation, name, address } = seat
    const config: MembershipConfig = {
      ...membershipDefaults,
      ...this.#options.timings,
      ...(this.#options.large && { large: { ...largeDefaults, ...this.#options.large } }),
      spreadsViews: this.#options.views === 'hubs',
      seeds: seeds.map((at) => this.#at(at).address),
      self: {
        protocol: 1,
        memberId,
        incarnation,
        name,
        address,
        clusterId: 'fleet',
        mode: 'consistent',
        known: [],
      },
    }
    const machine = createMembership(config, this.#now)
    seat.life = {
      seat,
      incarnation,
      machine,
      ends: new Map(),
      timers: new Map(),
      nextLink: 2,
      running: true,
      endedMs: Number.NaN,
      paused: false,
      pausedMs: Number.NaN,
      wokeMs: Number.NEGATIVE_INFINITY,
      sleptMs: 0,
      inbox: [],
      late: [],
      seenView: machine.view,
    }
  }

  #ended(life: Life): Observation {
    const { seat, incarnation } = life
    life.running = false
    life.endedMs = this.nowMs
    for (const event of life.timers.values()) this.#clock.cancel(event)
    life.timers.clear()
    life.inbox.length = 0
    const seen = new Observation(this.nowMs, () => this.#others(seat.at))
    this.#ends.set(seat.memberId, { incarnation, seen })
    return seen
  }

  /** Late timers and what the network has brought meanwhile, in either order. */
  #resume(life: Life): void {
    life.paused = false
    life.wokeMs = this.nowMs
    life.sleptMs = this.nowMs - life.pausedMs
    const late = life.late.splice(0)
    const inbox = life.inbox.splice(0)
    const ring = (): void => {
      for (const key of late) if (life.running) this.#step(life, { kind: 'timer', key })
    }
    const timersFirst = this.#random.next() < 0.5
    if (timersFirst) ring()
    for (const piled of inbox) this.#unpile(life, piled)
    if (!timersFirst) ring()
  }

  #unpile(life: Life, piled: Piled): void {
    if (!life.running) return
    if (piled.kind === 'input') this.#step(life, piled.input)
    else if (piled.kind === 'closed') this.#closed(piled.end, piled.how)
    else this.#step(life, { kind: 'message', link: piled.end.link, message: piled.message })
  }

  #rings(life: Life, key: string): void {
    life.timers.delete(key)
    if (!life.running) return
    if (life.paused) life.late.push(key)
    else this.#step(life, { kind: 'timer', key })
  }

  #arrived(end: End, message: MembershipMessage): void {
    const { life } = end
    if (!life.running) return
    if (life.paused) life.inbox.push({ kind: 'message', end, message })
    else this.#step(life, { kind: 'message', link: end.link, message })
  }

  #closed(end: End, how: LinkEnd): void {
    const { life } = end
    if (!life.running) return
    if (life.paused) life.inbox.push({ kind: 'closed', end, how })
    else this.#step(life, { kind: 'closed', link: end.link, end: how })
  }

  #give(life: Life, input: MembershipInput): void {
    if (!life.running) return
    if (life.paused) life.inbox.push({ kind: 'input', input })
    else this.#step(life, input)
  }

  #tell(seat: Seat, input: MembershipInput): void {
    if (seat.life) this.#give(seat.life, input)
  }

  #step(life: Life, input: MembershipInput): void {
    const effects = stepMembership(life.machine, input, this.#now, this.#random)
    if (life.machine.view !== life.seenView) this.#viewSeen(life)
    if (effects.length === 0) return
    this.#steps += 1
    let frames = 0
    for (const effect of effects) {
      if (effect.kind === 'send') frames += this.#send(life, effect.link, effect.message, frames)
      else this.#perform(life, effect)
    }
  }

  #send(life: Life, link: number, message: MembershipMessage, frames: number): number {
    const end = life.ends.get(link)
    if (!end) return 0
    const fresh = end.step !== this.#steps
    this.#meter.sent(life.seat, message, fresh)
    this.#wires.send(end, message, this.#steps, frames * this.#frameMs)
    return fresh ? 1 : 0
  }

  #perform(life: Life, effect: Exclude<MembershipEffect, { kind: 'send' }>): void {
    switch (effect.kind) {
      case 'dial':
        return this.#wires.dial(life, effect.link, effect.address)
      case 'close': {
        const end = life.ends.get(effect.link)
        if (end) this.#wires.hangUp(end, effect.code, effect.reason, this.#steps)
        return
      }
      case 'timer':
        return this.#arm(life, effect.key, effect.afterMs)
      case 'event':
        return this.#happened(life, effect.event)
    }
  }

  #arm(life: Life, key: string, afterMs: number | null): void {
    const known = life.timers.get(key)
    if (known) this.#clock.cancel(known)
    if (afterMs === null) {
      life.timers.delete(key)
      return
    }
    const event = this.#clock.add(TIMER, this.#clock.later(afterMs))
    event.life = life
    event.key = key
    life.timers.set(key, event)
  }

  #happened(life: Life, event: MembershipEvent): void {
    const { seat } = life
    switch (event.kind) {
      case 'gone':
        this.#journal.gone(seat, event.memberId, event.incarnation, () =>
          this.#judge(seat, event.memberId, event.incarnation, event.text),
        )
        break
      case 'up': {
        const other = this.#byId.get(event.hello.memberId)
        if (other) this.#journal.arrived(seat, other)
        break
      }
      case 'evidence':
        if (event.class === 'A') this.#knowsEnd(seat, event.memberId, event.incarnation)
        break
      case 'fate':
        if (event.fate === 'dead' || event.fate === 'left')
          this.#knowsEnd(seat, event.memberId, event.incarnation)
        break
      case 'about': {
        const told = this.#abouts.get(event.memberId)
        if (told && JSON.stringify(event.about) === told.text) told.seen.knows(seat.at, this.nowMs)
        break
      }
      default:
    }
    this.watch(seat.at, event)
  }

  #knowsEnd(seat: Seat, memberId: MemberId, incarnation: number): void {
    const ended = this.#ends.get(memberId)
    if (ended && incarnation >= ended.incarnation) ended.seen.knows(seat.at, this.nowMs)
  }

  #viewSeen(life: Life): void {
    const { machine, seat } = life
    life.seenView = machine.view
    for (const [memberId, { incarnation, seen }] of this.#ends)
      if (machine.index.byId.get(memberId)?.incarnation !== incarnation) seen.knows(seat.at, this.nowMs)
  }

  #judge(by: Seat, memberId: MemberId, incarnation: number, text: string): Removal {
    const seat = this.#byId.get(memberId)
    const life = seat?.life
    const of = (truth: Removal['truth'], forMs: number): Removal => {
      return { atMs: this.nowMs, member: seat?.at ?? -1, incarnation, truth, forMs, text }
    }
    if (!seat || !life || life.incarnation !== incarnation) return of('dead', Number.NaN)
    if (!life.running) return of('dead', this.nowMs - life.endedMs)
    const sleeps = life.paused || this.nowMs - life.wokeMs < WOKEN_MS
    const near = this.#up().filter((one) => one === by || this.#reaches(by, one))
    const reached = near.some((one) => one !== seat && one.life?.paused === false && this.#isOpen(one, seat))
    // Whoever fell asleep before what a cut had lost could be sent again: both are one silence.
    const wellMs = (sleeps ? life.pausedMs : this.nowMs) - seat.healedMs
    if (!reached || wellMs <= HEALED_MS) return of('cut off', Number.NaN)
    if (!sleeps) return of('alive', Number.NaN)
    return of('paused', life.paused ? this.nowMs - life.pausedMs : life.sleptMs)
  }

  #commit(leader: Seat, view: readonly ViewMember[], at: ViewPosition): void {
    this.#tell(leader, { kind: 'view', members: view, at })
    if (this.#options.views === 'hubs') return
    for (const { memberId } of view) {
      const seat = this.#byId.get(memberId)
      if (!seat || seat === leader) continue
      this.after(1 + this.#random.next() * 4, () => {
        if (this.#wires.carries(leader, seat)) this.#tell(seat, { kind: 'view', members: view, at })
      })
    }
  }

  #reaches(from: Seat, to: Seat): boolean {
    const [a, b] = [from.life, to.life]
    if (!a?.running || a.paused || !b?.running || b.paused) return false
    return this.#isOpen(from, to)
  }

  /** No cut between them, whoever sleeps. */
  #isOpen(from: Seat, to: Seat): boolean {
    return this.#wires.carries(from, to) && this.#wires.carries(to, from)
  }

  #hears(leader: Seat, other: Seat): boolean {
    const peer = leader.life?.machine.peers.get(other.memberId)
    return peer !== undefined && peer.link !== null && this.nowMs - peer.heardMs < 3_000
  }

  #up(): Seat[] {
    return this.#seats.filter(({ life }) => life?.running)
  }

  /** Members that run, and this one is not among them. */
  #others(at: number): Seat[] {
    return this.#up().filter((seat) => seat.at !== at)
  }

  #at(at: number): Seat {
    const seat = this.#seats[at]
    invariant(seat, `there is no seat ${at}`)
    return seat
  }

  #running(at: number): Life {
    const { life } = this.#at(at)
    invariant(life?.running, `seat ${at} runs`)
    return life
  }
}
