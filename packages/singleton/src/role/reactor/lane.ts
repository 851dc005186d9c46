import type { AttemptLimits, Task } from './task.js'

export interface Item {
  readonly task: Task
  readonly limits: AttemptLimits
  /** Attempts that failed in this reign. */
  failures: number
  /** It has ended, or another one has settled it. */
  gone: boolean
}

/** Reactions that run one after the other, in the order of their events. */
export class Lane {
  readonly name: string
  state: 'idle' | 'ready' | 'running' | 'waiting' = 'idle'
  /** While `waiting`: until then, after a failure. */
  untilMs = 0
  #queue: Item[] = []
  #head = 0

  constructor(name: string) {
    this.name = name
  }

  /** The next to run; may be gone: see `dropGone`. */
  get first(): Item | undefined {
    return this.#queue[this.#head]
  }

  /** In its place: what an operator lets run again is older than what came meanwhile. */
  add(item: Item): void {
    const queue = this.#queue
    let at = queue.length
    const least = this.#head + (this.state === 'running' || this.state === 'waiting' ? 1 : 0)
    while (at > least && isBefore(item.task, (queue[at - 1] as Item).task)) at -= 1
    if (at === queue.length) queue.push(item)
    else queue.splice(at, 0, item)
  }

  /** Takes out what is gone at the front; whether there was any. */
  dropGone(): boolean {
    const from = this.#head
    while (this.first?.gone === true) this.#head += 1
    const dropped = this.#head > from
    if (this.#head > 256 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
    return dropped
  }
}

function isBefore(a: Task, b: Task): boolean {
  return a.index < b.index || (a.index === b.index && a.n < b.n)
}
