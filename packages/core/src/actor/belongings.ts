import type { ActorCell } from './cell.js'
import { Stash } from './stash.js'
import { CellTimers, ReceiveTimeout } from './timers.js'
import { Watches } from './watch.js'

/** What only some actors have; each part is made when it is first used. */
export class Belongings {
  readonly #cell: ActorCell
  #timers: CellTimers | undefined
  #watches: Watches | undefined
  stash: Stash | undefined
  quiet: ReceiveTimeout | undefined

  constructor(cell: ActorCell) {
    this.#cell = cell
  }

  get timers(): CellTimers {
    return (this.#timers ??= new CellTimers(this.#cell))
  }

  get watches(): Watches {
    return (this.#watches ??= new Watches(this.#cell))
  }

  stashOf(): Stash {
    return (this.stash ??= new Stash(this.#cell.origin.stashCapacity, this.#cell.path))
  }

  receiveTimeout(afterMs: number | null, to: string, message: unknown): void {
    const next = afterMs === null ? undefined : new ReceiveTimeout(this.#cell, afterMs, to, message)
    this.quiet?.end()
    this.quiet = next
    if (this.#cell.phase === 'finishing' || this.#cell.phase === 'stopped') this.endTimers()
  }

  endTimers(): void {
    this.#timers?.cancelAll()
    this.quiet?.end()
    this.quiet = undefined
  }

  end(): void {
    this.endTimers()
    this.#watches?.removeAll()
  }
}

/** Of a cell that may have none yet. */
export function belongingsOf(cell: ActorCell): Belongings {
  return (cell.belongings ??= new Belongings(cell))
}
