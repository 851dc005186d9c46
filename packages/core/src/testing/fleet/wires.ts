import type { Address, LinkEnd, Random } from '../../host/index.js'
import type { MembershipMessage } from '../../membership/index.js'
import { DELIVER, RETRY, type Clockwork } from './clockwork.js'
import type { Life, Seat } from './seat.js'

/** One side of a link. */
export class End {
  readonly life: Life
  readonly link: number
  other: End | null = null
  open = true
  /** When the last frame that it sent arrives, and in which step it was sent. */
  arrival = 0
  step = -1
  /** What waits for a retransmission, and how often that was tried. */
  stuck: Payload[] | null = null
  tries = 0

  constructor(life: Life, link: number) {
    this.life = life
    this.link = link
  }
}

/** The other side closed, or its host answers that this connection is unknown. */
export interface Goodbye {
  readonly goodbye: true
  readonly code: string
  readonly reason: string
}

export type Payload = MembershipMessage | Goodbye

const UNKNOWN: Goodbye = { goodbye: true, code: '', reason: '' }
/** Of TCP on Linux: first wait for an acknowledgement, and how often a frame is sent again. */
const RETRY_MS = 200
const RETRIES = 12
/** After which a dial counts as unanswered. */
const DIAL_MS = 1_000

export interface WiresPorts {
  readonly clock: Clockwork
  readonly random: Random
  /** Who lives at this address now or did so last. */
  seatAt(address: Address): Seat | undefined
  opened(life: Life, link: number, out: boolean, remote: Address): void
  message(end: End, message: MembershipMessage): void
  closed(end: End, how: LinkEnd): void
}

/** Connections as TCP makes them, and what stands in their way. */
export class Wires {
  loss: number
  readonly #ports: WiresPorts
  readonly #minMs: number
  readonly #spreadMs: number
  /** Ways that carry nothing, as `from * 65536 + to`, and how many cuts that says. */
  readonly #cuts = new Map<number, number>()

  constructor(ports: WiresPorts, latencyMs: readonly [min: number, max: number], loss: number) {
    this.#ports = ports
    this.#minMs = latencyMs[0]
    this.#spreadMs = latencyMs[1] - latencyMs[0]
    this.loss = loss
  }

