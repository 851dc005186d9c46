import type { Address, Hello, Link, LinkEnd, Log, MemberId, Network } from '@tanist/core'
import { decodeWire, encodeWire } from './wire.js'
import type { DetourMessage, WireMessage } from './wire.js'

/** Bytes of entries in one frame; more begin a new one. */
const FRAME_BYTES = 1024 * 1024

export interface LinkEvents {
  opened(link: number, out: boolean, remote: Address): void
  received(link: number, messages: readonly WireMessage[]): void
  closed(link: number, end: LinkEnd): void
}

interface Row {
  readonly link: Link
  outbox: WireMessage[]
  bytes: number
  /** Of what is in the outbox for others. */
  handedOn: number
}

/**
 * The links of a peer by number: membership numbers the dialled ones (odd), the accepted ones are even.
 * Messages are collected during a turn and leave as one frame at its end.
 */
export class Links {
  readonly #network: Network
  readonly #log: Log
  readonly #events: LinkEvents
  readonly #rows = new Map<number, Row>()
  /** Which incarnation speaks on a link, once its hello was accepted. */
  readonly #speakers = new Map<number, { readonly memberId: MemberId; readonly incarnation: number }>()
  readonly #usable = new Map<MemberId, number>()
  readonly #dirty = new Set<Row>()
  #accepted = 0

  constructor(network: Network, log: Log, events: LinkEvents) {
    this.#network = network
    this.#log = log
    this.#events = events
  }

  dial(number: number, address: Address, doubted = false): void {
    const handlers = {
      opened: () => this.#events.opened(number, true, address),
      frame: (bytes: Uint8Array) => this.#frame(number, bytes),
      closed: (end: LinkEnd) => this.#closed(number, end),
    }
    const link = this.#network.dial(address, handlers, { doubted })
    this.#rows.set(number, { link, outbox: [], bytes: 0, handedOn: 0 })
  }

  accept(link: Link): { opened(): void; frame(bytes: Uint8Array): void; closed(end: LinkEnd): void } {
    this.#accepted += 2
    const number = this.#accepted
    this.#rows.set(number, { link, outbox: [], bytes: 0, handedOn: 0 })
    this.#events.opened(number, false, link.remote)
    return {
      opened: () => {},
      frame: (bytes) => this.#frame(number, bytes),
      closed: (end) => this.#closed(number, end),
    }
  }

  /** True when it is another link than before. */
  up(number: number, hello: Hello): boolean {
    const before = this.#usable.get(hello.memberId)
    this.#speakers.set(number, { memberId: hello.memberId, incarnation: hello.incarnation })
    this.#usable.set(hello.memberId, number)
    return before !== number
  }

  down(memberId: MemberId): void {
    this.#usable.delete(memberId)
  }

  /** Everything that came by this link has been looked at: the last words of a process that died, too. */
  forget(number: number): void {
    this.#speakers.delete(number)
  }

  speaker(number: number): { readonly memberId: MemberId; readonly incarnation: number } | undefined {
    return this.#speakers.get(number)
  }

  /** Dropped when there is no usable link: every protocol above repeats what matters. */
  sendTo(memberId: MemberId, message: WireMessage): void {
    const number = this.#usable.get(memberId)
    if (number !== undefined) this.send(number, message)
  }

  isUsable(memberId: MemberId): boolean {
    return this.#usable.has(memberId)
  }

  /** For another member. False, and not sent, when there is no link, or when more than `limit` bytes wait for it. */
  handOn(memberId: MemberId, message: DetourMessage, limit: number): boolean {
    const number = this.#usable.get(memberId)
    const row = number === undefined ? undefined : this.#rows.get(number)
    if (number === undefined || row === undefined) return false
    const bytes = message.data?.length ?? 0
    if (row.link.bufferedBytes + row.handedOn + bytes > limit) return false
    row.handedOn += bytes
    this.send(number, message)
    return true
  }

  send(number: number, message: WireMessage): void {
    const row = this.#rows.get(number)
    if (!row) return
    row.outbox.push(message)
    if (message.channel === 's') for (const entry of message.entries) row.bytes += entry.payload.length
    if (message.channel === 'v') row.bytes += message.data?.length ?? 0
    if (row.bytes > FRAME_BYTES) this.#flushRow(row)
    else this.#dirty.add(row)
  }

  flush(): void {
    for (const row of this.#dirty) this.#flushRow(row)
    this.#dirty.clear()
  }

  close(number: number, code: string, reason: string): void {
    const row = this.#rows.get(number)
    if (!row) return
    this.#flushRow(row)
    row.link.close(code, reason)
  }

  closeAll(code: string): void {
    for (const number of this.#rows.keys()) this.close(number, code, '')
  }

  #frame(number: number, bytes: Uint8Array): void {
    let messages: WireMessage[]
    try {
      messages = decodeWire(bytes)
    } catch (error) {
      const { remote } = this.#rows.get(number)?.link ?? {}
      const text = `What came from ${remote ?? 'a peer'} is no frame of ours, so its link is closed: ${String(error)}`
      this.#log.write('warn', 'frame-refused', text, { remote })
      return this.close(number, 'protocol', String(error))
    }
    this.#events.received(number, messages)
  }

  #closed(number: number, end: LinkEnd): void {
    this.#rows.delete(number)
    this.#events.closed(number, end)
  }

  #flushRow(row: Row): void {
    if (row.outbox.length === 0) return
    const messages = row.outbox
    row.outbox = []
    row.bytes = 0
    row.handedOn = 0
    const refused = (text: string): void => this.#log.write('error', 'message-not-sent', text)
    for (const frame of encodeWire(messages, refused)) row.link.send(frame)
  }
}
