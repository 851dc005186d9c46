import {
  type ActorFailure,
  type ActorSystem,
  actorLimits,
  actorSystem,
  type DeadLetter,
} from '../../actor/index.js'
import type { Host, LogLevel } from '../../host/index.js'
import { invariant } from '../../invariant.js'
import { checkSameRuns, type TwinOptions } from '../determinism.js'
import { createWorld, type World } from '../world.js'
import { type Probe, ProbeTarget, typedProbe } from './probe.js'
import { type DeadLetterLike, type FailureLike, type LoggedLine, Surprises } from './surprises.js'
import { ActorTestError } from './words.js'

export interface ActorTestOptions {
  /** Of everything random: the jitter of back-offs, `host.random`. Default 1. */
  readonly seed?: number | string
  /** Of the system, and so the first part of every path. Default `test`. */
  readonly name?: string
  /** Default 5,000. */
  readonly askTimeoutMs?: number
  /** Keeps every turn and timer, see `World.trace`. Default false. */
  readonly trace?: boolean
}

/** A value that comes when the test says so: for what an actor awaits from outside. */
export interface Later<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: unknown): void
}

/**
 * One actor system in the simulated world: actors run as in production, supervision and all, but time passes only
 * in the methods that return promises, and the same seed gives the same run. Real clocks, timers, randomness and
 * I/O inside of an actor are refused with a sentence.
 */
export interface ActorTest {
  readonly system: ActorSystem
  /** What the actors may use of the world; give it to behaviors that need a clock or random numbers. */
  readonly host: Host
  /** Virtual time since the test began. */
  readonly nowMs: number
  /** Over everything that happened: equal for equal seeds. */
  readonly digest: string
  readonly world: World
  /** Runs everything that can run without time passing. */
  settle(): Promise<void>
  /** Lets time pass, and runs what becomes due. */
  advance(ms: number): Promise<void>
  /** Runs until the promise is settled, and gives or throws its outcome: `await t.outcome(ref.ask.get())`. */
  outcome<T>(promise: PromiseLike<T>, withinMs?: number): Promise<T>
  later<T>(): Later<T>
  /** A name is taken for it when none is given: `probe-1`. */
  probe<P>(name?: string): Probe<P>
  readonly deadLetters: readonly DeadLetter[]
  readonly failures: readonly ActorFailure[]
  readonly lines: readonly LoggedLine[]
  /** Settles, and takes the first dead letter that fits and was not taken before. */
  expectDeadLetter(like?: DeadLetterLike): Promise<DeadLetter>
  expectFailure(like?: FailureLike): Promise<ActorFailure>
  /** A line of the log with this event. */
  expectLog(event: string, level?: LogLevel): Promise<LoggedLine>
  /** Settles; throws when there is a failure, a dead letter or an error in the log that was not expected. */
  expectNoSurprises(): Promise<void>
  /** Stops the system and everything in it. */
  shutdown(): Promise<void>
}

const outcomeWithinMs = 60_000
/** Some days: later than any test looks. */
const comesMs = 1_000_000_000

/**
 * A test of actors without a cluster and without waiting.
 *
 * @example
 * const t = actorTest({ seed: 7 })
 * const printer = t.probe<{ print: (m: { text: string }) => void }>('printer')
 * const clerk = t.system.spawn(actor({
 *   state: () => 0,
 *   on: { sell: (n, m: { sku: string }) => (printer.ref.tell.print({ text: m.sku }), n + 1), sold: (n) => reply(n, n) },
 * }), 'clerk')
 * clerk.tell.sell({ sku: 'apple' })
 * const { message } = await printer.expect('print')
 * await t.outcome(clerk.ask.sold())
 * await t.expectNoSurprises()
 * return message.text
 */
export function actorTest(options: ActorTestOptions = {}): ActorTest {
  return new Test(options, {})
}

/**
 * Runs a test of actors twice from the same seed, the second time at another real pace, and throws with the first
 * thing that differs and the actor that had the turn. Also files, sockets and real timers that an actor begins to
 * wait for are noticed, whatever module they come from; the sentence names its path and handler.
 *
 * @example
 * await checkActors(async (t) => {
 *   const ref = t.system.spawn(actor({ state: () => 0, on: { inc: (n) => n + 1 } }), 'counter')
 *   ref.tell.inc()
 *   await t.advance(1_000)
 * })
 */
