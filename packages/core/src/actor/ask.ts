import type { Cell, Engine, Timer, Timers } from '../host/index.js'
import { AskError, type AskErrorCode } from './errors.js'

/** One question: settled exactly once, by the reply, by a failure, or by its deadline. */
export class Ask {
  readonly message: unknown
  readonly reply: Promise<unknown>
  readonly #timeoutMs: number
  readonly #path: string
  readonly #handler: string
  #deadline: Timer | undefined
  #settled = false
  #resolve!: (value: unknown) => void
  #reject!: (error: Error) => void

  constructor(message: unknown, timeoutMs: number, path: string, handler: string) {
    this.message = message
    this.#timeoutMs = timeoutMs
    this.#path = path
    this.#handler = handler
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  get settled(): boolean {
    return this.#settled
  }

  answer(value: unknown): void {
    if (this.#end()) this.#resolve(value)
  }

  fail(code: AskErrorCode, text: string, cause?: unknown): void {
    if (this.#end()) this.#reject(new AskError(code, `${this.#handler} of ${this.#path}: ${text}`, cause))
  }

  /** For an error that says everything already. */
  failWith(error: Error): void {
    if (this.#end()) this.#reject(error)
  }

  arm(timers: Timers): void {
    if (this.#settled) return
    const expire = (): void => this.fail('timeout', `no reply within ${this.#timeoutMs} ms`)
    this.#deadline = timers.set(this.#timeoutMs, expire)
  }

  #end(): boolean {
    if (this.#settled) return false
    this.#settled = true
    this.#deadline?.cancel()
    this.#deadline = undefined
    return true
  }
}

/**
 * Sets the timers of questions, in a turn after that of the question: most are answered by then and never need one.
 */
export class Deadlines {
  readonly #engine: Engine
  readonly #timers: Timers
  readonly #name: string
  #cell: Cell | undefined
  #fresh: Ask[] = []
  #closed = false

  constructor(engine: Engine, timers: Timers, name: string) {
    this.#engine = engine
    this.#timers = timers
    this.#name = name
  }

  add(ask: Ask): void {
    if (this.#closed) return ask.arm(this.#timers)
    if (this.#fresh.push(ask) > 1) return
    this.#cell ??= this.#engine.cell(this.#name, () => this.#arm())
    this.#cell.wake()
  }

  /** From now on there are no turns. */
  close(): void {
    this.#closed = true
    this.#arm()
    this.#cell?.stop()
  }

  #arm(): void {
    const fresh = this.#fresh
    this.#fresh = []
    for (const ask of fresh) ask.arm(this.#timers)
  }
}
