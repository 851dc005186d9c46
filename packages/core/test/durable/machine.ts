import {
  type ActorFailure,
  type ActorRef,
  type ActorSystem,
  actorSystem,
  type AnyRef,
  type Behavior,
} from '../../src/index.js'
import type { Clock, Log, Timers } from '../../src/host/index.js'
import { SimDisk } from '../../src/testing/disk.js'
import { ManualEngine } from '../actor/manual.js'
import { random } from '../journal/bench.js'

/** A machine with a simulated disk: processes on it live and die as the test says. Time stands still but for what is due. */
export class Machine {
  readonly disk: SimDisk
  readonly failures: ActorFailure[] = []
  readonly events: string[] = []
  system!: ActorSystem
  timersFired = 0
  #engine = new ManualEngine()
  #syncs: (() => void)[] = []
  #due: (() => void)[] = []
  readonly #random: { next(): number; id(): string }

  constructor(seed = 1) {
    this.#random = random(seed)
    this.disk = new SimDisk({ schedule: (_ms, run) => this.#syncs.push(run), random: this.#random })
    this.boot()
  }

  /** A process without a folder for its actors. */
  bootBare(): void {
    this.boot(null)
  }

  /** A new process, with nothing but the disk from the one before. */
  boot(data: string | null = 'data'): void {
    this.#syncs = []
    const due: (() => void)[] = []
    this.#due = due
    this.#engine = new ManualEngine()
    const clock: Clock = { now: () => ({ monotonicMs: 0, wallMs: 1_000_000 }) }
    const timers: Timers = {
      set: (delayMs, fire) => {
        let set = true
        if (delayMs === 0) due.push(() => set && fire())
        return { cancel: () => (set = false) }
      },
    }
    const log: Log = { write: (_level, event) => this.events.push(event) }
    const host = { engine: this.#engine, clock, timers, log, random: this.#random, disk: this.disk }
    this.system = actorSystem({ host, name: 'here', ...(data === null ? {} : { data }) })
    this.system.failures$.subscribe((failure) => this.failures.push(failure))
  }

  crash(): void {
    this.disk.crash()
    this.boot()
  }

  powerOff(): void {
    this.disk.powerOff({ tear: true })
    this.boot()
  }

  spawn<P>(behavior: Behavior<P>, name = 'a'): ActorRef<P> {
    return this.system.spawn(behavior, name)
  }

  get syncing(): number {
    return this.#syncs.length
  }

  /** Ends one sync, that of any file; false when there is none. */
  sync(pick = 0): boolean {
    const [run] = this.#syncs.splice(pick % Math.max(1, this.#syncs.length), 1)
    run?.()
    return run !== undefined
  }

  /** Runs everything but syncs. */
  async turns(): Promise<void> {
    do await this.#engine.settle()
    while (this.#timer())
  }

  /** Runs everything. */
  async settle(): Promise<void> {
    do await this.turns()
    while (this.sync())
  }

  async stop(ref: AnyRef): Promise<void> {
    const stopped = this.system.stop(ref)
    await this.settle()
    await stopped
  }

  #timer(): boolean {
    const fire = this.#due.shift()
    fire?.()
    if (fire !== undefined) this.timersFired++
    return fire !== undefined
  }
}
