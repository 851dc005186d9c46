import type { AnyFollowed, AnyRole, EventPosition } from '../role/index.js'
import { READER_MAX } from './limits.js'
import type { Watches, Watching } from './watches.js'

export interface ReaderSink {
  /** There is something to take. */
  wake(): void
  failed(text: string): void
  ended(): void
}

/**
 * What one reader of events has not taken yet, bounded. One that shares the watch of its role and lags too far behind
 * gets the present state in place of what it missed; one with a position of its own goes on where it was.
 */
export class Reader {
  readonly #sink: ReaderSink
  readonly #watching: Watching
  readonly #shares: boolean
  #items: AnyFollowed[] = []
  #next = 0
  #missed = false
  #paused = false
  #over = false

  constructor(watches: Watches, role: AnyRole, after: 'now' | EventPosition, sink: ReaderSink) {
    this.#sink = sink
    this.#shares = after === 'now'
    const watcher = {
      item: (item: AnyFollowed) => this.#add(item),
      failed: (text: string) => this.#over || sink.failed(text),
      ended: () => this.#over || sink.ended(),
    }
    this.#watching = after === 'now' ? watches.share(role, watcher) : watches.alone(role, after, watcher)
    // What is known already comes first.
    this.#missed = this.#shares && this.#watching.watch.state !== null
  }

  /** Set before this reader came. */
  get failure(): string | null {
    return this.#watching.watch.failure
  }

  /** The next item; undefined when there is none yet. */
  take(): AnyFollowed | undefined {
    if (this.#missed) {
      const { state, at } = this.#watching.watch
      if (state === null || at === null) return undefined
      this.#missed = false
      return { kind: 'state', state: state.value, position: at }
    }
    const item = this.#items[this.#next]
    if (item === undefined) return undefined
    this.#next += 1
    if (this.#next === this.#items.length) {
      this.#items = []
      this.#next = 0
      if (this.#paused && !this.#over) {
        this.#paused = false
        this.#watching.resume()
      }
    }
    return item
  }

  close(): void {
    if (this.#over) return
    this.#over = true
    this.#items = []
    this.#watching.end()
  }

  #add(item: AnyFollowed): void {
    if (this.#over || this.#missed) return
    if (item.kind === 'state') this.#items.splice(this.#next)
    this.#items.push(item)
    if (this.#items.length - this.#next > READER_MAX) this.#tooMany()
    this.#sink.wake()
  }

  #tooMany(): void {
    if (this.#shares) {
      this.#items = []
      this.#next = 0
      this.#missed = true
    } else if (!this.#paused) {
      this.#paused = true
      this.#watching.pause()
    }
  }
}
