import type { Random } from '../../host/index.js'
import { type Agenda, MESSAGE } from './agenda.js'
import { PlainPath, TICKS_PER_MS, travelTicks } from './network.js'
import type { PlainQuality, PlainQualityChange } from './types.js'

export interface RoadRules {
  readonly quality: PlainQuality
  /** In each direction messages arrive in the order of sending. */
  readonly ordered: boolean
  /** A cut holds what is sent, instead of losing it. */
  readonly holds: boolean
}

/** All directions between the nodes, and what travels there. */
export class Roads {
  /** Messages that will never arrive. */
  lost = 0
  readonly #agenda: Agenda
  readonly #random: Random
  readonly #rules: RoadRules
  /** Directions that are special, by sender and receiver. */
  readonly #paths: Map<number, PlainPath>[]

  constructor(agenda: Agenda, random: Random, nodes: number, rules: RoadRules) {
    this.#agenda = agenda
    this.#random = random
    this.#rules = rules
    this.#paths = Array.from({ length: nodes }, () => new Map<number, PlainPath>())
  }

  send(from: number, to: number, data: unknown): void {
    const paths = this.#paths[from]!
    const path = this.#rules.ordered ? this.#path(from, to) : paths.size > 0 ? paths.get(to) : undefined
    if (path === undefined || path.cuts.size === 0) this.#travel(from, to, data, path)
    else if (this.#rules.holds) path.held.push(data)
    else this.lost += 1
  }

  cut(from: number, to: number): () => void {
    const path = this.#path(from, to)
    const token = {}
    path.cuts.add(token)
    return () => {
      if (path.cuts.delete(token) && path.cuts.size === 0) this.#sendHeld(from, to, path)
    }
  }

  isCut(from: number, to: number): boolean {
    return (this.#paths[from]?.get(to)?.cuts.size ?? 0) > 0
  }

  overlay(from: number, to: number, change: PlainQualityChange): () => void {
    return this.#path(from, to).layers.add(change)
  }

  quality(from: number, to: number): PlainQuality {
    return this.#paths[from]?.get(to)?.layers.now ?? this.#rules.quality
  }

  heal(from: number): void {
    for (const [to, path] of this.#paths[from]!) {
      path.heal()
      this.#sendHeld(from, to, path)
    }
  }

  #path(from: number, to: number): PlainPath {
    const paths = this.#paths[from]!
    let path = paths.get(to)
    if (path === undefined) {
      path = new PlainPath(this.#rules.quality)
      paths.set(to, path)
    }
    return path
  }

  #travel(from: number, to: number, data: unknown, path: PlainPath | undefined): void {
    const random = this.#random
    const agenda = this.#agenda
    const quality = path?.layers.now ?? this.#rules.quality
    const { loss, duplicate, reorder } = quality
    if (loss > 0 && random.next() < loss) {
      this.lost += 1
      return
    }
    let tick = agenda.tick + travelTicks(quality, random)
    if (path && this.#rules.ordered) {
      tick = Math.max(tick, path.lastTick)
      path.lastTick = tick
    }
    if (reorder > 0 && random.next() < reorder)
      tick += Math.ceil(random.next() * quality.reorderMs * TICKS_PER_MS)
    agenda.add(agenda.event(MESSAGE, to, from, data), tick)
    if (duplicate > 0 && random.next() < duplicate) {
      const again = tick + travelTicks(quality, random)
      agenda.add(agenda.event(MESSAGE, to, from, data), again)
    }
  }

  #sendHeld(from: number, to: number, path: PlainPath): void {
    const { held } = path
    path.held = []
    for (const data of held) this.#travel(from, to, data, path)
  }
}
