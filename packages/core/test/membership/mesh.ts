import type { Address, LinkEnd, Random } from '../../src/host/index.js'
import {
  createMembership,
  membershipDefaults,
  stepMembership,
  type Hello,
  type Membership,
  type MembershipEffect,
  type MembershipEvent,
  type MembershipInput,
  type MembershipMessage,
  type ViewMember,
} from '../../src/membership/index.js'

type Input = MembershipInput
interface Seen {
  readonly at: number
  readonly by: string
  readonly event: MembershipEvent
}

/** One side of a link. */
interface End {
  readonly life: Life
  readonly link: number
  open: boolean
  other: End | null
  lastArrival: number
  /** Nothing comes through any more. */
  severed?: boolean
}

/** One start of a peer: a process. */
export interface Life {
  readonly name: string
  readonly machine: Membership
  readonly incarnation: number
  address: Address
  running: boolean
  paused: boolean
  readonly ends: Map<number, End>
  readonly timers: Map<string, number>
  readonly inbox: Input[]
  readonly due: { key: string; token: number }[]
  nextLink: number
  /** From whom it hears without a gap: since when, and when last. */
  readonly hearing: Map<string, { since: number; last: number }>
}

export const idOf = (name: string): string => name.toLowerCase().repeat(32).slice(0, 32)
export const addressOf = (name: string): Address => `10.0.0.${name.charCodeAt(0)}:7100`

/** Peers named A, B, C… on a simulated network in virtual time. */
export class Mesh {
  now = 0
  readonly seen: Seen[] = []
  readonly lives = new Map<string, Life>()
  readonly dials: { at: number; from: string; to: Address }[] = []
  readonly sent: { from: string; message: MembershipMessage }[] = []
  /** Called at each event, before it is recorded. */
  watch: (by: Life, event: MembershipEvent) => void = () => {}
  strictness: 'normal' | 'strict' = 'normal'
  /** Hosts, or addresses, that answer nothing at all. */
  readonly dark = new Set<string>()
  /** The answer of a host to dials, instead of the true one. */
  readonly forged = new Map<Address, LinkEnd['kind'] & ('refused' | 'reset')>()
  /** What each peer was last told about round trips, by name. */
  readonly latencies = new Map<string, Map<string, number>>()
  /** Other names for addresses. */
  readonly aliases = new Map<Address, Address>()
  private readonly queue: { at: number; order: number; run: () => void }[] = []
  private readonly cuts = new Map<string, (() => void)[]>()
  private readonly slowness = new Map<string, number>()
  private order = 0
  private view: ViewMember[] = []
  private seed: number

  constructor(seed = 1) {
    this.seed = seed
  }

