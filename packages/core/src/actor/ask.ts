import type { Timer, Timers } from '../host/index.js'
import { AskError, type AskErrorCode } from './errors.js'

/** One question: settled exactly once, by the reply, by a failure, or by its deadline. */
export class Ask {
  readonly reply: Promise<unknown>
  readonly #deadline: Timer
  readonly #what: string
  #resolve!: (value: unknown) => void
  #reject!: (error: AskError) => void

  /** `what` names actor and handler in the error. */
  constructor(timers: Timers, timeoutMs: number, what: string) {
    this.#what = what
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#deadline = timers.set(timeoutMs, () => this.fail('timeout', `no reply within ${timeoutMs} ms`))
  }

  answer(value: unknown): void {
    this.#deadline.cancel()
    this.#resolve(value)
  }

  fail(code: AskErrorCode, text: string, cause?: unknown): void {
    this.#deadline.cancel()
    this.#reject(new AskError(code, `${this.#what}: ${text}`, cause))
  }
}
