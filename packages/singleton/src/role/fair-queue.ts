/**
 * What waits for its turn: one of each role after the other, and within a role one of each caller after the other. What
 * one caller wants of one role stays in its order. Each has a key, and waits once.
 */
export class FairQueue<T> {
  /** Whose turn is next stands first. */
  readonly #roles = new Map<string, Map<string, Lane<T>>>()
  readonly #byKey = new Map<string, T>()

  get size(): number {
    return this.#byKey.size
  }

  /** What waits under this key already; undefined when there was nothing, and `item` does now. */
  push(role: string, caller: string, key: string, item: T): T | undefined {
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    this.#byKey.set(key, item)
    let callers = this.#roles.get(role)
    if (callers === undefined) this.#roles.set(role, (callers = new Map()))
    const lane = callers.get(caller)
    if (lane === undefined) callers.set(caller, { items: [{ key, item }], next: 0 })
    else lane.items.push({ key, item })
    return undefined
  }

  shift(): T | undefined {
    for (const [role, callers] of this.#roles) {
      for (const [caller, lane] of callers) {
        const { key, item } = lane.items[lane.next++]!
        callers.delete(caller)
        if (lane.next < lane.items.length) callers.set(caller, trimmed(lane))
        this.#roles.delete(role)
        if (callers.size > 0) this.#roles.set(role, callers)
        this.#byKey.delete(key)
        return item
      }
    }
    return undefined
  }

  /** Everything, in the order of the turns. */
  drain(): T[] {
    const all: T[] = []
    for (let item = this.shift(); item !== undefined; item = this.shift()) all.push(item)
    return all
  }
}

interface Lane<T> {
  readonly items: { readonly key: string; readonly item: T }[]
  next: number
}

/** Keeps no memory of what is gone. */
function trimmed<T>(lane: Lane<T>): Lane<T> {
  if (lane.next < 1_024 || lane.next * 2 < lane.items.length) return lane
  return { items: lane.items.slice(lane.next), next: 0 }
}
