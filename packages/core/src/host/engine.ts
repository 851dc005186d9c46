/**
 * Runs turns. Production uses nact (`actor/engine.ts`), the simulated world its event queue. A turn is run
 * once after one or more `wake` calls, never inside `wake`, and never two turns of one cell at a time: when
 * `turn` returns a promise, the next turn waits for it.
 */
export interface Engine {
  cell(name: string, turn: () => void | Promise<void>): Cell
}

export interface Cell {
  wake(): void
  /** No turn starts after this; a running asynchronous one ends by itself. */
  stop(): void
}
