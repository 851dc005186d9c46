import type { Hello } from '@tanist/core'
import type { PlainContext } from '@tanist/core/testing'
import type { SuccessionInput } from '../../succession/index.js'
import { BEAT_MS, HELLO_BEATS, PROOF_MS, REMOVE_MS, SILENCE_MS } from './parcel.js'
import type { Parcel } from './parcel.js'

/** What one peer knows of another. */
interface Known {
  readonly id: number
  /** Number of the usable link; 0 when there is none. */
  link: number
  hello: Hello | null
  heardMs: number
  /** When anything was last sent: what is said often enough needs no beats. */
  sentMs: number
  dialledMs: number
  /** When the other side closed the last link; -1 when it did not. */
  closedMs: number
  /** Greatest incarnation that is proven dead, and that was proposed for removal. */
  dead: number
  gone: number
}

export interface LinkPorts {
  readonly context: PlainContext<Parcel>
  readonly peers: number
  hello(): Hello
  step(input: SuccessionInput): void
  nextLink(): number
  /** A dial would be refused now: nobody listens at `to`, and its kernel can say so. */
  refuses(to: number): boolean
}

/**
 * Stands in for membership: links with beats, silence, redials and evidence of death, by the rules and numbers of
 * `core/membership`, without its gossip.
 */
export class PeerLinks {
  readonly #ports: LinkPorts
  readonly #known: Known[] = []
  #watchedMs: number
  #watches = 0

  constructor(ports: LinkPorts) {
    this.#ports = ports
    const { context, peers } = ports
    this.#watchedMs = context.nowMs
    for (let id = 0; id < peers; id++) {
      const heardMs = context.nowMs
      const never = { link: 0, hello: null, dialledMs: -BEAT_MS, closedMs: -PROOF_MS, dead: 0, gone: 0 }
      if (id !== context.id) this.#known.push({ id, heardMs, sentMs: heardMs, ...never })
    }
  }

  start(): void {
    for (const known of this.#known) this.#dial(known)
    this.#ports.context.timer('watch', BEAT_MS * this.#ports.context.random.next())
  }

  /** 0 when there is none. */
  linkTo(id: number): number {
    return this.#of(id).link
  }

  /** The link to send on now; 0 when there is none. */
  use(id: number): number {
    const known = this.#of(id)
    known.sentMs = this.#ports.context.nowMs
    return known.link
  }

  /** The incarnation that speaks on this link; 0 when the link is not the usable one. */
  hear(from: number, link: number): number {
    const known = this.#of(from)
    if (known.link !== link) return 0
    known.heardMs = this.#ports.context.nowMs
    return known.hello?.incarnation ?? 0
  }

  /** The own hello has changed. */
  tellAll(): void {
    const { context } = this.#ports
    const hello = this.#ports.hello()
    for (const known of this.#known) {
      if (known.link === 0) continue
      known.sentMs = context.nowMs
      context.send(known.id, { k: 'hello', link: known.link, hello })
    }
  }

  onDial(from: number, link: number, hello: Hello): void {
    if (!this.#isNews(from, link, hello)) return
    this.#ports.context.send(from, { k: 'welcome', link, hello: this.#ports.hello() })
    this.#up(this.#of(from), link, hello)
  }

  onWelcome(from: number, link: number, hello: Hello): void {
    if (this.#isNews(from, link, hello)) this.#up(this.#of(from), link, hello)
  }

  /** Said again and again: only news matter. */
  onHello(from: number, link: number, hello: Hello): void {
    if (this.hear(from, link) === 0) return
    const known = this.#of(from)
    if (known.hello?.clusterId === hello.clusterId) return
    known.hello = hello
    this.#ports.step({ kind: 'up', hello, relinked: false })
  }

  onClose(from: number, link: number): void {
    const known = this.#of(from)
    if (known.link !== link) return
    known.closedMs = this.#ports.context.nowMs
    this.#down(known)
    this.#dial(known)
  }

  /** Look whether it lives. */
  probe(id: number): void {
    const known = this.#of(id)
    if (known.link === 0) this.#dial(known)
  }

  onRefused(id: number): void {
    const known = this.#of(id)
    const { nowMs } = this.#ports.context
    if (known.link > 0 || nowMs - known.closedMs > PROOF_MS || !this.#ports.refuses(id)) return
    this.#prove(known)
  }

  /** Every `BEAT_MS`. A process that comes late to it was frozen itself, and accuses nobody. */
  watch(): void {
    const { context } = this.#ports
    const { nowMs } = context
    const late = nowMs - this.#watchedMs > 2 * BEAT_MS
    this.#watchedMs = nowMs
    this.#watches += 1
    if (this.#watches % HELLO_BEATS === 0) this.tellAll()
    context.timer('watch', BEAT_MS)
    for (const known of this.#known) {
      if (late) known.heardMs = nowMs
      const silentMs = nowMs - known.heardMs
      if (known.link > 0 && silentMs > SILENCE_MS) {
        context.send(known.id, { k: 'close', link: known.link })
        this.#down(known)
      }
      if (known.link > 0) this.#beat(known, nowMs)
      else if (nowMs - known.dialledMs >= BEAT_MS) this.#dial(known)
      if (known.link === 0 && silentMs > REMOVE_MS) this.#propose(known, 'it is silent')
    }
  }

  #beat(known: Known, nowMs: number): void {
    if (nowMs - known.sentMs >= BEAT_MS / 2)
      this.#ports.context.send(known.id, { k: 'beat', link: known.link })
  }

  #of(id: number): Known {
    return this.#known[id < this.#ports.context.id ? id : id - 1] as Known
  }

  /** Crossing dials leave one link: the greater number. Nobody speaks from the dead. */
  #isNews(from: number, link: number, hello: Hello): boolean {
    const known = this.#of(from)
    return (
      link > known.link &&
      hello.incarnation > known.dead &&
      hello.incarnation >= (known.hello?.incarnation ?? 0)
    )
  }

  #dial(known: Known): void {
    const { context } = this.#ports
    known.dialledMs = context.nowMs
    if (this.#ports.refuses(known.id)) {
      context.timer(`refused ${known.id}`, 0.4 + 1.6 * context.random.next())
      return
    }
    context.send(known.id, { k: 'dial', link: this.#ports.nextLink(), hello: this.#ports.hello() })
  }

  #up(known: Known, link: number, hello: Hello): void {
    const before = known.hello
    known.link = link
    known.hello = hello
    known.heardMs = this.#ports.context.nowMs
    known.closedMs = -PROOF_MS
    if (before && before.incarnation < hello.incarnation) this.#proveOld(known, before.incarnation)
    this.#ports.step({ kind: 'up', hello, relinked: true })
  }

  #down(known: Known): void {
    known.link = 0
    if (known.hello) this.#ports.step({ kind: 'down', memberId: known.hello.memberId })
  }

  #prove(known: Known): void {
    const { hello } = known
    if (!hello || hello.incarnation <= known.dead) return
    this.#proveOld(known, hello.incarnation)
    this.#propose(known, 'its end is proven')
  }

  #proveOld(known: Known, incarnation: number): void {
    known.dead = Math.max(known.dead, incarnation)
    const memberId = known.hello?.memberId ?? ''
    this.#ports.step({ kind: 'dead', memberId, incarnation })
  }

  #propose(known: Known, why: string): void {
    const { hello } = known
    if (!hello || known.gone >= hello.incarnation) return
    known.gone = hello.incarnation
    const { memberId, incarnation } = hello
    this.#ports.step({ kind: 'gone', memberId, incarnation, leaving: false, why })
  }
}
