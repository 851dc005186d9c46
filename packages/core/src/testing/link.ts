import type { Address, Level, Link, LinkEnd, LinkHandlers } from '../host/index.js'
import { invariant } from '../invariant.js'
import { CallEvent, SimEvent } from './events.js'
import { hostOf } from './machine.js'
import type { Life, Machine } from './machine.js'
import type { Fabric, SimListener } from './network.js'
import type { OpenMessage } from './record/index.js'

/** What the kernels and transports of two machines say to each other on one connection. */
export type Word =
  | { readonly t: 'syn' | 'syn-ack' | 'refused' | 'proof' | 'welcome' | 'reset' }
  | { readonly t: 'rejected'; readonly end: LinkEnd }
  | { readonly t: 'frame'; readonly bytes: Uint8Array }
  | { readonly t: 'fin'; readonly code: string; readonly reason: string }

/** Bytes that both kernels hold before `bufferedBytes` begins to count. */
const kernelBufferBytes = 256 * 1024

/** One word on its way. Kernels, not processes, take it in: so it belongs to no life. */
export class Parcel extends SimEvent {
  readonly from: End
  readonly word: Word
  private readonly fabric: Fabric
  private readonly record: OpenMessage | null

  constructor(fabric: Fabric, from: End, word: Word) {
    super('parcel', null)
    this.fabric = fabric
    this.from = from
    this.word = word
    const { recorder } = fabric.timeline
    this.record = recorder && recorder.sent(from.machine.name, this.node, word.t, this.bytes)
  }

  override get node(): string {
    return this.from.peer.machine.name
  }

  override get bytes(): Uint8Array | undefined {
    return this.word.t === 'frame' ? this.word.bytes : undefined
  }

  what(): string {
    const { word } = this
    return `${word.t === 'frame' ? `frame of ${word.bytes.length} B` : word.t} from ${this.from.machine.name}`
  }

  /** A second copy of the same word. */
  twin(): Parcel {
    this.from.undelivered += this.bytes?.length ?? 0
    return new Parcel(this.fabric, this.from, this.word)
  }

  /** It will never arrive. */
  lose(): void {
    this.from.undelivered -= this.bytes?.length ?? 0
    this.ended('lost')
  }

  override dropped(): void {
    this.ended('lost')
  }

  fire(): void {
    const end = this.from.peer
    if (this.from.severed) {
      this.ended('lost')
      return
    }
    if (!end.machine.on) {
      this.from.unanswered = true
      this.ended('lost')
      return
    }
    if (this.word.t === 'syn') {
      this.ended('arrived')
      this.fabric.arrive(end)
      return
    }
    const { life } = end
    if (life?.alive !== true) {
      this.ended('lost')
      if (life !== null) end.sendReset()
      return
    }
    if (end.machine.paused) {
      life.pile.push(this)
      return
    }
    if (this.word.t === 'frame') this.from.undelivered -= this.word.bytes.length
    this.ended(this.word.t !== 'frame' || end.state === 'open' ? 'arrived' : 'lost')
    end.receive(this.word)
  }

  private ended(fate: 'arrived' | 'lost'): void {
    if (this.record !== null) this.fabric.timeline.recorder?.ended(this.record, fate)
  }
}

export type EndState = 'dialling' | 'arriving' | 'open' | 'closed'

/**
 * One side of a connection. Both sides exist from the dial on; the accepting one belongs to a process from the
 * moment that its kernel takes the connection.
 */
export class End implements Link {
  readonly remote: Address
  readonly machine: Machine
  life: Life | null
  peer: End
  state: EndState
  listener: SimListener | null = null
  handlers: LinkHandlers | null
  /** Of a dialled link: what this side wants to be. In this world everybody holds every key. */
  level: Level = 'member'
  /** Moment of the latest arrival of what was sent in order: the next may not come before it. */
  lastDueMs = 0
  /** Bytes sent and not yet handed to the other process. */
  undelivered = 0
  /** Something was sent to a machine without power: it will ask again when the machine is back. */
  unanswered = false
  /** The last word (fin or reset) is said. */
  finished = false
  /** One of the machines has another address by now: nothing comes through any more, and nobody is told. */
  severed = false
  private readonly fabric: Fabric

  constructor(
    fabric: Fabric,
    machine: Machine,
    remote: Address,
    life: Life | null,
    handlers: LinkHandlers | null,
  ) {
    this.fabric = fabric
    this.machine = machine
    this.remote = remote
    this.life = life
    this.handlers = handlers
    this.state = life === null ? 'arriving' : 'dialling'
    this.peer = this
    if (life !== null) life.ends.add(this)
  }

  get bufferedBytes(): number {
    return this.state === 'open' ? Math.max(0, this.undelivered - kernelBufferBytes) : 0
  }

