/**
 * What waits for its turn: one of each role after the other, and within a role one of each caller after the other. What
 * one caller wants of one role stays in its order.
 */
export class FairQueue<T> {
  /** Whose turn is next stands first. */
  readonly #roles = new Map<string, Map<string, Lane<T>>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  push(role: string, caller: string, item: T): void {
    let callers = this.#roles.get(role)
    if (callers === undefined) this.#roles.set(role, (callers = new Map()))
    const lane = callers.get(caller)
    if (lane === undefined) callers.set(caller, { items: [item], next: 0 })
    else lane.items.push(item)
    this.#size++
  }

  shift(): T | undefined {
    for (const [role, callers] of this.#roles) {
      for (const [caller, lane] of callers) {
        const item = lane.items[lane.next++]!
        callers.delete(caller)
        if (lane.next < lane.items.length) callers.set(caller, trimmed(lane))
        this.#roles.delete(role)
        if (callers.size > 0) this.#roles.set(role, callers)
        this.#size--
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
  items: T[]
  next: number
}

/** Keeps no memory of what is gone. */
function trimmed<T>(lane: Lane<T>): Lane<T> {
  if (lane.next < 1_024 || lane.next * 2 < lane.items.length) return lane
  return { items: lane.items.slice(lane.next), next: 0 }
}