  /** One direction; returns what undoes it. */
  cut(from: number, to: number): () => void {
    const way = from * 65_536 + to
    this.#cuts.set(way, (this.#cuts.get(way) ?? 0) + 1)
    let done = false
    return () => {
      if (done) return
      done = true
      const left = (this.#cuts.get(way) ?? 1) - 1
      if (left > 0) this.#cuts.set(way, left)
      else this.#cuts.delete(way)
    }
  }

  carries(from: Seat, to: Seat): boolean {
    return !from.dark && !to.dark && (this.#cuts.size === 0 || !this.#cuts.has(from.at * 65_536 + to.at))
  }

  /** `delayMs`: what its sender was busy with before. Payloads of one step are one frame. */
  send(end: End, payload: Payload, step: number, delayMs: number): void {
    const { other } = end
    if (!end.open || !other) return
    if (end.stuck) {
      end.stuck.push(payload)
      return
    }
    if (end.step !== step) {
      end.step = step
      if (this.#lost(end)) {
        end.stuck = [payload]
        end.tries = 0
        this.#retry(end)
        return
      }
      const { clock } = this.#ports
      end.arrival = Math.max(clock.later(this.#latencyMs() + delayMs), end.arrival)
    }
    this.#deliver(other, payload, end.arrival)
  }

  /** Time for another try of what was lost. */
  again(end: End): void {
    const { stuck } = end
    if (!stuck || !end.other) return
    end.tries += 1
    if (end.tries > RETRIES) {
      end.stuck = null
      if (end.open) this.#end(end, { kind: 'broken', text: 'nothing is acknowledged any more' })
      return
    }
    if (this.#lost(end)) return this.#retry(end)
    end.stuck = null
    end.arrival = Math.max(this.#ports.clock.later(this.#latencyMs()), end.arrival)
    for (const payload of stuck) this.#deliver(end.other, payload, end.arrival)
  }

  arrive(end: End, payload: Payload): void {
    const { life, other } = end
    if (life.seat.dark) return
    if (!end.open) {
      // A host that lost this connection, as it was started anew, answers so.
      if (!life.running && other?.open)
        this.#deliver(other, UNKNOWN, this.#ports.clock.later(this.#latencyMs()))
      return
    }
    if ('goodbye' in payload) {
      const { code, reason } = payload
      return this.#end(end, { kind: 'remote', code, reason })
    }
    this.#ports.message(end, payload)
  }

  /** Closes from this side; the other one is told by a frame. */
  hangUp(end: End, code: string, reason: string, step: number): void {
    if (!end.open) return
    this.send(end, code === '' && reason === '' ? UNKNOWN : { goodbye: true, code, reason }, step, 0)
    end.open = false
    end.life.ends.delete(end.link)
  }

  /** The process or host is gone without a word: its side knows nothing any more. */
  forget(life: Life): void {
    for (const end of life.ends.values()) end.open = false
    life.ends.clear()
  }

  /**
   * A dial: one round trip to learn that nobody listens, three until both sides are authenticated. A frozen process
   * does not get that far.
   */
  dial(life: Life, link: number, address: Address): void {
    const near = new End(life, link)
    life.ends.set(link, near)
    const seat = this.#ports.seatAt(address)
    const from = life.seat
    const there = (): boolean => seat !== undefined && this.carries(from, seat) && this.carries(seat, from)
    const lost = this.loss > 0 && this.#ports.random.next() < 2 * this.loss
    if (!seat || !there() || lost) return this.#finish(near, DIAL_MS, { kind: 'timeout' })
    const tripMs = this.#latencyMs() + this.#latencyMs()
    this.#ports.clock.script(tripMs / 2, () => {
      if (!seat.life?.running) return this.#finish(near, tripMs / 2, { kind: 'refused' })
      this.#ports.clock.script(tripMs * 2, () => this.#greet(near, seat, address, tripMs / 2, there()))
    })
  }

  #greet(near: End, seat: Seat, dialled: Address, restMs: number, there: boolean): void {
    const { clock } = this.#ports
    const target = seat.life
    if (!near.open) return
    if (!target || !target.running) return this.#finish(near, restMs, { kind: 'reset' })
    if (!there || target.paused) return this.#finish(near, DIAL_MS, { kind: 'timeout' })
    const far = new End(target, target.nextLink)
    target.nextLink += 2
    target.ends.set(far.link, far)
    near.other = far
    far.other = near
    far.arrival = clock.later(restMs)
    // First, so that nothing that the other side says can arrive before.
    clock.script(restMs, () => {
      if (near.open) this.#ports.opened(near.life, near.link, true, dialled)
    })
    this.#ports.opened(target, far.link, false, `${near.life.seat.address}0`)
  }

  #finish(end: End, afterMs: number, how: LinkEnd): void {
    this.#ports.clock.script(afterMs, () => {
      if (end.open) this.#end(end, how)
    })
  }

  #end(end: End, how: LinkEnd): void {
    end.open = false
    end.life.ends.delete(end.link)
    this.#ports.closed(end, how)
  }

  #lost(end: End): boolean {
    if (!end.other || !this.carries(end.life.seat, end.other.life.seat)) return true
    return this.loss > 0 && this.#ports.random.next() < this.loss
  }

  #retry(end: End): void {
    const { clock } = this.#ports
    clock.add(RETRY, clock.later(RETRY_MS * 2 ** end.tries)).end = end
  }

  #deliver(end: End, payload: Payload, tick: number): void {
    const event = this.#ports.clock.add(DELIVER, tick)
    event.end = end
    event.payload = payload
  }

  #latencyMs(): number {
    return this.#minMs + this.#ports.random.next() * this.#spreadMs
  }
}
