import type { Cell, Engine, Host, LogLevel } from '../../src/host/index.js'

/** Runs turns only when told to, in the order it is told. */
export class ManualEngine implements Engine {
  readonly faults: unknown[] = []
  /** Cells made and not yet stopped. */
  living = 0
  #ready: ManualCell[] = []

  cell(_name: string, turn: () => void | Promise<void>): Cell {
    this.living++
    return new ManualCell(this, turn)
  }

  ready(cell: ManualCell): void {
    this.#ready.push(cell)
  }

  /** Runs one ready cell; `pick` chooses among them. False when none is ready. */
  step(pick = 0): boolean {
    const [cell] = this.#ready.splice(pick % Math.max(1, this.#ready.length), 1)
    cell?.run()
    return cell !== undefined
  }

  /** Runs everything that can run, with the promises in between. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 20; quiet++) {
      while (this.step()) quiet = 0
      await Promise.resolve()
    }
  }
}

class ManualCell implements Cell {
  #state: 'idle' | 'ready' | 'stopped' = 'idle'
  #busy = false
  readonly #engine: ManualEngine
  readonly #turn: () => void | Promise<void>

  constructor(engine: ManualEngine, turn: () => void | Promise<void>) {
    this.#engine = engine
    this.#turn = turn
  }

  wake(): void {
    if (this.#state !== 'idle') return
    this.#state = 'ready'
    if (!this.#busy) this.#engine.ready(this)
  }

  stop(): void {
    if (this.#state !== 'stopped') this.#engine.living--
    this.#state = 'stopped'
  }

  run(): void {
    if (this.#state !== 'ready') return
    this.#state = 'idle'
    this.#busy = true
    try {
      const pending = this.#turn()
      if (pending === undefined) this.#ended()
      else
        pending.then(
          () => this.#ended(),
          (error: unknown) => this.#failed(error),
        )
    } catch (error) {
      this.#failed(error)
    }
  }

  #failed(error: unknown): void {
    this.#engine.faults.push(error)
    this.#ended()
  }

  #ended(): void {
    this.#busy = false
    if (this.#state === 'ready') this.#engine.ready(this)
  }
}

export interface LogLine {
  readonly level: LogLevel
  readonly event: string
  readonly text: string
  readonly data: Readonly<Record<string, unknown>> | undefined
}

type ActorHost = Pick<Host, 'engine' | 'clock' | 'timers' | 'log' | 'random'>

/** A host whose time moves only by `advance`. */
export class ManualHost<E extends Engine = ManualEngine> implements ActorHost {
  readonly engine: E
  readonly lines: LogLine[] = []
  #nowMs = 0
  #timers: { atMs: number; fire: () => void }[] = []

  constructor(engine: E) {
    this.engine = engine
  }

  readonly clock: Host['clock'] = {
    now: () => ({ monotonicMs: this.#nowMs, wallMs: 1_000_000 + this.#nowMs }),
  }

  readonly timers: Host['timers'] = {
    set: (delayMs, fire) => {
      const timer = { atMs: this.#nowMs + delayMs, fire }
      this.#timers.push(timer)
      return { cancel: () => (this.#timers = this.#timers.filter((other) => other !== timer)) }
    },
  }

  readonly log: Host['log'] = {
    write: (level, event, text, data) => this.lines.push({ level, event, text, data }),
  }

  readonly random: Host['random'] = { next: () => 0.5, id: () => '0'.repeat(32) }

  get timersSet(): number {
    return this.#timers.length
  }

  advance(ms: number): void {
    this.#nowMs += ms
    const due = this.#timers.filter((timer) => timer.atMs <= this.#nowMs)
    this.#timers = this.#timers.filter((timer) => timer.atMs > this.#nowMs)
    for (const timer of due) timer.fire()
  }
}

export function manualHost(): ManualHost {
  return new ManualHost(new ManualEngine())
}

/** A promise that the test opens. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const waiting: (() => void)[] = []
  const opened = new Promise<void>((resolve) => waiting.push(resolve))
  return { opened, open: () => waiting.forEach((go) => go()) }
}
