import {
  type ActorRef,
  type AnyRef,
  AskError,
  makeRef,
  RECEIVE,
  refText,
  type Target,
  targetOf,
  type Terminated,
  type Watcher,
} from '../../actor/index.js'
import { ProbeAsker } from './question.js'
import { ActorTestError, call, list } from './words.js'

/** What a probe waits with: the world of its test. */
export interface Surroundings {
  readonly nowMs: number
  readonly askTimeoutMs: number
  nextUid(): number
  /** Runs the world until `done` holds, at most for so long. */
  until(done: () => boolean, withinMs: number): Promise<boolean>
  /** Calls `fire` unless it is cancelled before. */
  after(delayMs: number, fire: () => void): () => void
  dead(path: string, handler: string, message: unknown): void
}

type Name<P> = Extract<keyof P, string>
type MessageIn<F> = F extends (...message: infer M) => unknown ? M[0] : never
type ReplyTo<F> = F extends (...message: never) => infer R ? R : never

/** One message that a probe got. */
export interface Got<P, K extends Name<P> = Name<P>> {
  readonly handler: K
  readonly message: MessageIn<P[K]>
  readonly atMs: number
  /** Whether somebody waits for a reply. */
  readonly asked: boolean
  /** Answers an ask. Of a tell, or for a second time: an error. */
  reply(value: ReplyTo<P[K]>): void
  /** Lets an ask fail as if the handler had thrown. */
  fail(error: unknown): void
}

export type AnyGot<P> = { readonly [K in Name<P>]: Got<P, K> }[Name<P>]

/** Stands for an actor of the protocol `P`: notes what it gets, and answers only what it is told to. */
export interface Probe<P> {
  readonly ref: ActorRef<P>
  /** Everything it got so far, in order. */
  readonly received: readonly AnyGot<P>[]
  /**
   * Waits for the next message, which must be one for `handler`; 3 s of virtual time unless told otherwise. Of a
   * union of messages, `expect('*')` or `next()`.
   */
  expect<K extends Name<P>>(handler: K, withinMs?: number): Promise<Got<P, K>>
  /** The next message, whatever it is. */
  next(withinMs?: number): Promise<AnyGot<P>>
  /** That no message comes for so long; none may wait unread either. Default 100 ms. */
  expectNothing(forMs?: number): Promise<void>
  /** From now on, each message for `handler` is answered by this. It counts as read. */
  answer<K extends Name<P>>(handler: K, reply: (message: MessageIn<P[K]>) => ReplyTo<P[K]>): void
  /** Watches from now on, see `expectTerminated`. */
  watch(ref: AnyRef): void
  /** Waits for the end of `ref`, and watches it if it is not watched yet. A second end is an error of its own. */
  expectTerminated(ref: AnyRef, withinMs?: number): Promise<Terminated>
  /** Ends it: its watchers hear so, and what comes later is a dead letter. */
  stop(why?: Terminated['why']): void
}

const defaultWithinMs = 3_000

interface Entry {
  readonly handler: string
  readonly message: unknown
  readonly atMs: number
  readonly asked: boolean
  reply(value: unknown): void
  fail(error: unknown): void
}

/** Without types: the protocol is known to the compiler only. */
export class ProbeTarget implements Target, Watcher {
  readonly handlers: null = null
  readonly load = 0
  readonly ref: AnyRef
  readonly received: Entry[] = []
  readonly #around: Surroundings
  readonly #answers = new Map<string, (message: unknown) => unknown>()
  readonly #watchers = new Set<Watcher>()
  readonly #watched = new Set<string>()
  readonly #ends: Terminated[] = []
  readonly #open = new Set<Entry>()
  #unread: Entry[] = []
  #why: Terminated['why'] | null = null

  constructor(around: Surroundings, path: string) {
    this.#around = around
    this.ref = makeRef('', path, around.nextUid(), this, new ProbeAsker(around))
  }

  // As a target

  tell(handler: string, message: unknown): boolean {
    return this.#note(handler, message, null)
  }

