import { createMembership, stepMembership, wantsNeed } from '@tanist/core'
import type {
  About,
  EvidenceClass,
  Fate,
  Hello,
  LastPosition,
  Host,
  Link,
  LinkHandlers,
  MemberId,
  Membership,
  MembershipEffect,
  MembershipEvent,
  MembershipInput,
} from '@tanist/core'
import { Detours } from './detours.js'
import type { DetourCounts } from './detours.js'
import { LinkBook } from './link-status.js'
import type { LinkStatus } from './link-status.js'
import { Links } from './links.js'
import { Rhythm } from './rhythm.js'
import type { CheckedSettings } from './settings.js'
import type { KeyedTimers } from './timers.js'
import type { Turns } from './turns.js'
import type { WireMessage } from './wire.js'

/** What the mesh tells its peer. */
export interface MeshHooks {
  up(hello: Hello, relinked: boolean): void
  down(memberId: MemberId): void
  evidence(kind: EvidenceClass, memberId: MemberId, incarnation: number, text: string): void
  gone(memberId: MemberId, incarnation: number, leaving: boolean, why: string): void
  /** This peer hears nobody; null: it does again. */
  cutOff(text: string | null): void
  latency(medians: readonly (readonly [MemberId, number])[]): void
  fate(memberId: MemberId, incarnation: number, fate: Fate): void
  about(memberId: MemberId, about: About | null): void
  /** About to beat, in whatever rhythm: at least once in a second. */
  beat(): void
  /** Who leads, as far as this peer knows. */
  leader(): MemberId | null
  /** `self`: it is this peer that must not be linked. */
  refused(address: string, code: string, text: string, hello: Hello | null, self: boolean): void
  /** What `links` says has changed. */
  links(): void
  message(from: { readonly memberId: MemberId; readonly incarnation: number }, message: WireMessage): void
}

/** The links to all other peers: the shell around the membership machine. */
export class Mesh {
  readonly #host: Host
  readonly #turns: Turns
  readonly #timers: KeyedTimers
  readonly #hooks: MeshHooks
  readonly #links: Links
  readonly #membership: Membership
  readonly #detours: Detours
  readonly #book: LinkBook
  readonly #rhythm: Rhythm
  readonly #needs = new Set<MemberId>()

