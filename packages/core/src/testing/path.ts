import type { Parcel } from './link.js'
import { type Change, Layers, type Quality, quiet } from './quality.js'

/**
 * How one direction between two machines behaves. Frames of links come whole and in order unless `loss`,
 * `duplicate` or `reorder` say otherwise: those are against the contract of `Network` and off by default, for
 * protocols that want to prove that they rely on less.
 */
export interface LinkQuality extends Quality {
  readonly datagramLoss: number
  readonly datagramDuplicate: number
  readonly datagramReorder: number
  /** Of datagrams to everybody, besides `datagramLoss`. 1: a network that does not carry them. */
  readonly broadcastLoss: number
}

export type QualityChange = Change<LinkQuality>

/** A quiet wired office. */
export const defaultQuality: LinkQuality = {
  ...quiet,
  datagramLoss: 0,
  datagramDuplicate: 0,
  datagramReorder: 0,
  broadcastLoss: 0,
}

/** Takes back exactly the change that returned it; harmless when it is already undone. */
export type Undo = () => void

/** One direction between two machines: its quality, its cuts, and what waits behind them. */
export class Path {
  readonly layers: Layers<LinkQuality>
  /** Parcels sent during a cut, in the order of sending. */
  held: Parcel[] = []
  private readonly cuts = new Set<object>()

  constructor(base: LinkQuality) {
    this.layers = new Layers(base)
  }

  get quality(): LinkQuality {
    return this.layers.now
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
}
