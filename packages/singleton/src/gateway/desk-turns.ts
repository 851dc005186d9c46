import type { Host, Timer } from '@tanist/core'
import { pausedMs, turnBytes, turnLinks } from './limits.js'

/** What has its turn: see `DeskLink`. */
export interface TurnLink {
  flush(): number
  pump(): number
}

/**
 * Lets links have their turns: those that have something to say, one frame for all of it; those that have something to
 * do, in pieces, so that the rest of the process gets its turns between; and after a while those that had no room.
 */
export class DeskTurns<L extends TurnLink> {
  readonly #host: Host
  readonly #dirty = new Set<L>()
  readonly #ready = new Set<L>()
  readonly #paused = new Set<L>()
  readonly #cell: ReturnType<Host['engine']['cell']>
  #timer: Timer | null = null

  constructor(host: Host) {
    this.#host = host
    this.#cell = host.engine.cell('clients', () => this.#turn())
  }

  dirty(link: L): void {
    this.#dirty.add(link)
    this.#cell.wake()
  }

  ready(link: L): void {
    this.#ready.add(link)
    this.#cell.wake()
  }

  pause(link: L): void {
    this.#paused.add(link)
    this.#timer ??= this.#host.timers.set(pausedMs, () => {
      this.#timer = null
      for (const one of this.#paused) this.#ready.add(one)
      this.#paused.clear()
      this.#cell.wake()
    })
  }

  forget(link: L): void {
    this.#dirty.delete(link)
    this.#ready.delete(link)
    this.#paused.delete(link)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#cell.stop()
  }

  #turn(): void {
    for (const link of first(this.#dirty)) {
      this.#dirty.delete(link)
      link.flush()
    }
    let bytes = 0
    for (const link of first(this.#ready)) {
      if (bytes > turnBytes) break
      this.#ready.delete(link)
      bytes += link.pump()
    }
    if (this.#ready.size > 0 || this.#dirty.size > 0) this.#cell.wake()
  }
}

/** Those that are added meanwhile come behind all others. */
function first<L>(links: ReadonlySet<L>): L[] {
  const some: L[] = []
  for (const link of links) {
    if (some.length === turnLinks) break
    some.push(link)
  }
  return some
}
