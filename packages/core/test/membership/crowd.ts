import type { Random } from '../../src/host/index.js'
import {
  createMembership,
  membershipDefaults,
  stepMembership,
  type Membership,
  type MembershipConfig,
  type MembershipEvent,
  type MembershipInput,
  type MembershipMessage,
  type ViewMember,
} from '../../src/membership/index.js'
import { hash32 } from '../../src/ring/index.js'

interface Body {
  readonly at: number
  readonly machine: Membership
  readonly address: string
  running: boolean
  readonly ends: Map<number, { readonly to: Body; readonly link: number }>
  readonly timers: Map<string, number>
  nextLink: number
}

export const memberId = (at: number): string => hash32(`member ${at}`).toString(16).padStart(8, '0').repeat(4)

/** Many members on a network without faults, with a journal that tells everybody each view at once. */
export class Crowd {
  now = 0
  view: ViewMember[] = []
  readonly bodies = new Map<number, Body>()
  readonly seen: { readonly at: number; readonly by: number; readonly event: MembershipEvent }[] = []
  sent: { readonly at: number; readonly from: number; readonly message: MembershipMessage }[] = []
  keepsMessages = false
  private readonly slots = new Map<number, (() => void)[]>()
  private hubs: { term: number; ids: string[] } = { term: 1, ids: [] }
  private position = 0
  private seed: number

  constructor(seed = 1) {
    this.seed = seed
  }