  private readonly random: Random = {
    next: () => {
      this.seed = (this.seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return this.seed / 2_147_483_648
    },
    id: () => '0'.repeat(32),
  }

  /** Starts peers that know each other's addresses. */
  start(names: string, hello: Partial<Hello> = {}): this {
    const seeds = names.split('').map(addressOf)
    for (const name of names) this.boot(name, seeds, hello)
    return this
  }

  boot(name: string, seeds: readonly Address[], hello: Partial<Hello> = {}): Life {
    const before = this.lives.get(name)
    const self: Hello = {
      protocol: 1,
      memberId: idOf(name),
      incarnation: (before?.incarnation ?? 0) + 1,
      name,
      address: addressOf(name),
      clusterId: null,
      mode: 'consistent',
      known: [],
      ...hello,
    }
    const config = { ...membershipDefaults, self, seeds, evidence: this.strictness }
    const life: Life = {
      name,
      machine: createMembership(config, { monotonicMs: this.now, wallMs: 0 }),
      incarnation: self.incarnation,
      address: self.address,
      running: true,
      paused: false,
      ends: new Map(),
      timers: new Map(),
      inbox: [],
      due: [],
      nextLink: 2,
      hearing: new Map(),
    }
    this.lives.set(name, life)
    this.dark.delete(name)
    this.give(life, { kind: 'start' })
    return life
  }

  restart(name: string, seeds?: readonly Address[]): Life {
    const old = this.life(name)
    return this.boot(name, seeds ?? old.machine.config.seeds)
  }

  life(name: string): Life {
    const life = this.lives.get(name)
    if (!life) throw new Error(`no peer ${name}`)
    return life
  }

  /** Journals these members, at their present incarnations, for every running peer. */
  setView(names: string): this {
    this.view = names.split('').map((name, i) => ({
      memberId: idOf(name),
      incarnation: this.life(name).incarnation,
      name,
      address: this.life(name).address,
      seniority:
        this.view.find((r) => r.name === name && r.incarnation === this.life(name).incarnation)?.seniority ??
        i + 1 + Math.floor(this.now),
    }))
    for (const life of this.lives.values()) this.give(life, { kind: 'view', members: this.view })
    return this
  }

  give(life: Life, input: Input): void {
    if (!life.running) return
    if (life.paused) {
      life.inbox.push(input)
      return
    }
    this.step(life, input)
  }

  tell(name: string, input: Input): this {
    this.give(this.life(name), input)
    return this
  }

  run(ms: number): this {
    const end = this.now + ms
    for (;;) {
      const next = this.queue.reduce<number>((a, e, i) => {
        const best = this.queue[a]
        return !best || e.at < best.at || (e.at === best.at && e.order < best.order) ? i : a
      }, -1)
      const event = this.queue[next]
      if (!event || event.at > end) break
      this.queue.splice(next, 1)
      this.now = event.at
      event.run()
    }
    this.now = end
    return this
  }

  /** kill -9: the host closes its links and refuses dials. */
  crash(name: string): this {
    const life = this.life(name)
    if (!life.running) return this
    life.running = false
    for (const end of life.ends.values()) this.hangUp(end, '', '')
    return this
  }

  /** The cable of the machine and its power are out: nobody is told anything. */
  powerOff(name: string): this {
    this.life(name).running = false
    this.dark.add(name)
    return this
  }

  /** The machine has another address: its links are dead without a word, the old address answers nothing. */
  move(name: string, address: Address): this {
    const life = this.life(name)
    this.dark.add(life.address)
    this.dark.delete(address)
    life.address = address
    for (const end of life.ends.values()) {
      end.severed = true
      if (end.other) end.other.severed = true
    }
    return this
  }

  pause(name: string): this {
    this.life(name).paused = true
    return this
  }

  /** Worst case: late timers run before what the network has delivered. */
  wake(name: string): this {
    const life = this.life(name)
    if (!life.paused) return this
    life.paused = false
    for (const { key, token } of life.due.splice(0)) {
      if (life.running && life.timers.get(key) === token) this.step(life, { kind: 'timer', key })
    }
    for (const input of life.inbox.splice(0)) this.give(life, input)
    return this
  }

  cut(a: string, b: string): this {
    return this.cutOneWay(a, b).cutOneWay(b, a)
  }

  /** What `from` sends to `to` waits until it is healed; no link can be dialled between them. */
  cutOneWay(from: string, to: string): this {
    if (!this.cuts.has(from + to)) this.cuts.set(from + to, [])
    return this
  }

  heal(a: string, b: string): this {
    for (const key of [a + b, b + a]) {
      const waiting = this.cuts.get(key) ?? []
      this.cuts.delete(key)
      for (const run of waiting) this.at(1, run)
    }
    return this
  }

  /** Each way takes so much longer between these two. */
  slow(a: string, b: string, byMs: number): this {
    this.slowness.set(pair(a, b), byMs)
    return this
  }

  healAll(): this {
    for (const key of Array.from(this.cuts.keys())) this.heal(key.charAt(0), key.charAt(1))
    return this
  }

  /** Something between the two resets their links: both see the other side closing. */
  resetLinks(a: string, b: string): this {
    for (const end of this.life(a).ends.values()) {
      if (end.other?.life.name !== b || !end.open) continue
      const other = end.other
      for (const e of [end, other]) this.at(1, () => this.closed(e, { kind: 'remote', code: '', reason: '' }))
    }
    return this
  }

  events<K extends MembershipEvent['kind']>(by: string, kind: K): Extract<MembershipEvent, { kind: K }>[] {
    const is = (e: MembershipEvent): e is Extract<MembershipEvent, { kind: K }> => e.kind === kind
    return this.seen
      .filter((e) => e.by === by)
      .map((e) => e.event)
      .filter(is)
  }

  evidence(by: string, about: string): string {
    return this.events(by, 'evidence')
      .filter((e) => e.memberId === idOf(about))
      .map((e) => e.class)
      .join('')
  }

  gone(by: string): string {
    return this.events(by, 'gone')
      .map((e) => this.nameOf(e.memberId))
      .join('')
  }

  /** Links that `a` would use for `b`, as link numbers of `a`. */
  usable(a: string, b: string): number[] {
    const rows = [...this.life(a).machine.links.values()]
    return rows.filter((l) => l.stage === 'usable' && l.hello?.memberId === idOf(b)).map((l) => l.id)
  }

  /** 'ok' when both sides have one usable link to the other, and it is the same one. */
  link(a: string, b: string): string {
    const [ours, theirs] = [this.usable(a, b), this.usable(b, a)]
    if (ours.length !== 1 || theirs.length !== 1)
      return `${a} has ${ours.length} to ${b}, back ${theirs.length}`
    const end = this.life(a).ends.get(ours[0] ?? 0)
    const same = end?.other?.life === this.life(b) && end.other.link === theirs[0]
    return same ? 'ok' : `${a} and ${b} use different links`
  }

  /** What keeps the peers from being a full mesh. */
  gaps(names: string): string[] {
    const all = names.split('').flatMap((a) =>
      names
        .split('')
        .filter((b) => a < b)
        .map((b) => this.link(a, b)),
    )
    return all.filter((l) => l !== 'ok')
  }

  nameOf(memberId: string): string {
    return memberId.charAt(0).toUpperCase()
  }

  at(delay: number, run: () => void): void {
    this.queue.push({ at: this.now + delay, order: this.order++, run })
  }

  private latency(): number {
    return 0.5 + this.random.next()
  }

  private step(life: Life, input: Input): void {
    for (const effect of stepMembership(
      life.machine,
      input,
      { monotonicMs: this.now, wallMs: 0 },
      this.random,
    )) {
      this.perform(life, effect)
    }
  }

  private perform(life: Life, effect: MembershipEffect): void {
    switch (effect.kind) {
      case 'dial':
        this.dials.push({ at: this.now, from: life.name, to: effect.address })
        return this.dial(life, effect.link, effect.address)
      case 'send': {
        const end = life.ends.get(effect.link)
        const { message } = effect
        this.sent.push({ from: life.name, message })
        if (end?.open && end.other) this.carry(end, () => this.arrive(end, message))
        return
      }
      case 'close': {
        const end = life.ends.get(effect.link)
        if (!end?.open) return
        this.hangUp(end, effect.code, effect.reason)
        this.at(0, () => this.give(life, { kind: 'closed', link: end.link, end: { kind: 'local' } }))
        return
      }
      case 'timer': {
        const token = (life.timers.get(effect.key) ?? 0) + 1
        life.timers.set(effect.key, token)
        if (effect.afterMs === null) return
        this.at(effect.afterMs, () => {
          if (life.timers.get(effect.key) !== token || !life.running) return
          if (life.paused) life.due.push({ key: effect.key, token })
          else this.step(life, { kind: 'timer', key: effect.key })
        })
        return
      }
      case 'event':
        if (effect.event.kind === 'latency') {
          this.latencies.set(
            life.name,
            new Map(effect.event.medians.map(([id, ms]) => [this.nameOf(id), ms])),
          )
          return
        }
        this.watch(life, effect.event)
        this.seen.push({ at: this.now, by: life.name, event: effect.event })
    }
  }

  private dial(life: Life, link: number, dialled: Address): void {
    const address = this.aliases.get(dialled) ?? dialled
    const near: End = { life, link, open: true, other: null, lastArrival: 0 }
    life.ends.set(link, near)
    const host = [...this.lives.values()].find((l) => l.address === address)
    const done = (after: number, end: LinkEnd): void => this.at(after, () => this.closed(near, end))
    this.at(this.latency(), () => {
      const target = [...this.lives.values()].find((l) => l.address === address && l.running)
      const name = host?.name ?? '?'
      const forged = this.forged.get(address)
      if (forged) return done(this.latency(), { kind: forged })
      const silent = this.dark.has(name) || this.dark.has(address)
      const isCut = this.cuts.has(life.name + name) || this.cuts.has(name + life.name)
      if (silent || isCut) return done(1_000, { kind: 'timeout' })
      if (!target) return done(this.latency(), { kind: 'refused' })
      if (!near.open) return
      const far: End = { life: target, link: target.nextLink, open: true, other: near, lastArrival: 0 }
      target.nextLink += 2
      near.other = far
      target.ends.set(far.link, far)
      const delay = this.latency()
      far.lastArrival = this.now + delay
      this.at(delay, () => {
        if (near.open) this.give(life, { kind: 'opened', link, out: true, remote: dialled })
      })
      this.give(target, { kind: 'opened', link: far.link, out: false, remote: `${life.address}0` })
    })
  }

  /** In order, and only when the line is up: a cut line delivers after it is healed. */
  private carry(from: End, run: () => void): void {
    const to = from.other
    if (!to) return
    const moreMs = this.slowness.get(pair(from.life.name, to.life.name)) ?? 0
    const arrival = Math.max(this.now + this.latency() + moreMs, from.lastArrival)
    from.lastArrival = arrival
    this.at(arrival - this.now, () => {
      if (from.severed) return
      if (this.dark.has(to.life.name) || this.dark.has(from.life.name)) return
      const waiting = this.cuts.get(from.life.name + to.life.name)
      if (waiting) waiting.push(run)
      else run()
    })
  }

  private arrive(from: End, message: MembershipMessage): void {
    const to = from.other
    if (!to) return
    // A host that lost this connection (it was restarted) answers with a reset.
    if (!to.life.running) return this.hangUp(to, '', '')
    if (!to.open) return
    this.give(to.life, { kind: 'message', link: to.link, message })
    if (to.life.paused) return
    const heard = to.life.hearing.get(from.life.name)
    const goesOn = heard && this.now - heard.last < 600
    to.life.hearing.set(from.life.name, { since: goesOn ? heard.since : this.now, last: this.now })
  }

  private hangUp(end: End, code: string, reason: string): void {
    const { other } = end
    end.open = false
    if (other?.open) this.carry(end, () => this.closed(other, { kind: 'remote', code, reason }))
  }

  private closed(end: End, how: LinkEnd): void {
    if (!end.open) return
    end.open = false
    this.give(end.life, { kind: 'closed', link: end.link, end: how })
  }
}

const pair = (a: string, b: string): string => (a < b ? a + b : b + a)
