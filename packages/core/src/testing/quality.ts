import { invariant } from '../invariant.js'

/** How one direction behaves. Shares are from 0 to 1. */
export interface Quality {
  /** Uniformly between these. */
  readonly latencyMinMs: number
  readonly latencyMaxMs: number
  /** Share that is never delivered. */
  readonly loss: number
  /** Share that comes twice. */
  readonly duplicate: number
  /** Share that comes up to `reorderMs` late, and is overtaken. */
  readonly reorder: number
  readonly reorderMs: number
}

/** A quiet wired office. */
export const quiet: Quality = {
  latencyMinMs: 0.2,
  latencyMaxMs: 1,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  reorderMs: 20,
}

/** What differs; as a function of what lies below, so that it stays right when that changes. */
export type Change<Q> = Partial<Q> | ((below: Q) => Partial<Q>)

/** Throws a sentence for a latency or a share that cannot be. */
export function checkedQuality<Q extends Quality>(quality: Q): Q {
  const { latencyMinMs: min, latencyMaxMs: max } = quality
  invariant(min >= 0 && max >= min, `a latency is from 0 up to its maximum, not ${min} to ${max} ms`)
  for (const [name, share] of Object.entries(quality)) {
    if (!name.endsWith('Ms')) invariant(share >= 0 && share <= 1, `"${name}" is from 0 to 1, not ${share}`)
  }
  return quality
}

const changed = <Q>(quality: Q, change: Change<Q>): Q => ({
  ...quality,
  ...(typeof change === 'function' ? change(quality) : change),
})

/** A quality with changes on top of each other, each of which is taken back by itself. */
export class Layers<Q extends Quality> {
  now: Q
  readonly #base: Q
  readonly #layers = new Set<{ readonly change: Change<Q> }>()

  constructor(base: Q) {
    this.#base = base
    this.now = base
  }

  add(change: Change<Q>): () => void {
    checkedQuality(changed(this.now, change))
    const layer = { change }
    this.#layers.add(layer)
    this.#mix()
    return () => {
      if (this.#layers.delete(layer)) this.#mix()
    }
  }

  clear(): void {
    this.#layers.clear()
    this.now = this.#base
  }

  #mix(): void {
    this.now = this.#base
    for (const { change } of this.#layers) this.now = changed(this.now, change)
  }
}
