/**
 * Runs turns. Production uses nact (`actor/engine.ts`), the simulated world its event queue. A turn is run
 * once after one or more `wake` calls, never inside `wake`, and never two turns of one cell at a time: when
 * `turn` returns a promise, the next turn waits for it.
 */
export interface Engine {
  /** `owner` is for reports: what the turn is about at this moment. */
  cell(name: string, turn: () => void | Promise<void>, owner?: CellOwner): Cell
}

export interface CellOwner {
  /** The handler that runs or ran last; empty before the first. */
  readonly doing: string
}

export interface Cell {
  wake(): void
  /** No turn starts after this; a running asynchronous one ends by itself. */
  stop(): void
}
