import { dispatch, spawn, start, stop } from 'nact'
import type { Cell, Clock, Engine } from '../host/index.js'
import { actorLimits } from './limits.js'
import { Queue } from './queue.js'

/**
 * The engine of production, and the only module that knows nact.
 *
 * One nact actor runs all cells. Its only message is WAKE, and at most one WAKE is under way: waking any number
 * of cells on an idle engine costs one `setImmediate`. Each nact turn runs ready cells in the order of their
 * waking until the queue is empty or the slice is used up, then lets timers and sockets run.
 *
 * - A turn never runs inside `wake`, and never beside another turn of its cell, also when it is asynchronous.
 * - A turn that throws or rejects is reported by `onFault`; its cell and the engine go on.
 * - After `stop` no turn starts any more; an asynchronous one that runs ends by itself.
 *
 * nact's own supervision, names, children, stop order and mailboxes are not used; its defects there cannot bite.
 */
export interface NactEngine extends Engine {
  stop(): void
}

export interface NactEngineOptions {
  /** Called for every turn that threw. Default: one line on the console. */
  readonly onFault?: (fault: EngineFault) => void
  /** With a clock a slice ends after 2 ms; without, only after 256 turns. */
  readonly clock?: Clock
}

export interface EngineFault {
  /** Name of the cell; null when nact's own crash handler was reached, which is a defect of the engine. */
  readonly cell: string | null
  readonly error: unknown
}

/** Starts an engine. `name` may hold letters, digits and `-$_.+!*'(),`; engines need not differ in it. */
export function nactEngine(name = 'tanist', options: NactEngineOptions = {}): NactEngine {
  return new OneActorEngine(name, options)
}

class OneActorEngine implements NactEngine {
  readonly #wake: () => void
  readonly #end: () => void
  readonly #ready: Queue<NactCell> = new Queue()
  readonly #options: NactEngineOptions
  /** A WAKE is under way, or a slice is running. */
  #awake = false
  #stopped = false

  constructor(name: string, options: NactEngineOptions) {
    this.#options = options
    // Without a name nact draws 128 random bits; a name used twice in a process would silently replace the first.
    const system = start()
    const actor = spawn(system, () => this.#slice(), name, {
      // A net: `#slice` never throws.
      onCrash: (_message, error, ctx) => {
        this.#report({ cell: null, error })
        return ctx.resume
      },
    })
    this.#wake = () => dispatch(actor, 'wake')
    this.#end = () => {
      stop(actor)
      stop(system)
    }
  }

  cell(name: string, turn: () => void | Promise<void>): Cell {
    return new NactCell(
      turn,
      (cell) => this.#enqueue(cell),
      (error) => this.#report({ cell: name, error }),
    )
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#ready.clear()
    this.#end()
  }

  #enqueue(cell: NactCell): void {
    if (this.#stopped) return
    this.#ready.push(cell)
    if (this.#awake) return
    this.#awake = true
    this.#wake()
  }

  #slice(): void {
    const clock = this.#options.clock
    const endsMs = clock === undefined ? 0 : clock.now().monotonicMs + actorLimits.sliceMs
    for (let left = actorLimits.sliceTurns; left > 0; left--) {
      const cell = this.#ready.shift()
      if (cell === undefined) break
      cell.run()
      if (clock !== undefined && clock.now().monotonicMs >= endsMs) break
    }
    this.#awake = this.#ready.size > 0
    if (this.#awake) this.#wake()
  }

  #report(fault: EngineFault): void {
    try {
      if (this.#options.onFault === undefined) console.error('tanist engine: a turn threw', fault)
      else this.#options.onFault(fault)
    } catch (error) {
      console.error('tanist engine: onFault threw', error, 'while reporting', fault)
    }
  }
}

class NactCell implements Cell {
  readonly #turn: () => void | Promise<void>
  readonly #enqueue: (cell: NactCell) => void
  readonly #report: (error: unknown) => void
  #phase: 'idle' | 'ready' | 'running' | 'woken-while-running' | 'stopped' = 'idle'

  constructor(
    turn: () => void | Promise<void>,
    enqueue: (cell: NactCell) => void,
    report: (error: unknown) => void,
  ) {
    this.#turn = turn
    this.#enqueue = enqueue
    this.#report = report
  }

  wake(): void {
    if (this.#phase === 'running') this.#phase = 'woken-while-running'
    else if (this.#phase === 'idle') {
      this.#phase = 'ready'
      this.#enqueue(this)
    }
  }

  stop(): void {
    this.#phase = 'stopped'
  }

  /** Never throws. */
  run(): void {
    if (this.#phase !== 'ready') return
    this.#phase = 'running'
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
    this.#report(error)
    this.#ended()
  }

  #ended(): void {
    if (this.#phase === 'stopped') return
    const again = this.#phase === 'woken-while-running'
    this.#phase = again ? 'ready' : 'idle'
    if (again) this.#enqueue(this)
  }
}
