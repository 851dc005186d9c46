import {
  type ActorFailure,
  type ActorSystem,
  actorSystem,
  type NactEngine,
  nactEngine,
} from '../../src/index.js'

/** An actor system on nact's own turns, in real time. */
export class RealSystem {
  readonly failures: ActorFailure[] = []
  readonly lines: string[] = []
  readonly system: ActorSystem
  readonly #engine: NactEngine

  constructor(name = 'here') {
    this.#engine = nactEngine(name)
    const host = {
      engine: this.#engine,
      clock: { now: () => ({ monotonicMs: performance.now(), wallMs: Date.now() }) },
      timers: {
        set(delayMs: number, fire: () => void) {
          const timer = setTimeout(fire, delayMs)
          return { cancel: () => clearTimeout(timer) }
        },
      },
      random: { next: () => 0.5, id: () => '0' },
      log: { write: (_level: string, event: string, text: string) => this.lines.push(`${event}: ${text}`) },
    }
    this.system = actorSystem({ host, name })
    this.system.failures$.subscribe((failure) => this.failures.push(failure))
  }

  async end(): Promise<void> {
    await this.system.shutdown()
    this.#engine.stop()
  }
}
