import type { Socket } from 'node:net'
import type { Address, Link, LinkEnd, LinkHandlers } from '@tanist/core'
import type { RawData, WebSocket } from 'ws'
import { closeLimitMs, frameBytes, linkBufferedBytes } from '../limits.js'
import { closeWords, endFromClose, endFromSocket, linkClosed } from './close-words.js'

/** A WebSocket and the TCP socket below it. */
export interface Wire {
  readonly ws: WebSocket
  readonly socket: Socket
}

const binary = { binary: true }

/**
 * A `Link` over a WebSocket; one frame is one binary message. The first cause of its end counts: after our own
 * `close` nothing is handed up but `closed({kind: 'local'})`. `closed` comes when the socket is gone, at most
 * `closeLimitMs` after a close from either side, and never inside a call of ours.
 */
export class SocketLink implements Link {
  readonly remote: Address
  #handlers: LinkHandlers | undefined
  #wire: Wire | undefined
  /** Gives up a dial that is under way. */
  #abort: (() => void) | undefined
  #end: LinkEnd | undefined
  #over = false
  readonly #sendMost: number

  /** `sendMost`: of one frame; what the other side of a smaller limit takes. */
  constructor(remote: Address, sendMost: number = frameBytes) {
    this.remote = remote
    this.#sendMost = sendMost
  }

  get bufferedBytes(): number {
    return this.#wire?.ws.bufferedAmount ?? 0
  }

  attach(handlers: LinkHandlers, abort?: () => void): void {
    this.#handlers = handlers
    this.#abort = abort
  }

  /** From here on the link is open. `gone` is called with its socket's end. */
  carry(wire: Wire, gone: () => void = () => undefined): void {
    this.#wire = wire
    let failure: NodeJS.ErrnoException | undefined
    let sawEnd = false
    const { ws, socket } = wire
    socket.on('error', (error) => {
      failure = error
    })
    socket.on('end', () => {
      sawEnd = true
      // The rest cannot be acknowledged any more; do not wait for a dead side to take it.
      setTimeout(() => ws.terminate(), closeLimitMs).unref()
    })
    ws.on('error', (error) => this.#breakOff(`The other side broke the protocol: ${error.message}.`))
    ws.on('message', (data, isBinary) => this.#receive(data, isBinary))
    ws.on('close', (status, words) => {
      gone()
      this.finish(status === 1_006 ? endFromSocket(failure, sawEnd) : endFromClose(status, words.toString()))
    })
  }

  /** Leaves at once: a disk sync in the same turn of the event loop must not hold it back. */
  send(frame: Uint8Array): void {
    const wire = this.#wire
    if (wire === undefined || this.#end !== undefined || this.#over) return
    if (frame.length > this.#sendMost) {
      this.#breakOff(`A frame of ${frame.length} bytes was to be sent; ${this.#sendMost} are the limit.`)
      return
    }
    wire.ws.send(frame, binary)
    if (wire.ws.bufferedAmount > linkBufferedBytes) {
      this.#breakOff(`More than ${linkBufferedBytes} bytes wait for the other side.`)
    }
  }

  close(code = '', reason = ''): void {
    if (this.#end !== undefined || this.#over) return
    this.#end = { kind: 'local' }
    if (this.#wire !== undefined) this.#wire.ws.close(linkClosed, closeWords(code, reason))
    else this.#abort?.()
  }

  /** Ends the link, unless it ended for an earlier cause. Call it from an event, never from a caller's stack. */
  finish(end: LinkEnd): void {
    if (this.#over) return
    this.#over = true
    this.#handlers?.closed(this.#end ?? end)
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#end !== undefined || this.#over) return
    if (isBinary && data instanceof Uint8Array) this.#handlers?.frame(data)
    else this.#breakOff('The other side sent text; frames are binary.')
  }

  #breakOff(text: string): void {
    this.#end ??= { kind: 'broken', text }
    this.#wire?.ws.terminate()
  }
}
