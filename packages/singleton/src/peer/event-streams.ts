import type { Host, Timer } from '@tanist/core'
import type { AnyFollowed, AnyRole, EventPosition } from '../role/index.js'
import type { PeerCore, PeerEvent } from './core.js'
import { Feed } from './feed.js'
import type { ReadOutcome } from './reads.js'

/** What streams need of a peer through all its identities: `Lives`. */
export interface StreamedPeer {
  readonly core: PeerCore
  observe(listener: (event: PeerEvent) => void): () => void
  /** Told of each next identity, and of null while there is none. */
  onCore: ((core: PeerCore | null) => void) | null
  read(role: string, deadlineMs: number, done: (outcome: ReadOutcome) => void): void
}

export interface StreamSink {
  /** There may be more to take now. */
  readonly wake: () => void
  /** The peer has stopped. */
  readonly ended: () => void
}

const CONFIRM_MS = 10_000
const AGAIN_MS = 500

/** Readers of events on one peer. Each is a cursor of its own; nothing is kept in memory for any of them. */
export class EventStreams {
  readonly #peer: StreamedPeer
  readonly #timers: Host['timers']
  readonly #open = new Set<StreamReader>()
  #core: PeerCore | null
  #stopped = false

  constructor(peer: StreamedPeer, timers: Host['timers']) {
    this.#peer = peer
    this.#timers = timers
    this.#core = peer.core
    this.#watch(peer.core)
    peer.onCore = (core) => this.#goOn(core)
    peer.observe((event) => {
      if (event.kind === 'stopped') this.#stop()
    })
  }

  open(role: AnyRole, after: 'now' | EventPosition, sink: StreamSink): StreamReader {
    const feed = new Feed(role, this.#core?.feed ?? null, after)
    const reader = new StreamReader(feed, sink, () => this.#open.delete(reader))
    if (this.#stopped) {
      feed.bind(null)
      reader.over = true
      return reader
    }
    this.#open.add(reader)
    if (feed.isAhead) this.#confirm(role.name, reader, () => feed.isAhead)
    return reader
  }

  /** Calls back later, when nothing else is to be done. */
  later(run: () => void): Timer {
    return this.#timers.set(0, run)
  }

  #watch(core: PeerCore): void {
    core.onProgress = () => {
      for (const reader of this.#open) reader.sink.wake()
    }
  }

  #goOn(core: PeerCore | null): void {
    this.#core = core
    if (core !== null) this.#watch(core)
    for (const reader of this.#open) {
      reader.feed.bind(null)
      if (core !== null) this.#confirm(reader.feed.role, reader, () => true)
    }
  }

  /**
   * Begins anew where `lost` still says so when this replica holds everything that was committed: a position that
   * nobody has never was on this branch, and after a loss what was given is not shown to be undone in small steps.
   */
  #confirm(role: string, reader: StreamReader, lost: () => boolean): void {
    this.#peer.read(role, CONFIRM_MS, ({ status }) => {
      if (reader.over || this.#core === null) return
      const core = this.#core
      if (status !== 'ok' && core.roles.failure(role) === undefined) {
        if (lost()) this.#timers.set(AGAIN_MS, () => reader.over || this.#confirm(role, reader, lost))
        return
      }
      if (lost()) reader.feed.reset()
      reader.feed.bind(core.feed)
      reader.sink.wake()
    })
  }

  #stop(): void {
    this.#stopped = true
    for (const reader of this.#open) {
      reader.over = true
      reader.feed.bind(null)
      reader.sink.ended()
    }
    this.#open.clear()
  }
}

export class StreamReader {
  readonly feed: Feed
  readonly sink: StreamSink
  over = false
  readonly #closed: () => void

  constructor(feed: Feed, sink: StreamSink, closed: () => void) {
    this.feed = feed
    this.sink = sink
    this.#closed = closed
  }

  take(): AnyFollowed[] {
    return this.over ? [] : this.feed.pull()
  }

  close(): void {
    if (this.over) return
    this.over = true
    this.feed.bind(null)
    this.#closed()
  }
}
