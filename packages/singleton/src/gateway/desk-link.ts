import { decodeFrame, encodeFrames } from '@tanist/core'
import type { ClientCaller, FrameMessage, Link, LinkHandlers } from '@tanist/core'
import type { ClientMessage, ClusterView, MemberMessage, RefusalCode } from '../client/index.js'
import type { AddressRow } from './addresses.js'
import type { Speaker } from './authenticate.js'
import { Bucket } from './bucket.js'
import { DeskCalls } from './desk-calls.js'
import type { CallsLink } from './desk-calls.js'
import { DeskReads } from './desk-reads.js'
import { asClientMessage } from './form.js'
import type { SessionGate } from './session-gate.js'
import * as limits from './limits.js'

type HelloMessage = Extract<ClientMessage, { readonly t: 'hello' }>

/** What one link needs of the desk. */
export interface LinkPorts extends Pick<CallsLink, 'roles' | 'lives' | 'nowMs' | 'wallMs' | 'total'> {
  readonly sessions: SessionGate
  hello(link: DeskLink, hello: HelloMessage): void
  manifest(level: 'trusted' | 'stray', layer: string): unknown
  reads(link: DeskLink): DeskReads
  /** It has something to send: `flush` is called in the next turn. */
  dirty(link: DeskLink): void
  /** It has something to do when there is room again, or time has passed: `pump` is called after a while. */
  paused(link: DeskLink): void
  /** It has something to do: `pump` is called in the next turn. */
  ready(link: DeskLink): void
  closed(link: DeskLink): void
}

/** One client on this member: what it says is checked by form, and never reaches further than its level. */
export class DeskLink implements CallsLink {
  readonly proved: 'trusted' | 'stray'
  readonly layer: string
  readonly host: string
  readonly address: AddressRow
  readonly openedMs: number
  level: 'trusted' | 'stray'
  user: string | null = null
  by: Extract<Speaker, { readonly ok: true }>['by'] = null
  state: 'hello' | 'asking' | 'open' | 'over' = 'hello'
  heardMs: number
  pingedMs: number
  viewText = ''
  readonly calls: DeskCalls
  readonly reads: DeskReads
  readonly rate: Bucket | null
  readonly #link: Link
  readonly #ports: LinkPorts
  readonly #messages: Bucket
  #outbox: MemberMessage[] = []

  constructor(link: Link, { level, layer, host }: ClientCaller, address: AddressRow, ports: LinkPorts) {
    const nowMs = ports.nowMs()
    this.#link = link
    this.#ports = ports
    this.proved = level
    this.level = level
    this.layer = layer
    this.host = host
    this.address = address
    this.openedMs = nowMs
    this.heardMs = nowMs
    this.pingedMs = nowMs
    const isStray = level === 'stray'
    this.#messages = new Bucket(isStray ? limits.strayMessageRate : limits.trustedMessageRate, nowMs)
    this.rate = isStray ? new Bucket(limits.strayCallRate, nowMs) : null
    this.calls = new DeskCalls(this)
    this.reads = ports.reads(this)
  }

  get roles(): CallsLink['roles'] {
    return this.#ports.roles
  }

  get total(): Bucket | null {
    return this.proved === 'stray' ? this.#ports.total : null
  }

  get hasRoom(): boolean {
    return this.#link.bufferedBytes < limits.watchBufferedBytes
  }

  lives(): ReturnType<CallsLink['lives']> {
    return this.#ports.lives()
  }

  nowMs(): number {
    return this.#ports.nowMs()
  }

  wallMs(): number {
    return this.#ports.wallMs()
  }

  admits(session: string): boolean {
    if (this.proved === 'trusted') return true
    return this.#ports.sessions.admits(session, this.address.sessions, this.#ports.nowMs())
  }

  throttled(): void {
    this.#ports.paused(this)
  }

  ready(): void {
    this.#ports.ready(this)
  }

  handlers(): LinkHandlers {
    return {
      opened: () => {},
      frame: (bytes) => this.#frame(bytes),
      closed: () => this.#closed(),
    }
  }