export function checkActors(
  run: (test: ActorTest) => Promise<void>,
  options: ActorTestOptions = {},
): Promise<void> {
  return checkSameRuns(`seed ${options.seed ?? 1}`, async (twin) => {
    const test = new Test(options, twin)
    await run(test)
    return test.world
  })
}

class Test implements ActorTest {
  readonly system: ActorSystem
  readonly host: Host
  readonly world: World
  readonly #surprises: Surprises = new Surprises()
  readonly #askTimeoutMs: number
  #probes = 0
  #uids = 0

  constructor(options: ActorTestOptions, twin: TwinOptions) {
    const { seed = 1, name = 'test', askTimeoutMs = actorLimits.askTimeoutMs, trace = false } = options
    this.#askTimeoutMs = askTimeoutMs
    this.world = createWorld({ seed, trace, ...twin })
    let host: Host | undefined
    this.world.node(name, { start: (own) => void (host = own) })
    this.world.start(name)
    invariant(host !== undefined, 'a start runs at once')
    this.host = { ...host, log: this.#surprises.log(host.log) }
    this.system = actorSystem({ host: this.host, name, askTimeoutMs })
    this.#surprises.listen(this.system)
  }

  get nowMs(): number {
    return this.world.nowMs
  }

  get digest(): string {
    return this.world.digest
  }

  get deadLetters(): readonly DeadLetter[] {
    return this.#surprises.letters
  }

  get failures(): readonly ActorFailure[] {
    return this.#surprises.failures
  }

  get lines(): readonly LoggedLine[] {
    return this.#surprises.lines
  }

  async settle(): Promise<void> {
    await this.world.runAsync({ forMs: 0 })
  }

  async advance(ms: number): Promise<void> {
    await this.world.runAsync({ forMs: ms })
  }

  async outcome<T>(promise: PromiseLike<T>, withinMs: number = outcomeWithinMs): Promise<T> {
    let outcome: { readonly value: T } | { readonly error: unknown } | undefined
    promise.then(
      (value) => (outcome = { value }),
      (error: unknown) => (outcome = { error }),
    )
    await this.world.runAsync({ forMs: withinMs, until: () => outcome !== undefined })
    if (outcome === undefined)
      throw new ActorTestError(`a promise is still open after ${withinMs} ms of virtual time`)
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }

  later<T>(): Later<T> {
    const ends: { resolve(value: T): void; reject(error: unknown): void }[] = []
    const promise = new Promise<T>((resolve, reject) => void ends.push({ resolve, reject }))
    // An actor that awaits it awaits something of this world: it is not stuck as long as this is to come.
    const toCome = this.host.timers.set(comesMs, () => {})
    const settle = (act: (end: (typeof ends)[number]) => void): void => {
      toCome.cancel()
      this.world.schedule(this.nowMs, () => ends.forEach(act))
    }
    return {
      promise,
      resolve: (value) => settle((end) => end.resolve(value)),
      reject: (error) => settle((end) => end.reject(error)),
    }
  }

  probe<P>(name: string = `probe-${++this.#probes}`): Probe<P> {
    const { world, host, system } = this
    const around = {
      get nowMs(): number {
        return world.nowMs
      },
      askTimeoutMs: this.#askTimeoutMs,
      nextUid: () => ++this.#uids,
      until: (done: () => boolean, withinMs: number) => world.runAsync({ forMs: withinMs, until: done }),
      after: (delayMs: number, fire: () => void) => {
        const timer = host.timers.set(delayMs, fire)
        return () => timer.cancel()
      },
      dead: (path: string, handler: string, message: unknown) =>
        void this.#surprises.letters.push({ path, handler, message, reason: 'stopped' }),
    }
    return typedProbe(new ProbeTarget(around, `${system.name}/${name}`))
  }

  async expectDeadLetter(like: DeadLetterLike = {}): Promise<DeadLetter> {
    await this.settle()
    return this.#surprises.expectLetter(like)
  }

  async expectFailure(like: FailureLike = {}): Promise<ActorFailure> {
    await this.settle()
    return this.#surprises.expectFailure(like)
  }

  async expectLog(event: string, level?: LogLevel): Promise<LoggedLine> {
    await this.settle()
    return this.#surprises.expectLine(event, level)
  }

  async expectNoSurprises(): Promise<void> {
    await this.settle()
    this.#surprises.check()
  }

  async shutdown(): Promise<void> {
    await this.outcome(this.system.shutdown())
  }
}
