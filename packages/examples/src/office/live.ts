import type { ServerResponse } from 'node:http'

/** A page that hears nothing for three of these looks for another peer. */
const BEAT_MS = 1_000
/** Changes within this time go out together. */
const GATHER_MS = 40

/**
 * Server-sent events to every open page. What is sent is always the present state, never a change: a page that
 * reads slowly skips states and is still right.
 */
export class Live {
  readonly #topics: Readonly<Record<string, () => unknown>>
  readonly #streams = new Map<ServerResponse, Set<string>>()
  readonly #beat: NodeJS.Timeout
  #gathering: NodeJS.Timeout | null = null

  constructor(topics: Readonly<Record<string, () => unknown>>) {
    this.#topics = topics
    this.#beat = setInterval(() => this.#toAll('beat', ''), BEAT_MS)
    this.#beat.unref()
  }

  open(response: ServerResponse): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    })
    this.#streams.set(response, new Set(Object.keys(this.#topics)))
    response.on('close', () => this.#streams.delete(response))
    response.on('drain', () => this.#flush(response))
    this.#flush(response)
  }

  changed(topic: string): void {
    for (const stale of this.#streams.values()) stale.add(topic)
    this.#gathering ??= setTimeout(() => {
      this.#gathering = null
      for (const response of this.#streams.keys()) this.#flush(response)
    }, GATHER_MS)
  }

  /** Tells the pages to move to another peer, and ends their streams. */
  goodbye(): void {
    clearInterval(this.#beat)
    this.#toAll('goodbye', '')
    for (const response of this.#streams.keys()) response.end()
  }

  #flush(response: ServerResponse): void {
    const stale = this.#streams.get(response)
    if (!stale || response.writableNeedDrain) return
    for (const topic of stale) {
      response.write(`event: ${topic}\ndata: ${JSON.stringify(this.#topics[topic]?.())}\n\n`)
    }
    stale.clear()
  }

  #toAll(event: string, data: string): void {
    for (const response of this.#streams.keys()) response.write(`event: ${event}\ndata: ${data}\n\n`)
  }
}