  ask(handler: string, message: unknown, timeoutMs: number = this.#around.askTimeoutMs): Promise<unknown> {
    // An actor that takes a union of messages answers by the ref in the message.
    if (handler === RECEIVE && this.#note(handler, message, null)) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const fail = (code: 'timeout' | 'stopped' | 'failed', text: string, cause?: unknown): void =>
        reject(new AskError(code, `${handler} of ${this.ref.path}: ${text}`, cause))
      const cancel = this.#around.after(timeoutMs, () =>
        fail('timeout', `the probe gave no reply within ${timeoutMs} ms`),
      )
      const took = this.#note(handler, message, {
        resolve: (value) => (cancel(), resolve(value)),
        reject: (code, text, cause) => (cancel(), fail(code, text, cause)),
      })
      if (!took) cancel()
      if (!took) fail('stopped', 'the probe is stopped')
    })
  }

  stop(): Promise<void> {
    this.end('stopped')
    return Promise.resolve()
  }

  watch(watcher: Watcher): void {
    if (this.#why === null) this.#watchers.add(watcher)
    else watcher.terminated(this.ref, this.#why)
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher)
  }

  end(why: Terminated['why']): void {
    if (this.#why !== null) return
    this.#why = why
    for (const entry of this.#open) entry.fail(undefined)
    for (const watcher of this.#watchers) watcher.terminated(this.ref, why)
    this.#watchers.clear()
  }

  // As a watcher

  terminated(ref: AnyRef, why: Terminated['why']): void {
    this.#ends.push({ ref, why })
  }

  watchRef(ref: AnyRef): void {
    if (this.#watched.has(refText(ref))) return
    this.#watched.add(refText(ref))
    ref[targetOf].watch(this)
  }

  // As a probe

  async next(withinMs: number, wanted = 'a message'): Promise<Entry> {
    const came = await this.#around.until(() => this.#unread.length > 0, withinMs)
    const [entry] = this.#unread
    if (came && entry !== undefined) {
      this.#unread = this.#unread.slice(1)
      return entry
    }
    const before = this.#lines(this.received)
    const far = before === '' ? 'It has got nothing at all.' : `So far it has got, all of it read:${before}`
    throw new ActorTestError(
      `${this.ref.path} was to get ${wanted} within ${withinMs} ms, and got nothing. ${far}`,
    )
  }

  async expect(handler: string, withinMs: number): Promise<Entry> {
    const entry = await this.next(withinMs, handler)
    if (entry.handler === handler) return entry
    this.#unread = [entry, ...this.#unread]
    throw new ActorTestError(
      `${this.ref.path} was to get ${handler} next. What it got instead:${this.#lines(this.#unread)}`,
    )
  }

  async expectNothing(forMs: number): Promise<void> {
    await this.#around.until(() => this.#unread.length > 0, forMs)
    if (this.#unread.length === 0) return
    throw new ActorTestError(
      `${this.ref.path} was to get nothing for ${forMs} ms, and got:${this.#lines(this.#unread)}`,
    )
  }

  answer(handler: string, reply: (message: unknown) => unknown): void {
    this.#answers.set(handler, reply)
  }

  async expectTerminated(ref: AnyRef, withinMs: number): Promise<Terminated> {
    this.watchRef(ref)
    const own = (): Terminated[] => this.#ends.filter((end) => refText(end.ref) === refText(ref))
    await this.#around.until(() => own().length > 0, withinMs)
    // Room for a second one.
    await this.#around.until(() => own().length > 1, 0)
    const [end, second] = own()
    if (end === undefined)
      throw new ActorTestError(`${ref.path} was to end within ${withinMs} ms, and still lives`)
    if (second !== undefined) throw new ActorTestError(`${ref.path} was told to have ended twice`)
    return end
  }

  #note(handler: string, message: unknown, asker: Asker | null): boolean {
    if (this.#why !== null) {
      this.#around.dead(this.ref.path, handler, message)
      return false
    }
    const entry = this.#entry(handler, message, asker)
    this.received.push(entry)
    const answer = this.#answers.get(handler)
    if (answer === undefined) this.#unread.push(entry)
    else if (asker !== null) this.#answerBy(entry, answer)
    return true
  }

  #answerBy(entry: Entry, answer: (message: unknown) => unknown): void {
    try {
      entry.reply(answer(entry.message))
    } catch (error) {
      entry.fail(error)
    }
  }

  #entry(handler: string, message: unknown, asker: Asker | null): Entry {
    const take = (): Asker => {
      if (asker === null) throw new ActorTestError(`${call(handler, message)} was told, not asked: no reply`)
      if (!this.#open.delete(entry))
        throw new ActorTestError(`${call(handler, message)} was answered already`)
      return asker
    }
    const entry: Entry = {
      handler,
      message,
      atMs: this.#around.nowMs,
      asked: asker !== null,
      reply: (value) => take().resolve(value),
      fail: (error) =>
        this.#why === null
          ? take().reject('failed', 'the probe failed it', error)
          : take().reject('stopped', 'the probe was stopped'),
    }
    if (asker !== null) this.#open.add(entry)
    return entry
  }

  #lines(entries: readonly Entry[]): string {
    return list(
      entries.map(({ handler, message, atMs, asked }) => {
        return `${call(handler, message)}${asked ? ', an ask' : ''}, at ${atMs} ms`
      }),
    )
  }
}

interface Asker {
  resolve(value: unknown): void
  reject(code: 'stopped' | 'failed', text: string, cause?: unknown): void
}

/** Gives a target the protocol that its test wants it to have. */
export function typedProbe<P>(target: ProbeTarget): Probe<P> {
  return {
    // The probe takes whatever it is sent.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    ref: target.ref as ActorRef<P>,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    received: target.received as unknown as readonly AnyGot<P>[],
    expect: async <K extends Name<P>>(handler: K, withinMs = defaultWithinMs) =>
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      (await target.expect(handler, withinMs)) as unknown as Got<P, K>,
    next: async (withinMs = defaultWithinMs) =>
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      (await target.next(withinMs)) as unknown as AnyGot<P>,
    expectNothing: (forMs = 100) => target.expectNothing(forMs),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    answer: (handler, reply) => target.answer(handler, reply as (message: unknown) => unknown),
    watch: (ref) => target.watchRef(ref),
    expectTerminated: (ref, withinMs = defaultWithinMs) => target.expectTerminated(ref, withinMs),
    stop: (why = 'stopped') => target.end(why),
  }
}
