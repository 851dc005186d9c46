import type { LinkEnd } from '../../src/host/index.js'
import {
  createMembership,
  largeDefaults,
  membershipDefaults,
  stepMembership,
  type LargeTimings,
  type Membership,
  type MembershipEffect,
  type MembershipEvent,
  type MembershipInput,
  type MembershipMessage,
  type ViewMember,
} from '../../src/membership/index.js'
import { hash32 } from '../../src/ring/index.js'

/** One side of a link. */
interface End {
  readonly body: Body
  readonly link: number
  readonly far: Body
  farLink: number
  open: boolean
  arrivalMs: number
}

export interface Body {
  readonly at: number
  machine: Membership
  incarnation: number
  life: 'up' | 'paused' | 'dead' | 'dark'
  readonly ends: Map<number, End>
  readonly timers: Map<string, { token: number; due: boolean }>
  inbox: MembershipInput[]
  nextLink: number
  /** When each other member was last heard, by the frames that this process has worked on. */
  readonly heard: Map<number, number>
  /** When it was last awake again. */
  wokeMs: number
}

export const idOf = (at: number): string => hash32(`member ${at}`).toString(16).padStart(8, '0').repeat(4)
const addressOf = (at: number): string => `10.0.${at >> 8}.${at & 255}:7100`

/** Many members in virtual time, on a network with faults: crashes, power cuts, pauses, cut and lossy links. */
export class Trouble {
  now = 0
  readonly seen: { readonly at: number; readonly by: number; readonly event: MembershipEvent }[] = []
  readonly bodies: Body[] = []
  readonly sent = new Map<string, number>()
  readonly dials: { readonly at: number; readonly from: number; readonly to: number }[] = []
  /** Called at each `gone` of a hub, before the journal acts on it. */
  onGone: (by: Body, about: Body, incarnation: number) => void = () => {}
  /** The journal removes whom the leader calls gone. */
  removes = true
  /** Answers to dials, `from to`, instead of the true ones. */
  readonly forged = new Map<string, LinkEnd>()
  private readonly cuts = new Set<string>()
  private readonly slots = new Map<number, (() => void)[]>()
  private readonly ats = new Map<string, number>()
  private view: ViewMember[] = []
  private position = 0
  private term = 0
  private seed: number
  private readonly large: Partial<LargeTimings>
  hubs: number[] = [0, 1]

  constructor(size: number, seed: number = 1, large: Partial<LargeTimings> = {}) {
    this.seed = seed
    this.large = large
    for (let at = 0; at < size; at += 1) {
      this.ats.set(idOf(at), at)
      this.bodies.push(this.boot(at, 1))
    }
    this.view = this.bodies.map((body) => this.rowOf(body))
    this.tell()
    this.run(4_000)
  }

