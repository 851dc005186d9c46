import { Ask, type Deadlines } from './ask.js'
import { RECEIVE, type Receives } from './behavior.js'
import { AskError } from './errors.js'
import { type ActorRef, type Asker, type AnyRef, makeRef, type Target, type Watcher } from './ref.js'
import type { DeadLetter } from './reports.js'

export interface TemporaryOptions {
  readonly node: string
  /** Of the system. */
  readonly path: string
  readonly askTimeoutMs: number
  readonly deadlines: Deadlines
  nextUid(): number
  dead(letter: DeadLetter): void
}

/** The refs to which the actors of `receive` answer: each lives until its answer, also for other peers. */
export class Temporaries implements Asker {
  readonly #options: TemporaryOptions
  readonly #open = new Map<string, Answer>()
  #last = 0

  constructor(options: TemporaryOptions) {
    this.#options = options
  }

  find(path: string, uid: number): Target | undefined {
    const answer = this.#open.get(path)
    return answer !== undefined && (uid === 0 || uid === answer.ref.uid) ? answer : undefined
  }

  async question(
    target: Target,
    to: string,
    make: (to: ActorRef<Receives<unknown>>) => unknown,
    timeoutMs: number = this.#options.askTimeoutMs,
  ): Promise<unknown> {
    const { node, deadlines } = this.#options
    const path = `${this.#options.path}/$ask/${++this.#last}`
    const ask = new Ask(undefined, timeoutMs, to, 'ask')
    const answer = new Answer(ask, target, this.#options, path)
    answer.ref = makeRef(node, path, this.#options.nextUid(), answer, this)
    this.#open.set(path, answer)
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const message = make(answer.ref as ActorRef<Receives<unknown>>)
      deadlines.add(ask)
      // Handled, but not yet answered: from then on only the end of the actor ends the wait before its time.
      target.ask(RECEIVE, message, timeoutMs).then(
        () => answer.handled(),
        (error: unknown) => answer.failed(error),
      )
      return await ask.reply
    } finally {
      answer.close()
      this.#open.delete(path)
    }
  }
}

class Answer implements Target, Watcher {
  readonly handlers: readonly string[] = [RECEIVE]
  readonly load = 0
  ref!: AnyRef
  readonly #ask: Ask
  readonly #target: Target
  readonly #path: string
  readonly #options: TemporaryOptions
  readonly #watchers = new Set<Watcher>()
  #closed = false

  constructor(ask: Ask, target: Target, options: TemporaryOptions, path: string) {
    this.#ask = ask
    this.#target = target
    this.#options = options
    this.#path = path
  }

  tell(handler: string, message: unknown): boolean {
    const open = !this.#ask.settled
    if (open && handler === RECEIVE) {
      this.#ask.answer(message)
      return true
    }
    this.#options.dead({ path: this.#path, handler, message, reason: open ? 'unhandled' : 'stopped' })
    return false
  }

  ask(handler: string, message: unknown): Promise<unknown> {
    if (this.tell(handler, message)) return Promise.resolve()
    return Promise.reject(new AskError('stopped', `${this.#path} has its answer already`))
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }

  watch(watcher: Watcher): void {
    if (this.#closed) watcher.terminated(this.ref, 'stopped')
    else this.#watchers.add(watcher)
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher)
  }

  handled(): void {
    if (!this.#ask.settled) this.#target.watch(this)
  }

  failed(error: unknown): void {
    if (error instanceof Error) this.#ask.failWith(error)
    else this.#ask.fail('failed', 'the message could not be sent', error)
  }

  terminated(_ref: AnyRef, why: 'stopped' | 'failed' | 'lost'): void {
    this.#ask.fail(why === 'lost' ? 'lost' : 'stopped', 'the actor ended without an answer')
  }

  close(): void {
    this.#closed = true
    this.#target.unwatch(this)
    for (const watcher of this.#watchers) watcher.terminated(this.ref, 'stopped')
    this.#watchers.clear()
  }
}