  send(frame: Uint8Array): void {
    if (this.state !== 'open' || this.life?.alive !== true) return
    this.undelivered += frame.length
    // A copy: neither side can see what the other does to its own bytes.
    this.fabric.sendFrame(new Parcel(this.fabric, this, { t: 'frame', bytes: frame.slice() }))
  }

  close(code: string = 'closed', reason: string = ''): void {
    const { life } = this
    if (this.state === 'closed' || life?.alive !== true) return
    this.sendFin(code, reason)
    // Still among the life's ends until `closed` was called, but over for everybody else.
    this.state = 'closed'
    this.fabric.timeline.call('network', life, 0, 'closed here', () => this.report({ kind: 'local' }))
  }

  /** The dialler has waited long enough. */
  giveUp(): void {
    if (this.state !== 'dialling') return
    this.sendFin('timeout', 'the dialler gave up')
    this.over({ kind: 'timeout' })
  }

  unreachable(): void {
    if (this.state === 'dialling') this.over({ kind: 'unreachable' })
  }

  /** The process is gone. With power its kernel says so; without, nobody is told. */
  die(tellOther: boolean): void {
    this.state = 'closed'
    if (tellOther) this.sendReset()
  }

  sendReset(): void {
    if (this.finished) return
    this.finished = true
    this.say({ t: 'reset' })
  }

  sever(): void {
    this.severed = true
    this.peer.severed = true
  }

  say(word: Word): void {
    if (this.peer !== this) this.fabric.send(new Parcel(this.fabric, this, word))
  }

  receive(word: Word): void {
    switch (word.t) {
      case 'syn-ack':
        if (this.state === 'dialling') this.say({ t: 'proof' })
        return
      case 'proof':
        this.accept()
        return
      case 'welcome':
        if (this.state !== 'dialling') return
        this.state = 'open'
        this.handlers?.opened()
        return
      case 'frame':
        if (this.state === 'open') this.handlers?.frame(word.bytes)
        return
      case 'refused':
        this.over({ kind: 'refused' })
        return
      case 'rejected':
        this.over(word.end)
        return
      case 'reset':
        this.lost('reset', 'the other process ended')
        return
      case 'fin':
        this.lost(word.code, word.reason)
        return
      case 'syn':
        invariant(false, 'a syn is taken by the kernel')
    }
  }

  private lost(code: string, reason: string): void {
    this.over(this.state === 'dialling' ? { kind: 'reset' } : { kind: 'remote', code, reason })
  }

  private sendFin(code: string, reason: string): void {
    if (this.finished) return
    this.finished = true
    this.say({ t: 'fin', code, reason })
  }

  /** The handshake is complete on the accepting side, unless somebody does not want it. */
  private accept(): void {
    if (this.state !== 'arriving' || this.life === null) return
    if (this.peer.state !== 'dialling') {
      this.forget()
      return
    }
    const rejection = this.fabric.rejection(this.peer.machine, this.machine) ?? this.notOpen()
    if (rejection !== undefined || this.listener?.open !== true) {
      this.finished = true
      this.say(rejection === undefined ? { t: 'reset' } : { t: 'rejected', end: rejection })
      this.forget()
      return
    }
    this.state = 'open'
    this.say({ t: 'welcome' })
    const { handlers, layer } = this.listener
    const { level } = this.peer
    if (level === 'member') this.handlers = handlers.accept(this)
    else this.handlers = handlers.client?.(this, { level, layer, host: hostOf(this.remote) }) ?? null
  }

  /** Why the dialler is not let in for what it wants to be. */
  private notOpen(): LinkEnd | undefined {
    const { level } = this.peer
    const { listener } = this
    if (listener?.open !== true) return undefined
    const { handlers, accepts, layer, address } = listener
    const taken = level === 'member' || handlers.client !== undefined
    if (taken && accepts.includes(level)) return undefined
    const text = `The layer '${layer}' at ${address} is not open to ${NAMES[level]}.`
    return { kind: 'rejected', code: 'not-open', text }
  }

  private forget(): void {
    this.state = 'closed'
    this.finished = true
    this.life?.ends.delete(this)
  }

  private over(end: LinkEnd): void {
    if (this.state === 'closed') return
    this.forget()
    this.report(end)
  }

  private report(end: LinkEnd): void {
    this.life?.ends.delete(this)
    this.handlers?.closed(end)
  }
}

const NAMES: Readonly<Record<Level, string>> = {
  member: 'members',
  trusted: 'trusted clients',
  stray: 'stray clients',
}

export const dialLimitMs = 1_000

/** A dial gives up after a limit; the callback waits, like all others, while the process is paused. */
export function dialTimeout(life: Life, end: End): SimEvent {
  return new CallEvent('network', life, 'dial limit', () => end.giveUp())
}