  next(): number {
    this.seed = (this.seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return this.seed / 2_147_483_648
  }

  atOf(memberId: string): number {
    return this.ats.get(memberId) ?? -1
  }

  body(at: number): Body {
    return this.bodies[at]!
  }

  crash(at: number): this {
    const body = this.body(at)
    if (body.life === 'dead' || body.life === 'dark') return this
    body.life = 'dead'
    for (const end of body.ends.values()) if (end.open) this.hangUp(end, '')
    return this
  }

  powerOff(at: number): this {
    this.body(at).life = 'dark'
    return this
  }

  pause(at: number): this {
    const body = this.body(at)
    if (body.life === 'up') body.life = 'paused'
    return this
  }

  /** What became due while it slept is worked on in the given order. */
  wake(at: number, order: 'timers' | 'messages' | 'mixed' = 'timers'): this {
    const body = this.body(at)
    if (body.life !== 'paused') return this
    body.life = 'up'
    body.wokeMs = this.now
    const inputs = body.inbox
    body.inbox = []
    const timers: MembershipInput[] = []
    for (const [key, timer] of body.timers) {
      if (!timer.due) continue
      timer.due = false
      timers.push({ kind: 'timer', key })
    }
    const all = order === 'timers' ? [...timers, ...inputs] : [...inputs, ...timers]
    if (order === 'mixed')
      for (const timer of timers)
        all.splice(Math.floor(this.next() * all.length), 0, ...all.splice(all.indexOf(timer), 1))
    for (const input of all) this.give(body, input)
    return this
  }

  /** Nothing passes between two members, and nobody is told. */
  cut(a: number, b: number): this {
    this.cuts.add(pair(a, b))
    return this
  }

  heal(a: number, b: number): this {
    this.cuts.delete(pair(a, b))
    return this
  }

  /** Everybody that `a` could talk to, or again. */
  unplug(a: number): this {
    for (const { at } of this.bodies) if (at !== a) this.cut(a, at)
    return this
  }

  replug(a: number): this {
    for (const { at } of this.bodies) if (at !== a) this.heal(a, at)
    return this
  }

  /** What `a` has said of `b`: the classes of its evidence. */
  evidence(a: number, b: number): string {
    return this.events(a, 'evidence')
      .filter((event) => event.memberId === idOf(b))
      .map((event) => event.class)
      .join('')
  }

  isCut(a: number, b: number): boolean {
    return this.cuts.has(pair(a, b))
  }

  /** Something between resets the link: both see the other side closing it. */
  resetLink(a: number, b: number): this {
    for (const end of this.body(a).ends.values()) {
      if (end.far.at !== b || !end.open) continue
      const other = end.far.ends.get(end.farLink)
      for (const e of [end, other])
        if (e) this.later(1, () => this.closed(e, { kind: 'remote', code: 'reset', reason: '' }))
    }
    return this
  }

  /** Another process at the address of a member, with another identity. */
  replace(at: number, as: string): this {
    const body = this.boot(at, 1, as)
    this.bodies[at] = body
    return this
  }

  restart(at: number): this {
    const old = this.body(at)
    this.bodies[at] = this.boot(at, old.incarnation + 1)
    const view = this.view
    this.give(this.body(at), { kind: 'view', members: view, at: [1, this.position] })
    this.giveHubs(this.body(at))
    return this
  }

  lead(hubs: readonly number[]): this {
    this.hubs = [...hubs]
    this.term += 1
    for (const body of this.bodies) this.giveHubs(body)
    return this
  }

  tellView(ats: readonly number[]): this {
    this.view = ats.map((at) => this.rowOf(this.body(at)))
    return this.tell()
  }

  inView(at: number): boolean {
    return this.view.some((row) => row.memberId === idOf(at))
  }

  run(ms: number): this {
    for (const end = this.now + ms; this.now < end; this.now += 1) {
      const due = this.slots.get(this.now)
      if (!due) continue
      for (let i = 0; i < due.length; i += 1) due[i]!()
      this.slots.delete(this.now)
    }
    return this
  }

  later(ms: number, run: () => void): void {
    const at = this.now + ms
    const slot = this.slots.get(at)
    if (slot) slot.push(run)
    else this.slots.set(at, [run])
  }

  give(body: Body, input: MembershipInput): void {
    if (body.life === 'dead' || body.life === 'dark') return
    if (body.life === 'paused') {
      body.inbox.push(input)
      return
    }
    const now = { monotonicMs: this.now, wallMs: 0 }
    const random = { next: () => this.next(), id: () => '' }
    for (const effect of stepMembership(body.machine, input, now, random)) this.perform(body, effect)
  }

  gone(by: number = this.hubs[0] ?? 0): { at: number; who: number; text: string }[] {
    return this.seen.flatMap(({ at, by: who, event }) =>
      who === by && event.kind === 'gone' ? [{ at, who: this.atOf(event.memberId), text: event.text }] : [],
    )
  }

  events<K extends MembershipEvent['kind']>(by: number, kind: K): Extract<MembershipEvent, { kind: K }>[] {
    const is = (e: MembershipEvent): e is Extract<MembershipEvent, { kind: K }> => e.kind === kind
    return this.seen
      .filter((e) => e.by === by)
      .map((e) => e.event)
      .filter(is)
  }

  private boot(at: number, incarnation: number, memberId: string = idOf(at)): Body {
    const self = {
      protocol: 1,
      memberId,
      incarnation,
      name: `m${at}`,
      address: addressOf(at),
      clusterId: 'c',
      mode: 'consistent' as const,
      known: [],
    }
    const config = { ...membershipDefaults, self, seeds: [], large: { ...largeDefaults, ...this.large } }
    const machine = createMembership(config, { monotonicMs: this.now, wallMs: 0 })
    const body: Body = {
      at,
      machine,
      incarnation,
      life: 'up',
      ends: new Map(),
      timers: new Map(),
      inbox: [],
      nextLink: 2,
      heard: new Map(),
      wokeMs: this.now,
    }
    this.later(Math.floor(this.next() * 250), () => this.give(body, { kind: 'start' }))
    return body
  }

  private rowOf(body: Body): ViewMember {
    const known = this.view.find((r) => r.memberId === idOf(body.at) && r.incarnation === body.incarnation)
    if (known) return known
    this.position += 1
    const { at, incarnation } = body
    return {
      memberId: idOf(at),
      incarnation,
      name: `m${at}`,
      address: addressOf(at),
      seniority: this.position,
    }
  }

  private tell(): this {
    const members = this.view
    this.position += 1
    const at = [1, this.position] as const
    const ids = new Set(members.map((r) => r.memberId))
    for (const body of this.bodies) if (ids.has(idOf(body.at))) this.give(body, { kind: 'view', members, at })
    return this.lead(this.hubs.filter((hub) => ids.has(idOf(hub))))
  }

  private giveHubs(body: Body): void {
    this.give(body, { kind: 'hubs', term: this.term, hubs: this.hubs.map(idOf) })
  }

  private perform(body: Body, effect: MembershipEffect): void {
    switch (effect.kind) {
      case 'dial':
        return this.dial(body, effect.link, this.atOfAddress(effect.address))
      case 'send': {
        const end = body.ends.get(effect.link)
        this.sent.set(effect.message.t, (this.sent.get(effect.message.t) ?? 0) + 1)
        if (end?.open) this.carry(end, (to) => this.arrive(to, effect.message))
        return
      }
      case 'close': {
        const end = body.ends.get(effect.link)
        if (end?.open) this.hangUp(end, effect.code)
        return
      }
      case 'timer': {
        const token = (body.timers.get(effect.key)?.token ?? 0) + 1
        const timer = { token, due: false }
        body.timers.set(effect.key, timer)
        if (effect.afterMs === null) return
        this.later(Math.ceil(effect.afterMs), () => {
          if (body.timers.get(effect.key) !== timer) return
          if (body.life === 'paused') timer.due = true
          else this.give(body, { kind: 'timer', key: effect.key })
        })
        return
      }
      case 'event':
        return this.record(body, effect.event)
    }
  }

  private record(body: Body, event: MembershipEvent): void {
    if (event.kind === 'latency') return
    this.seen.push({ at: this.now, by: body.at, event })
    if (event.kind !== 'gone' || body.at !== this.hubs[0]) return
    const about = this.atOf(event.memberId)
    this.onGone(body, this.body(about), event.incarnation)
    if (!this.removes) return
    // The journal commits, then everybody is told.
    this.later(20, () => {
      const left = this.view.filter((r) => r.memberId !== event.memberId || r.incarnation > event.incarnation)
      if (left.length === this.view.length) return
      this.view = left
      this.tell()
    })
  }

  private dial(body: Body, link: number, to: number): void {
    const far = this.bodies[to]
    this.dials.push({ at: this.now, from: body.at, to })
    const failed = (ms: number, end: LinkEnd): void =>
      this.later(ms, () => this.give(body, { kind: 'closed', link, end }))
    const forged = this.forged.get(`${body.at} ${to}`)
    if (forged) return failed(2, forged)
    if (!far || far.life === 'dark' || this.isCut(body.at, to) || body.life === 'dark')
      return failed(1_000, { kind: 'timeout' })
    this.later(1, () => {
      if (far.life === 'dead') return failed(1, { kind: 'refused' })
      const farLink = far.nextLink
      far.nextLink += 2
      const near: End = { body, link, far, farLink, open: true, arrivalMs: 0 }
      const other: End = {
        body: far,
        link: farLink,
        far: body,
        farLink: link,
        open: true,
        arrivalMs: this.now + 2,
      }
      body.ends.set(link, near)
      far.ends.set(farLink, other)
      this.give(far, { kind: 'opened', link: farLink, out: false, remote: `${addressOf(body.at)}0` })
      this.later(1, () => {
        if (near.open) this.give(body, { kind: 'opened', link, out: true, remote: addressOf(to) })
      })
    })
  }

  private atOfAddress(address: string): number {
    const [, , high, low] = (address.split(':')[0] ?? '').split('.')
    return Number(high) * 256 + Number(low)
  }

  /** In order; what meets a cut is lost, and with it everything behind it, as TCP delivers nothing out of order. */
  private carry(from: End, run: (to: End) => void): void {
    from.arrivalMs = Math.max(from.arrivalMs, this.now + 1 + Math.floor(this.next() * 2))
    const pass = (): void => {
      const { far, farLink, body } = from
      if (far.life === 'dark' || body.life === 'dark') return
      if (this.isCut(body.at, far.at)) return this.later(200, pass)
      const to = far.ends.get(farLink)
      if (to?.open) run(to)
    }
    this.later(from.arrivalMs - this.now, pass)
  }

  private arrive(to: End, message: MembershipMessage): void {
    const { body, far, link } = to
    if (body.life === 'dead') return
    if (body.life === 'up') body.heard.set(far.at, this.now)
    this.give(body, { kind: 'message', link, message })
  }

  private hangUp(end: End, code: string): void {
    end.open = false
    this.carry(end, (to) => this.closed(to, { kind: 'remote', code, reason: '' }))
  }

  private closed(end: End, how: LinkEnd): void {
    if (!end.open) return
    end.open = false
    end.body.ends.delete(end.link)
    this.give(end.body, { kind: 'closed', link: end.link, end: how })
  }
}

const pair = (a: number, b: number): string => (a < b ? `${a} ${b}` : `${b} ${a}`)
