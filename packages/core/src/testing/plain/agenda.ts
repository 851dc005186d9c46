import { TimingWheel, WheelEvent } from './wheel.js'

export const MESSAGE = 1
export const TIMER = 2
export const SCRIPT = 3

/** What time it is, and what will happen. Events that end with `release` are used again. */
export class Agenda {
  /** Now, in 1/1024 ms. */
  tick = 0
  readonly #wheel = new TimingWheel()
  readonly #pool: WheelEvent[] = []

  event(kind: number, node: number, from: number, data: unknown): WheelEvent {
    const event = this.#pool.pop() ?? new WheelEvent()
    event.kind = kind
    event.node = node
    event.from = from
    event.data = data
    return event
  }

  release(event: WheelEvent): void {
    event.data = undefined
    event.script = null
    this.#pool.push(event)
  }

  add(event: WheelEvent, tick: number): void {
    event.tick = Math.max(tick, this.tick)
    this.#wheel.add(event)
  }

  remove(event: WheelEvent): void {
    this.#wheel.remove(event)
  }

  /** The next event that is due by `end`. */
  take(end: number): WheelEvent | null {
    return this.#wheel.take(end)
  }

  /** Lets these happen at once, before what else is due now at this node, as they became due before it. */
  first(events: readonly WheelEvent[], node: number): void {
    const due = this.#wheel.removeAt(this.tick, node)
    for (const event of events) this.add(event, this.tick)
    for (const event of due) this.add(event, this.tick)
  }
}
