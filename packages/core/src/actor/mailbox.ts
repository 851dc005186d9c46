import { Queue } from './queue.js'

export interface MailboxOptions {
  /** Messages that may wait. Default 100,000. */
  readonly capacity?: number
  /**
   * What happens to one more. `reject` (default): it becomes a dead letter, `tell` returns false and an ask rejects
   * with `full`. `drop-oldest`: the one that waits longest becomes the dead letter instead.
   */
  readonly overflow?: 'reject' | 'drop-oldest'
}

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

  get size(): number {
    return this.#messages.size
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
