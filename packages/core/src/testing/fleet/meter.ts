import type { MembershipMessage } from '../../membership/index.js'
import type { Seat } from './seat.js'

/** Headers of IP and TCP, and of a WebSocket frame. */
const FRAME_BYTES = 60
/** What wraps each message on the wire. */
const WRAP_BYTES = '{"channel":"m","body":},'.length

/** Counts what travels, while it is on: many links may carry one message, whose length is found once. */
export class Meter {
  on = false
  #lengths = new WeakMap<MembershipMessage, number>()

  sent(seat: Seat, message: MembershipMessage, frame: boolean): void {
    if (!this.on) return
    seat.sent.bytes += this.#bytes(message) + (frame ? FRAME_BYTES : 0)
    if (frame) seat.sent.frames += 1
  }

  #bytes(message: MembershipMessage): number {
    let bytes = this.#lengths.get(message)
    if (bytes === undefined) {
      bytes = JSON.stringify(message).length + WRAP_BYTES
      this.#lengths.set(message, bytes)
    }
    return bytes
  }
}