  readonly random: Random = {
    next: () => {
      this.seed = (this.seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return this.seed / 2_147_483_648
    },
    id: () => '0'.repeat(32),
  }

  /** Starts members that are in the view already; the first two are the hubs. */
  found(size: number, more: Partial<MembershipConfig> = {}): this {
    const all = Array.from({ length: size }, (_, at) => at)
    this.view = all.map((at) => this.rowOf(at))
    for (const at of all) this.boot(at, [], false, more)
    this.lead([0, 1].filter((at) => at < size))
    this.tellView()
    return this
  }

  /** One process; as a newcomer it knows these members only. */
  boot(at: number, seeds: readonly number[], starts = true, more: Partial<MembershipConfig> = {}): Body {
    const address = `10.0.${at >> 8}.${at & 255}:7100`
    const self = { protocol: 1, memberId: memberId(at), incarnation: 1, name: `m${at}`, address, known: [] }
    const config: MembershipConfig = {
      ...membershipDefaults,
      self: { ...self, clusterId: starts ? null : 'c', mode: 'consistent' },
      seeds: seeds.map((s) => `10.0.${s >> 8}.${s & 255}:7100`),
      ...more,
    }
    const machine = createMembership(config, { monotonicMs: this.now, wallMs: 0 })
    const body: Body = {
      at,
      machine,
      address,
      running: true,
      ends: new Map(),
      timers: new Map(),
      nextLink: 2,
    }
    this.bodies.set(at, body)
    // Processes do not start in step.
    this.later(starts ? 0 : Math.floor(this.random.next() * 250), () => this.give(body, { kind: 'start' }))
    return body
  }

  admit(at: number): this {
    this.view = [...this.view.filter((r) => r.memberId !== memberId(at)), this.rowOf(at)]
    const body = this.body(at)
    this.give(body, { kind: 'self', self: { ...body.machine.self, clusterId: 'c' } })
    return this.tellView()
  }

  /** It says that it leaves, and is taken out of the view. */
  leave(at: number): this {
    this.give(this.body(at), { kind: 'stop', leaving: true })
    this.body(at).running = false
    return this.remove(at)
  }

  remove(at: number): this {
    this.view = this.view.filter((r) => r.memberId !== memberId(at))
    return this.tellView()
  }

  lead(ats: readonly number[]): this {
    this.hubs = { term: this.hubs.term + 1, ids: ats.map(memberId) }
    for (const body of this.bodies.values()) this.tellHubs(body)
    return this
  }

  crash(at: number): this {
    const body = this.body(at)
    body.running = false
    for (const { to, link } of body.ends.values()) this.later(1, () => this.closed(to, link, ''))
    return this
  }

  body(at: number): Body {
    return this.bodies.get(at)!
  }

  run(ms: number): this {
    for (const end = this.now + ms; this.now < end; ) {
      const due = this.slots.get(this.now)
      if (due) {
        // What is due now may ask for more now.
        for (let i = 0; i < due.length; i += 1) due[i]?.()
        this.slots.delete(this.now)
      }
      this.now += 1
    }
    return this
  }

  give(body: Body, input: MembershipInput): void {
    if (!body.running) return
    const now = { monotonicMs: this.now, wallMs: 0 }
    for (const effect of stepMembership(body.machine, input, now, this.random)) {
      switch (effect.kind) {
        case 'dial':
          this.later(1, () => this.arriveDial(body, effect.link, effect.address))
          break
        case 'send': {
          const end = body.ends.get(effect.link)
          const { message } = effect
          if (this.keepsMessages) this.sent.push({ at: this.now, from: body.at, message })
          if (end)
            this.later(1, () => {
              if (end.to.ends.has(end.link)) this.give(end.to, { kind: 'message', link: end.link, message })
            })
          break
        }
        case 'close': {
          const end = body.ends.get(effect.link)
          body.ends.delete(effect.link)
          if (end) this.later(1, () => this.closed(end.to, end.link, effect.code))
          break
        }
        case 'timer': {
          const token = (body.timers.get(effect.key) ?? 0) + 1
          body.timers.set(effect.key, token)
          if (effect.afterMs === null) break
          this.later(Math.ceil(effect.afterMs), () => {
            if (body.timers.get(effect.key) === token) this.give(body, { kind: 'timer', key: effect.key })
          })
          break
        }
        case 'event':
          if (effect.event.kind !== 'latency')
            this.seen.push({ at: this.now, by: body.at, event: effect.event })
      }
    }
  }

  linked(at: number): Set<string> {
    const { peers } = this.body(at).machine
    return new Set([...peers.values()].filter((p) => p.link !== null).map((p) => p.memberId))
  }

  /** Every pair that is linked, once. */
  pairs(): Set<string> {
    const found = new Set<string>()
    for (const body of this.bodies.values()) {
      if (!body.running) continue
      for (const id of this.linked(body.at)) found.add([id, memberId(body.at)].toSorted().join())
    }
    return found
  }

  later(ms: number, run: () => void): void {
    const at = this.now + ms
    const slot = this.slots.get(at)
    if (slot) slot.push(run)
    else this.slots.set(at, [run])
  }

  private rowOf(at: number): ViewMember {
    const address = `10.0.${at >> 8}.${at & 255}:7100`
    const seniority = (this.position += 1)
    return { memberId: memberId(at), incarnation: 1, name: `m${at}`, address, seniority }
  }

  private tellView(): this {
    const members = this.view
    const at = [1, (this.position += 1)] as const
    const ids = new Set(members.map((r) => r.memberId))
    for (const body of this.bodies.values()) {
      if (!ids.has(memberId(body.at))) continue
      this.give(body, { kind: 'view', members, at })
      this.tellHubs(body)
    }
    return this
  }

  private tellHubs(body: Body): void {
    const { term, ids } = this.hubs
    if (body.machine.self.clusterId !== null) this.give(body, { kind: 'hubs', term, hubs: ids })
  }

  private arriveDial(from: Body, link: number, address: string): void {
    const to = [...(this.byAddress(address) ?? [])].find((b) => b.running)
    if (!to) return this.later(1, () => this.give(from, { kind: 'closed', link, end: { kind: 'refused' } }))
    const far = to.nextLink
    to.nextLink += 2
    to.ends.set(far, { to: from, link })
    from.ends.set(link, { to, link: far })
    this.later(1, () => {
      if (from.ends.has(link)) this.give(from, { kind: 'opened', link, out: true, remote: address })
    })
    this.give(to, { kind: 'opened', link: far, out: false, remote: `${from.address}0` })
  }

  private byAddress(address: string): Body[] {
    const [, , high = '0', low = '0'] = address.split(':')[0]?.split('.') ?? []
    const body = this.bodies.get(Number(high) * 256 + Number(low))
    return body ? [body] : []
  }

  private closed(body: Body, link: number, code: string): void {
    if (!body.ends.delete(link)) return
    this.give(body, { kind: 'closed', link, end: { kind: 'remote', code, reason: '' } })
  }
}
