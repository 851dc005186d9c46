import { TimingWheel, WheelEvent } from '../plain/index.js'
import type { Life } from './seat.js'
import type { End, Payload } from './wires.js'

export const TICKS_PER_MS = 1_024

export const SCRIPT = 0
export const TIMER = 1
export const DELIVER = 2
export const RETRY = 3

/** One thing that waits for its moment; used again after it happened. */
export class FleetEvent extends WheelEvent {
  end: End | null = null
  life: Life | null = null
  payload: Payload | null = null
}

/** Virtual time, and what will happen in it. */
export class Clockwork {
  tick = 0
  events = 0
  readonly #wheel = new TimingWheel()
  readonly #pool: FleetEvent[] = []

  get nowMs(): number {
    return this.tick / TICKS_PER_MS
  }

  /** The moment `afterMs` from now; never earlier, so that no timer rings before its time. */
  later(afterMs: number): number {
    return this.tick + Math.max(0, Math.ceil(afterMs * TICKS_PER_MS))
  }

  add(kind: number, tick: number): FleetEvent {
    const event = this.#pool.pop() ?? new FleetEvent()
    event.kind = kind
    event.tick = Math.max(tick, this.tick)
    this.#wheel.add(event)
    return event
  }

  script(afterMs: number, run: () => void): void {
    this.add(SCRIPT, this.later(afterMs)).script = run
  }

  cancel(event: FleetEvent): void {
    this.#wheel.remove(event)
    this.release(event)
  }

  /** The next event that is due by `end`; time moves to it. */
  take(end: number): FleetEvent | null {
    const event = this.#wheel.take(end)
    if (!(event instanceof FleetEvent)) return null
    this.tick = Math.max(this.tick, event.tick)
    this.events += 1
    return event
  }

  release(event: FleetEvent): void {
    event.script = null
    event.end = null
    event.life = null
    event.payload = null
    this.#pool.push(event)
  }
}
