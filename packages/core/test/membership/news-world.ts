import type { Random } from '../../src/host/index.js'
import {
  createMembership,
  largeDefaults,
  membershipDefaults,
  stepMembership,
  type Fate,
  type Hello,
  type LargeTimings,
  type MemberRecord,
  type Membership,
  type MembershipEffect,
  type MembershipEvent,
  type MembershipInput,
  type MembershipMessage,
  type ViewMember,
  type ViewPosition,
} from '../../src/membership/index.js'
import { noteFate, recordOf, spread } from '../../src/membership/records.js'
import type { Step } from '../../src/membership/state.js'

export const memberId = (n: number): string => String(n).padStart(4, '0').repeat(8)
const never = 1e9

interface Line {
  readonly ends: readonly [a: number, b: number]
  /** The same at both ends. */
  readonly number: number
  open: boolean
}

/**
 * Members whose links a test makes and cuts itself: silence condemns nobody, nothing is dialled. For what members tell
 * each other; who is linked and who is removed has worlds of its own.
 */
export class NewsWorld {
  now = 0
  readonly machines: Membership[] = []
  readonly events: { readonly by: number; readonly event: MembershipEvent }[] = []
  readonly sent: { readonly by: number; readonly to: number; readonly message: MembershipMessage }[] = []
  /** The delays of the copies that arrive of a message. */
  carries: (message: MembershipMessage, from: number, to: number) => readonly number[] = () => [1]
  readonly lines: Line[] = []
  readonly dead = new Set<number>()
  private readonly queue: { readonly at: number; readonly run: () => void }[] = []
  private readonly timers = new Map<string, number>()
  private seed: number
  private readonly options: { readonly large?: Partial<LargeTimings>; readonly spreadsViews?: boolean }

  constructor(
    count: number,
    options: {
      readonly seed?: number
      readonly large?: Partial<LargeTimings>
      readonly spreadsViews?: boolean
    } = {},
  ) {
    this.options = options
    this.seed = options.seed ?? 1
    for (let n = 0; n < count; n += 1) this.boot(n)
  }

  /** A start of this member: the first, or a further one. */
  boot(n: number): void {
    const before = this.machines[n]
    const self: Hello = {
      protocol: 1,
      memberId: memberId(n),
      incarnation: (before?.self.incarnation ?? 0) + 1,
      name: `m${n}`,
      address: `10.0.0.${n}:1`,
      clusterId: 'c',
      mode: 'consistent',
      known: [],
    }
    const large = { ...largeDefaults, silenceMs: never, lingerMs: never, ...this.options.large }
    const config = {
      ...membershipDefaults,
      silenceMs: never,
      removeMs: never,
      self,
      seeds: [],
      large,
      spreadsViews: this.options.spreadsViews ?? false,
    }
    this.dead.delete(n)
    this.machines[n] = createMembership(config, { monotonicMs: this.now, wallMs: 0 })
    // Beats of different members fall at different times.
    this.at(n % 2 ? this.random.next() * 200 : 0, () => this.give(n, { kind: 'start' }))
  }

