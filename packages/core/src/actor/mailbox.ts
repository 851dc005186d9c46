import { Queue } from './queue.js'

/** What the layer tells an actor. Overtakes every message and is never refused. */
export type Signal = 'stop'

/** Two lanes: signals first, then messages in the order of their arrival, up to `capacity` of them. */
export class Mailbox<M> {
  readonly #signals: Queue<Signal> = new Queue()
  readonly #messages: Queue<M> = new Queue()
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get isEmpty(): boolean {
    return this.#messages.size === 0 && this.#signals.size === 0
  }

  signal(signal: Signal): void {
    this.#signals.push(signal)
  }

  /** False when full: the message was not taken. */
  push(message: M): boolean {
    if (this.#messages.size >= this.#capacity) return false
    this.#messages.push(message)
    return true
  }

  takeSignal(): Signal | undefined {
    return this.#signals.shift()
  }

  take(): M | undefined {
    return this.#messages.shift()
  }
}
