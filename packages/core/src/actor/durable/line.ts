/** A promise and its ends. */
export interface Answer {
  readonly promise: Promise<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

interface Waiting {
  /** The entry that it rests on. */
  readonly index: number
  readonly release: (answer: Answer) => void
  readonly answer: Answer
}

/**
 * Answers in the order of their questions, each once the entry that it rests on is durable: a refusal or a query
 * tells of the entries before it as much as a command of its own.
 */
export class AnswerLine {
  #waiting: Waiting[] = []
  #head = 0
  #durable: number
  #failure: unknown

  constructor(durable: number) {
    this.#durable = durable
  }

  /** Always a promise, so that those who need not wait do not overtake others. */
  answer(index: number, value: unknown): Promise<unknown> {
    return this.#wait(index, ({ resolve }) => resolve(value))
  }

  /** The same for a question that failed. */
  refuse(index: number, error: unknown): Promise<unknown> {
    return this.#wait(index, ({ reject }) => reject(error))
  }

  /** Everything up to `index` is durable. */
  durable(index: number): void {
    this.#durable = index
    for (; this.#head < this.#waiting.length; this.#head++) {
      const next = this.#waiting[this.#head]!
      if (next.index > index) break
      next.release(next.answer)
    }
    if (this.#head * 2 < this.#waiting.length) return
    this.#waiting = this.#waiting.slice(this.#head)
    this.#head = 0
  }

  /** Nothing more becomes durable: whoever waits, and whoever comes, gets the error. */
  fail(error: unknown): void {
    this.#failure = error
    const waiting = this.#waiting.slice(this.#head)
    this.#waiting = []
    this.#head = 0
    for (const { answer } of waiting) answer.reject(error)
  }

  #wait(index: number, release: (answer: Answer) => void): Promise<unknown> {
    const answer = newAnswer()
    if (index <= this.#durable) release(answer)
    else if (this.#failure === undefined) this.#waiting.push({ index, release, answer })
    else answer.reject(this.#failure)
    return answer.promise
  }
}

function newAnswer(): Answer {
  let resolve!: (value: unknown) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<unknown>((yes, no) => {
    resolve = yes
    reject = no
  })
  // Of a tell nobody listens.
  promise.catch(() => {})
  return { promise, resolve, reject }
}
