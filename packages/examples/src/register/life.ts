import type { Log } from '@tanist/core'
import type { Peer } from '@tanist/singleton'
import type { Desk } from './http.js'
import { DRAIN_MS, SENT_MS, STOP_MS } from './limits.js'

/**
 * How the process ends, once and in one of two ways: `leave` gives the seat up, `stop` keeps it. Either way
 * what was asked here is answered first. The process exits with 0 within `STOP_MS`.
 */
export class Life {
  readonly #log: Log
  readonly #peer: Peer
  readonly #desk: Desk
  #ending: { readonly how: 'leave' | 'stop'; readonly done: Promise<void> } | null = null

  constructor(log: Log, peer: Peer, desk: Desk) {
    this.#log = log
    this.#peer = peer
    this.#desk = desk
  }

  /** Resolves with true when the peer has gone, and with false at once when it is going in the other way. */
  async end(how: 'leave' | 'stop'): Promise<boolean> {
    if (this.#ending === null) {
      const text =
        how === 'leave' ? 'This peer leaves and gives up its seat.' : 'This peer stops and keeps its seat.'
      this.#log.write('info', 'ending', text, { how })
      setTimeout(() => this.#exit('Not everything ended in time.'), STOP_MS).unref()
      this.#ending = { how, done: this.#goAway(how) }
      void this.#ending.done.then(() => this.#exitWhenSent())
    }
    if (this.#ending.how !== how) return false
    await this.#ending.done
    return true
  }

  async #goAway(how: 'leave' | 'stop'): Promise<void> {
    await this.#desk.drain(DRAIN_MS)
    await (how === 'leave' ? this.#peer.leave() : this.#peer.stop())
    this.#desk.closed()
  }

  async #exitWhenSent(): Promise<void> {
    await this.#desk.sent(SENT_MS)
    this.#exit('Everything was answered.')
  }

  #exit(text: string): never {
    this.#log.write('info', 'exit', text)
    process.exit(0)
  }
}