  say(message: MemberMessage): void {
    if (this.state === 'over') return
    this.#outbox.push(message)
    if (this.#outbox.length === 1) this.#ports.dirty(this)
  }

  sayView(text: string, view: ClusterView): void {
    if (this.state !== 'open' || this.viewText === text) return
    this.viewText = text
    this.say({ t: 'view', view })
  }

  /** Bytes that were handed to the link. */
  flush(): number {
    const messages = this.#outbox
    if (messages.length === 0) return 0
    this.#outbox = []
    let bytes = 0
    const frames = messages.map((body): FrameMessage => ({ channel: 'c', body }))
    const tooLarge = (message: FrameMessage): void => {
      const instead = this.reads.instead(message.body as MemberMessage)
      for (const frame of instead === null ? [] : encodeFrames([{ channel: 'c', body: instead }], () => {}))
        this.#link.send(frame)
    }
    for (const frame of encodeFrames(frames, tooLarge, limits.clientFrameBytes)) {
      bytes += frame.length
      this.#link.send(frame)
    }
    if (this.state !== 'over' && this.#link.bufferedBytes > limits.linkBufferedBytes)
      this.#close(
        'limit',
        'This client takes in less than it asks for; what it missed can be asked for again.',
      )
    return bytes
  }

  /** Goes on with what waited: calls for their rate, reads and watches for room. */
  pump(): number {
    if (this.state !== 'open') return 0
    this.calls.next()
    const bytes = this.reads.pump()
    return bytes + this.flush()
  }

  /** Once a second. */
  look(nowMs: number, wallMs: number): void {
    const ageMs = nowMs - this.openedMs
    if (this.state === 'hello' && ageMs >= limits.helloLimitMs)
      return this.end('protocol', `No hello came within ${limits.helloLimitMs} ms.`)
    if (this.state === 'asking' && ageMs >= limits.helloLimitMs + limits.authenticateLimitMs)
      return this.end('token', 'The check of the token took too long; ask again.')
    if (this.by !== null && wallMs > this.by.untilMs)
      return this.end('token', 'The token has expired; ask for a new one.')
    if (nowMs - this.heardMs >= limits.deadMs)
      return this.endMoved('silence', `Nothing was heard from this client for ${limits.deadMs} ms.`)
    if (this.state !== 'open' || nowMs - this.pingedMs < limits.pingMs) return
    this.pingedMs = nowMs
    this.say({ t: 'ping' })
  }

  /** Tells why, and closes: the client hears it where the link still carries something. */
  end(code: RefusalCode, text: string): void {
    if (this.state === 'over') return
    this.say({ t: 'refused', code, text })
    this.#close(code, text)
  }

  /** Its client was told where to go, or does not listen. */
  endMoved(code: 'leaving' | 'silence', text: string): void {
    if (this.state !== 'over') this.#close(code, text)
  }

  #close(code: string, text: string): void {
    if (this.state === 'over') return
    this.state = 'over'
    this.flush()
    this.#link.close(code, text)
    this.#release()
  }

  #closed(): void {
    if (this.state === 'over') return
    this.state = 'over'
    this.#release()
  }

  #release(): void {
    this.#outbox = []
    this.calls.end()
    this.reads.end()
    this.#ports.closed(this)
  }

  #frame(bytes: Uint8Array): void {
    if (this.state === 'over') return
    this.heardMs = this.#ports.nowMs()
    const most = this.state !== 'open' ? limits.helloBytes : this.#frameBytes
    if (bytes.length > most)
      return this.end('limit', `A frame of ${bytes.length} bytes; this member takes ${most} of a client.`)
    let messages: FrameMessage[]
    try {
      messages = decodeFrame(bytes)
    } catch (error) {
      return this.end('protocol', `What came is no frame of ours: ${String(error)}`)
    }
    if (!this.#messages.take(this.heardMs, messages.length || 1) || !this.#mayAddress(messages.length || 1))
      return this.end(
        'limit',
        'This client says more than a member listens to; it may come again in a while.',
      )
    const share = Math.ceil(bytes.length / (messages.length || 1))
    for (const { channel, body, data } of messages) {
      const message = channel === 'c' && data === undefined ? asClientMessage(body) : null
      if (message === null)
        return this.end('protocol', 'A message has not the form of any that clients send.')
      this.#take(message, share)
      // What it says may have closed the link.
      if (this.#isOver()) return
    }
  }

  get #frameBytes(): number {
    return this.proved === 'stray' ? limits.strayFrameBytes : limits.trustedFrameBytes
  }

  #mayAddress(count: number): boolean {
    return this.proved !== 'stray' || this.address.messages.take(this.heardMs, count)
  }

  #isOver(): boolean {
    return this.state === 'over'
  }

  #take(message: ClientMessage, bytes: number): void {
    if (message.t === 'bye') return this.#close('bye', 'The client said goodbye.')
    if (this.state !== 'open') {
      if (this.state === 'hello' && message.t === 'hello') return this.#ports.hello(this, message)
      return this.end('protocol', 'A client speaks after its hello was answered.')
    }
    switch (message.t) {
      case 'hello':
        return this.end('protocol', 'A client says hello once.')
      case 'call':
        return this.calls.take(message, bytes)
      case 'cancel':
        return this.calls.cancel(message)
      case 'read':
        return this.reads.read(message)
      case 'watch':
        return this.reads.watch(message)
      case 'unwatch':
        return this.reads.unwatch(message.n)
      case 'manifest':
        return this.say({
          t: 'manifest',
          n: message.n,
          manifest: this.#ports.manifest(this.level, this.layer),
        })
      case 'ping':
        return this.say({ t: 'pong' })
      case 'pong':
        return
    }
  }
}
