import type { Terminated } from './behavior.js'
import type { ActorCell } from './cell.js'
import type { Notice } from './notice.js'
import { type AnyRef, refText, targetOf, type Watcher } from './ref.js'

/** One actor watches another: waits for its end, then for its own turn to hear of it. */
class Watch implements Watcher, Notice {
  readonly ref: AnyRef
  readonly #watches: Watches
  readonly #cell: ActorCell
  to: string
  message: Terminated | undefined
  #live = true
  #taken = false

  constructor(watches: Watches, cell: ActorCell, ref: AnyRef, to: string) {
    this.#watches = watches
    this.#cell = cell
    this.ref = ref
    this.to = to
  }

  terminated(ref: AnyRef, why: Terminated['why']): void {
    if (!this.#live || this.message !== undefined) return
    this.message = { ref, why }
    this.#cell.notify(this)
  }

  /** From now on a new watch of the same actor is another one. */
  take(): boolean {
    if (this.#live && !this.#taken) this.#watches.delete(this.ref)
    this.#taken = true
    return this.#live
  }

  lost(): void {}

  end(): void {
    this.#live = false
    this.ref[targetOf].unwatch(this)
  }
}

/** Whom one actor watches. Outlives its restarts, since nothing else could tell the fresh state. */
export class Watches {
  readonly #cell: ActorCell
  readonly #watches = new Map<string, Watch>()

  constructor(cell: ActorCell) {
    this.#cell = cell
  }

  add(ref: AnyRef, to: string): void {
    this.#cell.plan.checkOwn(to, this.#cell.path)
    if (this.#cell.isEnding) return
    const key = refText(ref)
    const known = this.#watches.get(key)
    if (known !== undefined) {
      known.to = to
      return
    }
    const watch = new Watch(this, this.#cell, ref, to)
    this.#watches.set(key, watch)
    ref[targetOf].watch(watch)
  }

  remove(ref: AnyRef): void {
    this.#watches.get(refText(ref))?.end()
    this.delete(ref)
  }

  delete(ref: AnyRef): void {
    this.#watches.delete(refText(ref))
  }

  removeAll(): void {
    for (const watch of this.#watches.values()) watch.end()
    this.#watches.clear()
  }
}
