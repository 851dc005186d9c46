import type { Timer, Timers } from '../../host/index.js'
import { AskError, type AskErrorCode } from '../errors.js'

interface Question {
  readonly id: number
  readonly what: string
  readonly reply: Promise<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  readonly deadline: Timer | undefined
}

const codes: readonly string[] = [
  'timeout',
  'stopped',
  'failed',
  'full',
  'unhandled',
  'lost',
] satisfies AskErrorCode[]

/** Asks of actors elsewhere; each is settled once. */
export class Questions {
  readonly #timers: Timers
  readonly #overdue: (id: number) => void
  readonly #open = new Map<number, Question>()
  #lastId = 0

  constructor(timers: Timers, overdue: (id: number) => void) {
    this.#timers = timers
    this.#overdue = overdue
  }

  /** `what` names actor and handler in the error. */
  open(what: string, forMs: number | undefined): { readonly id: number; readonly reply: Promise<unknown> } {
    const id = ++this.#lastId
    const { promise: reply, resolve, reject } = deferred()
    const deadline =
      forMs === undefined
        ? undefined
        : this.#timers.set(forMs, () => {
            this.#overdue(id)
            this.fail(id, 'timeout', `no reply within ${forMs} ms`)
          })
    this.#open.set(id, { id, what, reply, resolve, reject, deadline })
    return { id, reply }
  }

  answer(id: number, valueOf: () => unknown): void {
    const question = this.#close(id)
    if (question === undefined) return
    try {
      question.resolve(valueOf())
    } catch (error) {
      question.reject(new AskError('failed', `${question.what}: its reply cannot be read`, error))
    }
  }

  fail(id: number, code: string, text: string): void {
    const question = this.#close(id)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- another build may know further codes
    const known = codes.includes(code) ? (code as AskErrorCode) : 'failed'
    question?.reject(new AskError(known, `${question.what}: ${text}`))
  }

  throw(id: number, error: unknown): void {
    this.#close(id)?.reject(error)
  }

  #close(id: number): Question | undefined {
    const question = this.#open.get(id)
    this.#open.delete(id)
    question?.deadline?.cancel()
    return question
  }
}

function deferred(): {
  readonly promise: Promise<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
} {
  let resolve!: (value: unknown) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<unknown>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