  constructor(
    host: Host,
    turns: Turns,
    timers: KeyedTimers,
    config: {
      readonly self: Hello
      readonly seeds: readonly string[]
      readonly settings: Pick<CheckedSettings, 'membership' | 'evidence'>
    },
    hooks: MeshHooks,
  ) {
    this.#host = host
    this.#turns = turns
    this.#timers = timers
    this.#rhythm = new Rhythm(timers, 'member.beat')
    this.#hooks = hooks
    const { self, seeds, settings } = config
    this.#membership = createMembership(
      { self, seeds, ...settings.membership, evidence: settings.evidence },
      host.clock.now(),
    )
    this.#links = new Links(host.network, host.log, {
      opened: (link, out, remote) => turns.enqueue(() => this.step({ kind: 'opened', link, out, remote })),
      received: (link, messages) => turns.enqueueCalm(() => this.#received(link, messages)),
      closed: (link, end) =>
        turns.enqueue(() => {
          this.step({ kind: 'closed', link, end })
          this.#links.forget(link)
        }),
    })
    this.#book = new LinkBook(this.#membership)
    this.#detours = new Detours({
      log: host.log,
      links: this.#links,
      self: () => this.#membership.self,
      row: (id) => this.#membership.index.byId.get(id),
      hears: (id) => this.#hears(id),
      up: (hello, relinked) => hooks.up(hello, relinked),
      down: (id) => hooks.down(id),
      message: (from, message) => hooks.message(from, message),
    })
  }

  accept(link: Link): LinkHandlers {
    return this.#links.accept(link)
  }

  /** By its own link, or through another member while that is bad. */
  sendTo(memberId: MemberId, message: WireMessage): void {
    if (this.#detours.carries(memberId)) return this.#detours.send(memberId, message)
    this.need(memberId)
    this.#links.sendTo(memberId, message)
  }

  /** There is something for this member: in a large cluster a link is made, or kept for a while longer. */
  need(memberId: MemberId): void {
    const { monotonicMs } = this.#host.clock.now()
    if (this.#needs.has(memberId) || !wantsNeed(this.#membership, memberId, monotonicMs)) return
    this.#needs.add(memberId)
    // Whoever sends is in the middle of a step of its own.
    this.#turns.enqueue(() => {
      this.#needs.delete(memberId)
      this.step({ kind: 'need', memberId })
    })
  }

  flush(): void {
    this.#detours.flush()
    this.#links.flush()
  }

  /** Own links to members, and those of others that are said to be bad. */
  links(): LinkStatus[] {
    return this.#book.read()
  }

  get isLarge(): boolean {
    return this.#membership.topology.large
  }

  get handedOn(): DetourCounts {
    return this.#detours.counts
  }

  step(input: MembershipInput): void {
    if (input.kind === 'timer' && input.key === 'beat') this.#hooks.beat()
    for (const effect of stepMembership(this.#membership, input, this.#host.clock.now(), this.#host.random)) {
      this.#run(effect)
    }
    if (input.kind === 'timer' && input.key === 'beat') this.#detours.greetAgain()
    if (input.kind === 'self') this.#detours.selfChanged()
    if (input.kind === 'view') this.#detours.keep((id) => this.#membership.index.byId.has(id))
    this.#turns.drain()
  }

  /** The leader speaks to all just now. In a large cluster beats are spread instead: nobody shall hear all at once. */
  leaderBeats(): void {
    if (!this.#membership.topology.large && this.#rhythm.leaderBeats())
      this.step({ kind: 'timer', key: 'beat' })
  }

  /** Says `bye` and closes every link. */
  close(leaving: boolean, last?: LastPosition): void {
    this.step({ kind: 'stop', leaving, ...(last && { last }) })
    this.#links.closeAll('bye')
  }

  #run(effect: MembershipEffect): void {
    switch (effect.kind) {
      case 'dial':
        return this.#links.dial(effect.link, effect.address, effect.doubted === true)
      case 'send':
        return this.#links.send(effect.link, { channel: 'm', body: effect.message })
      case 'close':
        return this.#links.close(effect.link, effect.code, effect.reason)
      case 'timer':
        if (effect.key === 'beat') return this.#rhythm.arm(effect.afterMs)
        return this.#timers.set(`member.${effect.key}`, effect.afterMs)
      case 'event':
        return this.#turns.upcall(() => this.#tell(effect.event))
    }
  }

  #tell(event: MembershipEvent): void {
    switch (event.kind) {
      case 'up':
        return this.#up(event.hello, this.#links.up(event.link, event.hello))
      case 'down':
        this.#links.down(event.memberId)
        return this.#detours.carries(event.memberId) ? undefined : this.#hooks.down(event.memberId)
      case 'evidence':
        return this.#hooks.evidence(event.class, event.memberId, event.incarnation, event.text)
      case 'bye':
        return this.#hooks.gone(event.memberId, event.incarnation, event.leaving, byeWords(event.last))
      case 'gone':
        return this.#hooks.gone(event.memberId, event.incarnation, false, event.text)
      case 'latency':
        return this.#hooks.latency(event.medians)
      case 'route':
        this.#routed(event.memberId, event.by)
        return this.#linkChanged(event.memberId)
      case 'bad-link': {
        const { from, to, bad } = event
        if (from === this.#membership.self.memberId) return this.#linkChanged(to)
        this.#book.told(from, to, bad, this.#host.clock.now().wallMs)
        return this.#hooks.links()
      }
      case 'fate':
        return this.#hooks.fate(event.memberId, event.incarnation, event.fate)
      case 'about':
        return this.#hooks.about(event.memberId, event.about)
      case 'view':
        return
      case 'cut-off':
        return this.#hooks.cutOff(event.cutOff ? event.text : null)
      case 'refused':
        return this.#hooks.refused(event.address, event.code, event.text, event.hello ?? null, event.self)
    }
  }

  #up(hello: Hello, relinked: boolean): void {
    const carried = this.#detours.carries(hello.memberId)
    const same = this.#detours.linkUp(hello)
    // Until it has carried for a while, traffic goes on by the other way.
    this.#hooks.up(hello, relinked && !(carried && same))
  }

  #routed(memberId: MemberId, by: Extract<MembershipEvent, { kind: 'route' }>['by']): void {
    if (by === null || by === 'link') this.#detours.end(memberId)
    else this.#detours.begin(memberId, by.via)
  }

  #linkChanged(to: MemberId): void {
    this.#book.note(to, this.#host.clock.now().wallMs)
    this.#hooks.links()
  }

  #hears(id: MemberId): boolean {
    const peer = this.#membership.peers.get(id)
    return peer !== undefined && peer.link !== null && !peer.silent
  }

  #received(link: number, messages: readonly WireMessage[]): void {
    this.step({ kind: 'heard', link })
    for (const message of messages) {
      if (message.channel === 'm') {
        const { body } = message
        this.step({ kind: 'message', link, message: body })
        if (body.t === 'beat' && this.#links.speaker(link)?.memberId === this.#hooks.leader())
          this.leaderBeats()
      } else {
        const speaker = this.#links.speaker(link)
        if (!speaker) continue
        if (message.channel === 'v') this.#detours.received(speaker, message)
        else this.#hooks.message(speaker, message)
      }
    }
  }
}

function byeWords(last: LastPosition | undefined): string {
  return last ? `it said bye, its journal ends at entry ${last.index} of term ${last.term}` : 'it said bye'
}
