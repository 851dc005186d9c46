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

/** A promise continuation that wakes a cell runs within this many microtasks of the slice; it needs no loop turn. */
const LINGER = 4
/** Up to so many turns pass between two readings of the clock while each of them takes less than `SHORT_MS`. */
const MOST_UNREAD = 8
const SHORT_MS = 0.02
const settled: Promise<void> = Promise.resolve()

class OneActorEngine implements NactEngine {
  readonly #wake: () => void
  readonly #end: () => void
  readonly #linger: () => void
  readonly #ready: Queue<NactCell> = new Queue()
  readonly #options: NactEngineOptions
  /** A WAKE is under way, or a slice is running or lingering. */
  #awake = false
  #stopped = false
  /** Turns that the slice may still run, and when it ends. */
  #left = 0
  #endsMs = 0
  #hops = 0
  /** Turns until the next reading of the clock, which costs as much as a short turn. */
  #unread = 0
  #every = 1
  #readMs = 0

  constructor(name: string, options: NactEngineOptions) {
    this.#options = options
    this.#linger = () => this.#lingered()
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
    this.#end()
  }

  enqueue(cell: NactCell): void {
    if (this.#stopped) return
    this.#ready.push(cell)
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

  #slice(): void {
    const { clock } = this.#options
    this.#left = actorLimits.sliceTurns
    if (clock !== undefined) {
      this.#readMs = clock.now().monotonicMs
      this.#endsMs = this.#readMs + actorLimits.sliceMs
      this.#unread = this.#every
    }
    this.#run()
  }

  #run(): void {
    for (;;) {
      const cell = this.#ready.shift()
      if (cell === undefined) break
      cell.run()
      this.#left -= 1
      if (this.#left === 0 || this.#isOver()) return this.#wake()
    }
    this.#hops = LINGER
    void settled.then(this.#linger)
  }

  /** Looks at the clock after every turn while turns are long, and more seldom while they are short. */
  #isOver(): boolean {
    const { clock } = this.#options
    if (clock === undefined) return false
    this.#unread -= 1
    if (this.#unread > 0) return false
    const nowMs = clock.now().monotonicMs
    const isShort = nowMs - this.#readMs < this.#every * SHORT_MS
    this.#every = isShort ? Math.min(this.#every * 2, MOST_UNREAD) : 1
    this.#unread = this.#every
    this.#readMs = nowMs
    return nowMs >= this.#endsMs
  }

  /** What a turn answered may let a promise go on that wakes the next cell: that one belongs to this slice. */
  #lingered(): void {
    if (this.#ready.size > 0) this.#run()
    else if (this.#hops > 0) {
      this.#hops -= 1
      void settled.then(this.#linger)
    } else this.#awake = false
  }
}

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
      this.#engine.enqueue(this)
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
    if (again) this.#engine.enqueue(this)
  }
}
