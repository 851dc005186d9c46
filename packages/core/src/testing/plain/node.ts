import type { Now, Random } from '../../host/index.js'
import { TICKS_PER_MS } from './network.js'
import type { PlainContext, PlainNode, PlainState } from './types.js'
import type { WheelEvent } from './wheel.js'

/** Both clocks of a node run alike until somebody jumps the wall clock. */
class NodeClock {
  #rate = 1
  #sinceTick = 0
  #monotonicMs = 0
  #wallAheadMs: number

  constructor(wallMs: number) {
    this.#wallAheadMs = wallMs
  }

  monotonicMs(tick: number): number {
    return this.#monotonicMs + ((tick - this.#sinceTick) / TICKS_PER_MS) * this.#rate
  }

  wallMs(tick: number): number {
    return this.#wallAheadMs + this.monotonicMs(tick)
  }

  /** The first tick at which the monotonic clock shows this. */
  tickAt(monotonicMs: number): number {
    return this.#sinceTick + Math.ceil(((monotonicMs - this.#monotonicMs) / this.#rate) * TICKS_PER_MS)
  }

  setRate(tick: number, rate: number): void {
    this.#monotonicMs = this.monotonicMs(tick)
    this.#sinceTick = tick
    this.#rate = rate
  }

  jumpWall(byMs: number): void {
    this.#wallAheadMs += byMs
  }

  /** A new process may find another zero of its monotonic clock; the time of day goes on. */
  restart(tick: number, monotonicMs: number): void {
    this.#wallAheadMs += this.monotonicMs(tick) - monotonicMs
    this.#monotonicMs = monotonicMs
    this.#sinceTick = tick
  }
}

/** What the world keeps of one node. */
export class NodeRow<Message> {
  readonly id: number
  readonly clock: NodeClock
  state: PlainState = 'down'
  life = 0
  node: PlainNode<Message> | null = null
  context: PlainContext<Message> | null = null
  /** An event for each key that was ever set in this life; it is used again whenever the key is. */
  readonly timers: Map<string, TimerSlot> = new Map()
  /** What became due while it was paused. */
  pile: WheelEvent[] = []
  /** Pauses that are not undone. */
  readonly pauses: Set<object> = new Set()
  /** Rates of its clocks that are not undone; the last one holds. */
  readonly drifts: Set<{ readonly rate: number }> = new Set()

  constructor(id: number, wallMs: number) {
    this.id = id
    this.clock = new NodeClock(wallMs)
  }
}

export interface TimerSlot {
  readonly event: WheelEvent
  dueMs: number
}

/** What the context needs of the world. */
export interface ContextPorts<Message> {
  readonly tick: number
  readonly random: Random
  sendFrom(row: NodeRow<Message>, to: number, message: Message): void
  setTimer(row: NodeRow<Message>, key: string, afterMs: number | null): void
}

/** A context of a former life does nothing any more. */
export class LifeContext<Message> implements PlainContext<Message> {
  readonly id: number
  readonly life: number
  readonly random: Random
  readonly #row: NodeRow<Message>
  readonly #ports: ContextPorts<Message>

  constructor(row: NodeRow<Message>, ports: ContextPorts<Message>) {
    this.id = row.id
    this.life = row.life
    this.random = ports.random
    this.#row = row
    this.#ports = ports
  }

  get nowMs(): number {
    return this.#row.clock.monotonicMs(this.#ports.tick)
  }

  now(): Now {
    const { clock } = this.#row
    const { tick } = this.#ports
    return { monotonicMs: clock.monotonicMs(tick), wallMs: clock.wallMs(tick) }
  }

  send(to: number, message: Message): void {
    if (this.#row.context === this) this.#ports.sendFrom(this.#row, to, message)
  }

  timer(key: string, afterMs: number | null): void {
    if (this.#row.context === this) this.#ports.setTimer(this.#row, key, afterMs)
  }
}
