/** Entries on their way to the disks: at least so many, whatever their time. */
const LEAST = 128
const MOST = 2_048
const FIRST = 512

/** Of the shortest time that a commit took lately, before it is called a queue; and what is short in any case. */
const PATIENCE = 3
const PATIENCE_MS = 10

/**
 * How many entries may be decided and not committed while calls wait for their turn: as many as keep disks and links
 * busy, and not so many that they wait for each other. Grows while commits take no longer for it than they must, shrinks
 * when they do.
 */
export class FairWindow {
  #size = FIRST
  /** The shortest time of late; what was long ago counts less and less. */
  #shortestMs = Infinity
  #probe: { readonly index: number; readonly atMs: number } | null = null

  get size(): number {
    return this.#size
  }

  decided(index: number, nowMs: number): void {
    this.#probe ??= { index, atMs: nowMs }
  }

  /** `waiting`: calls wait for their turn, so the size matters. */
  committed(index: number, nowMs: number, waiting: boolean): void {
    const probe = this.#probe
    if (probe === null || index < probe.index) return
    this.#probe = null
    const tookMs = nowMs - probe.atMs
    this.#shortestMs = Math.min(tookMs, this.#shortestMs * 1.01 + 0.01)
    if (tookMs > this.#shortestMs * PATIENCE + PATIENCE_MS) this.#size = Math.max(LEAST, this.#size * 0.8)
    else if (waiting) this.#size = Math.min(MOST, this.#size * 1.1)
  }

  /** What was decided may never be committed. */
  forget(): void {
    this.#probe = null
  }
}
