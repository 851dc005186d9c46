import type { Host, Timer } from '@tanist/core'
import type { AnyFollowed, AnyRole, EventPosition } from '../role/index.js'
import { AGAIN_MS } from './limits.js'
import type { ClientMessage } from './messages.js'
import { Watch } from './watch.js'
import type { WatchMessage } from './watch.js'

/** Somebody who is told what comes of a role. */
export interface Watcher {
  item(item: AnyFollowed, whole: boolean): void
  failed(text: string): void
  /** The client was closed. */
  ended(): void
}

/** Goes back to the one that gave it. */
export interface Watching {
  readonly watch: Watch
  end(): void
  /** Nothing more for now; `resume` goes on where it was. For those who watch alone. */
  pause(): void
  resume(): void
}

interface Row {
  readonly watch: Watch
  readonly watchers: Set<Watcher>
  paused: boolean
  timer: Timer | null
}

/** What a client watches: each role once from now on, and each that begins elsewhere by itself. */
export class Watches {
  readonly #host: Host
  readonly #say: (message: ClientMessage) => void
  readonly #changed: () => void
  readonly #rows = new Set<Row>()
  readonly #shared = new Map<string, Row>()
  #isUp = false
  #numbers = 0
  #stopped = false

  constructor(host: Host, say: (message: ClientMessage) => void, changed: () => void) {
    this.#host = host
    this.#say = say
    this.#changed = changed
  }

  /** Watches asked for now. */
  get size(): number {
    return this.#rows.size
  }

  /** Why this role is not followed any more; null while it is. */
  failure(role: string): string | null {
    return this.#shared.get(role)?.watch.failure ?? null
  }

  /** From now on, together with everybody else who does. */
  share(role: AnyRole, watcher: Watcher): Watching {
    let row = this.#shared.get(role.name)
    if (row === undefined) {
      row = this.#open(role, 'now', true)
      this.#shared.set(role.name, row)
    }
    return this.#join(row, watcher)
  }

  /** From a position on. */
  alone(role: AnyRole, after: EventPosition, watcher: Watcher): Watching {
    return this.#join(this.#open(role, after, false), watcher)
  }

  take(message: WatchMessage): void {
    for (const row of this.#rows) {
      if (row.watch.n !== message.n) continue
      const then = row.watch.take(message)
      if (then === 'again') row.timer = this.#host.timers.set(AGAIN_MS, () => this.#begin(row))
      else if (then === 'end') this.#unwatch(row)
      return
    }
  }

  up(): void {
    this.#isUp = true
    for (const row of this.#rows) this.#begin(row)
  }

  down(): void {
    this.#isUp = false
    for (const { watch } of this.#rows) watch.n = null
  }

  stop(): void {
    this.#stopped = true
    this.#isUp = false
    const rows = [...this.#rows]
    this.#rows.clear()
    this.#shared.clear()
    for (const { watchers, timer } of rows) {
      timer?.cancel()
      for (const watcher of watchers) watcher.ended()
    }
  }

  #open(role: AnyRole, after: 'now' | EventPosition, fold: boolean): Row {
    const watchers = new Set<Watcher>()
    const watch = new Watch(role, after, fold, {
      item: (item, whole) => {
        for (const watcher of watchers) watcher.item(item, whole)
      },
      failed: (text) => {
        for (const watcher of watchers) watcher.failed(text)
        this.#changed()
      },
    })
    const row: Row = { watch, watchers, paused: false, timer: null }
    if (!this.#stopped) this.#rows.add(row)
    this.#begin(row)
    return row
  }

  #join(row: Row, watcher: Watcher): Watching {
    row.watchers.add(watcher)
    return {
      watch: row.watch,
      end: () => {
        if (row.watchers.delete(watcher) && row.watchers.size === 0) this.#close(row)
      },
      pause: () => {
        row.paused = true
        this.#unwatch(row)
      },
      resume: () => {
        row.paused = false
        this.#begin(row)
      },
    }
  }

  #close(row: Row): void {
    this.#rows.delete(row)
    row.timer?.cancel()
    this.#unwatch(row)
    const { name } = row.watch.role
    if (this.#shared.get(name) === row) this.#shared.delete(name)
  }

  #begin(row: Row): void {
    if (!this.#isUp || row.paused || row.watch.n !== null || !this.#rows.has(row)) return
    this.#numbers += 1
    const message = row.watch.begin(this.#numbers)
    if (message !== null) this.#say(message)
  }

  #unwatch({ watch }: Row): void {
    if (watch.n === null) return
    this.#say({ t: 'unwatch', n: watch.n })
    watch.n = null
  }
}
