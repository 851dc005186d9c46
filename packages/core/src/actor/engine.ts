import { dispatch, spawn, start, stop } from 'nact'
import type { Cell, Clock, Engine } from '../host/index.js'
import { actorLimits } from './limits.js'
import { Queue } from './queue.js'

/**
 * The engine of production, and the only module that knows nact.
 *
 * One nact actor runs all cells. Its only message is WAKE, and at most one WAKE is under way: waking any number
 * of cells on an idle engine costs one `setImmediate`. Each nact turn runs ready cells in the order of their
 * waking until the queue stays empty or the slice is used up, then lets timers and sockets run.
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
  /** Woken while they were idle, as by a timer. */
  readonly #ready: Queue<NactCell> = new Queue()
  /** Woken by or in their own turn: they had theirs, and let those go first who had none. */
  readonly #busy: Queue<NactCell> = new Queue()
  #readyInRow = 0
  readonly #options: NactEngineOptions
  /** A WAKE is under way, or a slice is running. */
  #awake = false
  #stopped = false
  /** Turns between two readings of the clock, and how many are left until the next. */
  #stride = 1
  #tillLook = 1
  #lookedMs = 0
  /** Of the slice: when it ends, how many turns are left of it, and for how many steps nothing was ready. */
  #endsMs = Infinity
  #left = 0
  #idle = 0
  readonly #linger = (): void => this.#goOn()

  constructor(name: string, options: NactEngineOptions) {
    this.#options = options
    // Without a name nact draws 128 random bits; a name used twice in a process would silently replace the first.
    const system = start()
    const actor = spawn(system, () => this.#slice(), name, {
      // A net: `#slice` never throws.
      onCrash: (_message, error, ctx) => {
        this.report({ cell: null, error })
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
    return new NactCell(this, name, turn)
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#ready.clear()
    this.#busy.clear()
    this.#end()
  }

  enqueue(cell: NactCell, wasIdle: boolean): void {
    if (this.#stopped) return
    if (wasIdle) this.#ready.push(cell)
    else this.#busy.push(cell)
    if (this.#awake) return
    this.#awake = true
    this.#wake()
  }

  report(fault: EngineFault): void {
    try {
      if (this.#options.onFault === undefined) console.error('tanist engine: a turn threw', fault)
      else this.#options.onFault(fault)
    } catch (error) {
      console.error('tanist engine: onFault threw', error, 'while reporting', fault)
    }
  }

  /**
   * Waits for a few promises when nothing is ready: who awaits a reply often asks again at once, and a question that
   * needs no loop turn of the process is ten times as fast.
   */
  #slice(): void {
    this.#endsMs = this.#begin()
    this.#left = actorLimits.sliceTurns
    this.#idle = 0
    this.#goOn()
  }

  #goOn(): void {
    if (this.#left > 0 && this.#idle < actorLimits.sliceLinger) {
      const left = this.#run(this.#left, this.#endsMs)
      this.#idle = left < this.#left ? 1 : this.#idle + 1
      this.#left = left
      // An `async` function would make four objects for each of these steps.
      if (left > 0) return void STEP.then(this.#linger)
    }
    this.#awake = this.#ready.size > 0 || this.#busy.size > 0
    if (this.#awake) this.#wake()
  }

  /** When the slice ends. */
  #begin(): number {
    const { clock } = this.#options
    if (clock === undefined) return Infinity
    this.#tillLook = this.#stride
    this.#lookedMs = clock.now().monotonicMs
    return this.#lookedMs + actorLimits.sliceMs
  }

  /** Returns how many turns are left; none when the time is up. */
  #run(turns: number, endsMs: number): number {
    const { clock } = this.#options
    for (let left = turns; left > 0; left--) {
      const cell = this.#next()
      if (cell === undefined) return left
      cell.run()
      if (clock === undefined || --this.#tillLook > 0) continue
      if (this.#look(clock) >= endsMs) return 0
    }
    return 0
  }

  /** Of both queues in turn when both are long, so that neither waits for ever. */
  #next(): NactCell | undefined {
    if (this.#busy.size === 0 || (this.#ready.size > 0 && this.#readyInRow < actorLimits.readyInRow)) {
      this.#readyInRow += 1
      return this.#ready.shift()
    }
    this.#readyInRow = 0
    return this.#busy.shift()
  }

  /** Looks after each turn from now on while turns are long, and more seldom when they were short. */
  #look(clock: Clock): number {
    const nowMs = clock.now().monotonicMs
    const isShort = nowMs - this.#lookedMs < this.#stride * actorLimits.shortTurnMs
    this.#stride = isShort ? Math.min(this.#stride * 2, actorLimits.lookEveryTurns) : 1
    this.#tillLook = this.#stride
    return (this.#lookedMs = nowMs)
  }
}

/** One for all: a promise that is kept wakes whoever waits for it as well as a new one. */
const STEP = Promise.resolve()

class NactCell implements Cell {
  readonly #engine: OneActorEngine
  readonly #name: string
  readonly #turn: () => void | Promise<void>
  #phase: 'idle' | 'ready' | 'running' | 'woken-while-running' | 'stopped' = 'idle'

  constructor(engine: OneActorEngine, name: string, turn: () => void | Promise<void>) {
    this.#engine = engine
    this.#name = name
    this.#turn = turn
  }

  wake(): void {
    if (this.#phase === 'running') this.#phase = 'woken-while-running'
    else if (this.#phase === 'idle') {
      this.#phase = 'ready'
      this.#engine.enqueue(this, true)
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
    this.#engine.report({ cell: this.#name, error })
    this.#ended()
  }

  #ended(): void {
    if (this.#phase === 'stopped') return
    const again = this.#phase === 'woken-while-running'
    this.#phase = again ? 'ready' : 'idle'
    if (again) this.#engine.enqueue(this, false)
  }
}
