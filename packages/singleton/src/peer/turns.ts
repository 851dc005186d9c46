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

/**
 * Everything that happens in a peer happens here, one thing at a time: inputs from outside queue up and are
 * handled in batches; what a step machine tells its owner (upcalls) runs after the step, in order, because
 * upcalls ask for further steps.
 */
export class Turns {
  readonly #cell: Cell
  readonly #hooks: TurnHooks
  #inputs: (() => void)[] = []
  #upcalls: (() => void)[] = []
  #draining = false
  #stopped = false

  constructor(engine: Engine, name: string, hooks: TurnHooks) {
    this.#hooks = hooks
    this.#cell = engine.cell(name, () => this.#turn())
  }

  /** Dropped once the peer has stopped. */
  enqueue(input: () => void): void {
    if (this.#stopped) return
    this.#inputs.push(input)
    if (this.#inputs.length === 1) this.#cell.wake()
  }

  upcall(run: () => void): void {
    this.#upcalls.push(run)
  }

  /** In the present step's upcalls, so that what comes of it leaves with what else they do; else as an input. */
  soon(run: () => void): void {
    if (this.#draining) this.#upcalls.push(run)
    else this.enqueue(run)
  }

  /** To be called after the effects of each step were carried out. */
  drain(): void {
    if (this.#draining) return
    this.#draining = true
    try {
      for (let i = 0; i < this.#upcalls.length; i++) this.#upcalls[i]?.()
    } finally {
      this.#upcalls = []
      this.#draining = false
    }
  }

  stop(): void {
    this.#stopped = true
    this.#inputs = []
    this.#cell.stop()
  }

  #turn(): void {
    try {
      for (let round = 0; round < ROUNDS && this.#inputs.length > 0; round++) {
        for (const input of this.#inputs.splice(0, BATCH)) input()
        this.#hooks.flush()
      }
    } catch (error) {
      this.#hooks.failed(error)
    }
    if (this.#inputs.length > 0) this.#cell.wake()
  }
}
