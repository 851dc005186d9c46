import type { Timers } from '../../host/index.js'
import type { NactEvent } from './persistence.js'

interface Options {
  readonly limit: number
  readonly tags: readonly string[]
  readonly timers: Timers
}

/** Events between two turns of everything else. */
const SLICE = 200

/**
 * Events in their order, as nact reads them: `reduce` hands the promise of one step to the next, and waits for it from
 * time to time, so that a long history is neither held in memory nor holds up the loop.
 */
export class NactEvents implements PromiseLike<never[]> {
  readonly #settled: () => Promise<void>
  readonly #open: () => (position: number) => NactEvent | undefined
  readonly #options: Options

  constructor(
    settled: () => Promise<void>,
    open: () => (position: number) => NactEvent | undefined,
    options: Options,
  ) {
    this.#settled = settled
    this.#open = open
    this.#options = options
  }

  async reduce<U>(step: (previous: U, event: NactEvent, index: number) => U, initial: U): Promise<U> {
    await this.#settled()
    const read = this.#open()
    const { limit, tags } = this.#options
    let value = initial
    let taken = 0
    for (let position = 0; taken < limit; position++) {
      const event = read(position)
      if (event === undefined) break
      if (position % SLICE === SLICE - 1) {
        await value
        await this.#pause()
      }
      if (tags.every((tag) => event.tags.includes(tag))) value = step(value, event, taken++)
    }
    return value
  }

  /** All of them. The type is that of nact's declarations, which name the events of browsers here. */
  // oxlint-disable-next-line unicorn/no-thenable -- nact's EventStream is a PromiseLike
  then<A = never[], B = never>(
    onEvents?: ((events: never[]) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const all: NactEvent[] = []
    return this.reduce((events, event) => (events.push(event), events), all)
      .then((list) => list as never[])
      .then(onEvents, onError)
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.timers.set(0, resolve)
    })
  }
}
