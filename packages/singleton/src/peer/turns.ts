import type { Cell, Engine } from '@tanist/core'

/** Inputs handled in one turn before others get theirs. */
const BATCH = 2_048
/** A turn goes on with what its own effects brought, so often at most. */
const ROUNDS = 4

export interface TurnHooks {
  /** The end of a batch of inputs: write and send what they asked for. */
  flush(): void
  /** An input threw: the peer's state cannot be trusted any more. */
  failed(error: unknown): void
}

type Input = (() => void) | Calm

/** An input that takes no notice of what upcalls would change. */
class Calm {
  readonly run: () => void

  constructor(run: () => void) {
    this.run = run
  }
}

/**
 * Everything that happens in a peer happens here, one thing at a time: inputs from outside queue up and are
 * handled in batches; what a step machine tells its owner (upcalls) runs after the step, in order, because
 * upcalls ask for further steps.
 *
 * A *patient* upcall lets the disk and those who wait for an answer go first: it runs in a turn of its own, behind
 * what woke before that, unless something comes that may look at what it does. The order of upcalls is the same.
 */
export class Turns {
  readonly #cell: Cell
  readonly #later: Cell
  readonly #hooks: TurnHooks
  #inputs: Input[] = []
  /** What the inputs of this batch brought, to be handled before its end. */
  #soon: Input[] = []
  #taking = false
  #upcalls: (() => void)[] = []
  /** Of the upcalls, those that wait. */
  #patient = 0
  /** They have waited long enough. */
  #due = false
  #draining = false
  #stopped = false

  constructor(engine: Engine, name: string, hooks: TurnHooks) {
    this.#hooks = hooks
    this.#cell = engine.cell(name, () => this.#turn())
    this.#later = engine.cell(`${name}-later`, () => {
      this.#due = true
      this.#cell.wake()
    })
  }

  /** Dropped once the peer has stopped. */
  enqueue(input: () => void): void {
    this.#push(input)
  }

  /** The same, for what does not look at what patient upcalls change: they go on waiting. */
  enqueueCalm(input: () => void): void {
    this.#push(new Calm(input))
  }

  upcall(run: () => void): void {
    this.#upcalls.push(run)
  }

  /**
   * In the present step's upcalls, or behind the present batch of inputs, so that what comes of it leaves with what else
   * they do; outside of a turn as an input.
   */
  soon(run: () => void): void {
    if (this.#draining) this.#upcalls.push(run)
    else if (this.#taking) this.#soon.push(run)
    else this.enqueue(run)
  }

  patientUpcall(run: () => void): void {
    this.#upcalls.push(run)
    this.#patient += 1
  }

  /** To be called after the effects of each step were carried out. */
  drain(): void {
    if (this.#upcalls.length > this.#patient) this.#runUpcalls()
  }

  stop(): void {
    this.#stopped = true
    this.#inputs = []
    this.#soon = []
    this.#cell.stop()
    this.#later.stop()
  }

  #push(input: Input): void {
    if (this.#stopped) return
    this.#inputs.push(input)
    if (this.#inputs.length === 1) this.#cell.wake()
  }

  #turn(): void {
    const due = this.#due
    this.#due = false
    try {
      for (let round = 0; round < ROUNDS && this.#inputs.length > 0; round++) {
        this.#takeBatch()
        this.#hooks.flush()
      }
      if (this.#patient > 0) this.#wait(due)
    } catch (error) {
      this.#hooks.failed(error)
    }
    if (this.#inputs.length > 0) this.#cell.wake()
  }

  #takeBatch(): void {
    this.#taking = true
    try {
      for (const input of this.#batch()) this.#take(input)
      for (let at = 0; at < this.#soon.length && at < BATCH; at++) this.#take(this.#soon[at] as Input)
    } finally {
      this.#taking = false
    }
    const rest = this.#soon.length > BATCH ? this.#soon.slice(BATCH) : []
    if (this.#soon.length > 0) this.#soon = []
    for (const input of rest) this.#push(input)
  }

  #batch(): readonly Input[] {
    const inputs = this.#inputs
    if (inputs.length > BATCH) return inputs.splice(0, BATCH)
    this.#inputs = []
    return inputs
  }

  #take(input: Input): void {
    if (input instanceof Calm) return input.run()
    if (this.#patient > 0) this.#runUpcalls()
    input()
  }

  #wait(due: boolean): void {
    if (!due) return this.#later.wake()
    this.#runUpcalls()
    this.#hooks.flush()
  }

  #runUpcalls(): void {
    if (this.#draining) return
    this.#draining = true
    try {
      for (let i = 0; i < this.#upcalls.length; i++) this.#upcalls[i]?.()
    } finally {
      this.#upcalls = []
      this.#patient = 0
      this.#draining = false
    }
  }
}
