import type { Parcel } from './link.js'

/**
 * How one direction between two machines behaves. Frames of links come whole and in order unless `loss`,
 * `duplicate` or `reorder` say otherwise: those are against the contract of `Network` and off by default, for
 * protocols that want to prove that they rely on less.
 */
export interface LinkQuality {
  readonly latencyMinMs: number
  readonly latencyMaxMs: number
  /** Share (0 to 1) of the frames that are never delivered. */
  readonly loss: number
  readonly duplicate: number
  /** Share of the frames that come up to `reorderMs` late, and are overtaken. */
  readonly reorder: number
  readonly reorderMs: number
  readonly datagramLoss: number
  readonly datagramDuplicate: number
  readonly datagramReorder: number
}

/** A quiet wired office. */
export const defaultQuality: LinkQuality = {
  latencyMinMs: 0.2,
  latencyMaxMs: 1,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  reorderMs: 20,
  datagramLoss: 0,
  datagramDuplicate: 0,
  datagramReorder: 0,
}

/** Takes back exactly the change that returned it; harmless when it is already undone. */
export type Undo = () => void

/** One direction between two machines: its quality, its cuts, and what waits behind them. */
export class Path {
  quality: LinkQuality
  /** Parcels sent during a cut, in the order of sending. */
  held: Parcel[] = []
  private readonly cuts = new Set<object>()
  private readonly overlays = new Set<Partial<LinkQuality>>()
  private readonly base: LinkQuality

  constructor(base: LinkQuality) {
    this.base = base
    this.quality = base
  }

  get isCut(): boolean {
    return this.cuts.size > 0
  }

  cut(token: object): void {
    this.cuts.add(token)
  }

  /** True when that was the last cut. */
  uncut(token: object): boolean {
    return this.cuts.delete(token) && this.cuts.size === 0
  }

  /** Takes away all cuts but these; true when that opened it. */
  uncutAll(but: ReadonlySet<object>): boolean {
    const wasCut = this.isCut
    for (const token of this.cuts) if (!but.has(token)) this.cuts.delete(token)
    return wasCut && !this.isCut
  }

  overlay(change: Partial<LinkQuality>): Undo {
    // A copy, so that two equal overlays are two.
    const own = { ...change }
    this.overlays.add(own)
    this.mix()
    return () => {
      if (this.overlays.delete(own)) this.mix()
    }
  }

  clearOverlays(): void {
    this.overlays.clear()
    this.mix()
  }

  private mix(): void {
    this.quality = Object.assign({}, this.base, ...this.overlays)
  }
}