  readonly random: Random = {
    next: () => {
      this.seed = (this.seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return this.seed / 2_147_483_648
    },
    id: () => '0'.repeat(32),
  }

  rows(members: readonly number[] = this.machines.map((_, n) => n)): ViewMember[] {
    return members.map((n) => {
      const { memberId: id, incarnation, name, address } = this.machine(n).self
      return { memberId: id, incarnation, name, address, seniority: n * 1_000 + incarnation }
    })
  }

  /** Everybody, or those named, gets this view. */
  view(at: ViewPosition, rows: readonly ViewMember[] = this.rows(), to?: readonly number[]): this {
    for (const n of to ?? this.machines.keys()) this.give(n, { kind: 'view', members: rows, at })
    return this
  }

  hubs(...hubs: number[]): this {
    for (const machine of this.machines)
      Object.assign(machine.topology, {
        term: machine.topology.term + 1,
        hubs: hubs.map((n) => ({ memberId: memberId(n), address: this.machine(n).self.address })),
      })
    return this
  }

  link(a: number, b: number): this {
    if (a === b || this.lines.some((l) => l.open && l.ends.includes(a) && l.ends.includes(b))) return this
    // Even: accepted at both ends.
    const number = (this.lines.length + 1) * 2
    const line: Line = { ends: [a, b], number, open: true }
    this.lines.push(line)
    for (const n of [a, b]) {
      const remote = this.machine(n === a ? b : a).self.address
      this.give(n, { kind: 'opened', link: number, out: false, remote })
    }
    return this
  }

  linkAll(members: readonly number[] = [...this.machines.keys()]): this {
    for (const a of members) for (const b of members) if (a < b) this.link(a, b)
    return this
  }

  cut(a: number, b: number): this {
    for (const line of this.lines) {
      if (!line.open || !line.ends.includes(a) || !line.ends.includes(b)) continue
      line.open = false
      for (const n of [a, b])
        this.give(n, { kind: 'closed', link: line.number, end: { kind: 'broken', text: '' } })
    }
    return this
  }

  crash(n: number): this {
    this.dead.add(n)
    for (const line of this.lines) if (line.ends.includes(n)) this.cut(...line.ends)
    return this
  }

  about(n: number, text: string): this {
    this.give(n, { kind: 'about', about: { version: text } })
    return this
  }

  note(by: number, of: number, fate: Fate, incarnation: number = this.machine(of).self.incarnation): this {
    this.act(by, (s) => noteFate(s, memberId(of), incarnation, fate))
    return this
  }

  act(by: number, run: (s: Step) => void): void {
    const s: Step = { state: this.machine(by), now: this.now, random: this.random, effects: [] }
    run(s)
    spread(s)
    for (const effect of s.effects) this.perform(by, effect)
  }

  /** What one member knows of another. */
  known(by: number, of: number): MemberRecord | undefined {
    return recordOf(this.machine(by), memberId(of))
  }

  fates(of: number): string {
    return this.alive()
      .filter((n) => n !== of)
      .map((n) => this.known(n, of)?.fate)
      .join(' ')
  }

  alive(): number[] {
    return [...this.machines.keys()].filter((n) => !this.dead.has(n))
  }

  /** Empty when all hold the same rows and digests. */
  differences(): string[] {
    const all = this.alive()
    const show = (n: number): string => {
      const { rows, idle, digest } = this.machine(n).records
      const kept = [...rows.values()].filter((row) => !idle.has(row.memberId))
      return JSON.stringify([digest, kept.map((row) => JSON.stringify(row)).toSorted()])
    }
    const first = show(all[0] ?? 0)
    return all.filter((n) => show(n) !== first).map((n) => `${n}: ${show(n)} ≠ ${first}`)
  }

  count(t: MembershipMessage['t']): number {
    return this.sent.filter(({ message }) => message.t === t).length
  }

  eventsOf<K extends MembershipEvent['kind']>(by: number, kind: K): Extract<MembershipEvent, { kind: K }>[] {
    const is = (e: MembershipEvent): e is Extract<MembershipEvent, { kind: K }> => e.kind === kind
    return this.events
      .filter((e) => e.by === by)
      .map((e) => e.event)
      .filter(is)
  }

  run(ms: number): this {
    const end = this.now + ms
    for (;;) {
      const event = this.queue.at(-1)
      if (!event || event.at > end) break
      this.queue.pop()
      this.now = event.at
      event.run()
    }
    this.now = end
    return this
  }

  /** Runs until `ok`, at most so long; how long it took. */
  until(ok: () => boolean, atMostMs: number): number {
    const began = this.now
    while (!ok() && this.now - began < atMostMs) this.run(50)
    return this.now - began
  }

  at(delay: number, run: () => void): void {
    const event = { at: this.now + delay, run }
    // The next one last; of the same time the older one first.
    let [low, high] = [0, this.queue.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.queue[middle]?.at ?? 0) > event.at) low = middle + 1
      else high = middle
    }
    this.queue.splice(low, 0, event)
  }

  machine(n: number): Membership {
    const machine = this.machines[n]
    if (!machine) throw new Error(`no member ${n}`)
    return machine
  }

  give(n: number, input: MembershipInput): void {
    if (this.dead.has(n)) return
    const effects = stepMembership(this.machine(n), input, { monotonicMs: this.now, wallMs: 0 }, this.random)
    for (const effect of effects) this.perform(n, effect)
  }

  private perform(n: number, effect: MembershipEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.send(n, effect.link, effect.message)
      case 'timer': {
        const machine = this.machine(n)
        const key = `${n} ${machine.self.incarnation} ${effect.key}`
        const token = (this.timers.get(key) ?? 0) + 1
        this.timers.set(key, token)
        if (effect.afterMs === null) return
        return this.at(effect.afterMs, () => {
          if (this.timers.get(key) === token && this.machine(n) === machine)
            this.give(n, { kind: 'timer', key: effect.key })
        })
      }
      case 'close': {
        const line = this.lines[effect.link / 2 - 1]
        if (!line?.open) return
        line.open = false
        const other = line.ends[0] === n ? line.ends[1] : line.ends[0]
        const end = { kind: 'remote' as const, code: effect.code, reason: effect.reason }
        return this.at(1, () => this.give(other, { kind: 'closed', link: effect.link, end }))
      }
      case 'dial':
        // Under way for ever, without taking a place.
        this.machine(n).links.delete(effect.link)
        return
      case 'event':
        this.events.push({ by: n, event: effect.event })
    }
  }

  private send(n: number, link: number, message: MembershipMessage): void {
    const line = this.lines[link / 2 - 1]
    if (!line?.open) return
    const other = line.ends[0] === n ? line.ends[1] : line.ends[0]
    this.sent.push({ by: n, to: other, message })
    for (const delay of this.carries(message, n, other)) {
      this.at(delay, () => {
        if (line.open) this.give(other, { kind: 'message', link, message })
      })
    }
  }
}
