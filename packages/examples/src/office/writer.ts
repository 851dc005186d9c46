import { HttpClient } from './http-client.js'
import type { Reply } from './http-client.js'

export interface WriterOptions {
  readonly client: string
  /** Where peers are now; asked at each command, so that newcomers are used too. */
  readonly urls: () => readonly string[]
  readonly perSecond: number
  /** Commands that are issued together, to different peers. */
  readonly atOnce: number
  /** New commands wait while so many are not answered. */
  readonly mostInFlight: number
  /** A command that nobody acknowledged in this time has failed. */
  readonly deadlineMs: number
}

/** Silence after which the same command, with the same id, is sent to the next peer as well. */
const HEDGE_MS = 50
/** When every peer was tried once in vain: pause before the next round. */
const ROUND_PAUSE_MS = 10
/** A peer that refused a connection is not tried first for so long. */
const AVOID_MS = 500

interface Delivery {
  readonly text: string
  readonly id: string
  readonly issuedAt: number
  attempts: number
  over: boolean
}

/** What the writer saw of a time that it was asked to watch. */
export interface Watch {
  /** The longest time between two acknowledgements. */
  readonly silenceMs: () => number
  readonly failed: () => number
}

/**
 * A steady writer: unique notes at a fixed rate, several in flight, each with an id of its own that every
 * repetition keeps. It is no member and knows nothing of servers: when one peer fails or is slow, it asks the next.
 */
export class Writer {
  readonly acknowledged: Set<string> = new Set()
  readonly failures: string[] = []
  readonly #options: WriterOptions
  readonly #clients = new Map<string, HttpClient>()
  readonly #avoidUntil = new Map<string, number>()
  readonly #onAck = new Set<(issuedAt: number, at: number) => void>()
  #issued = 0
  #inFlight = 0
  #running = false
  #idle: (() => void) | null = null

  constructor(options: WriterOptions) {
    this.#options = options
  }

  start(): void {
    this.#running = true
    const { perSecond, atOnce, mostInFlight } = this.#options
    const everyMs = (1_000 * atOnce) / perSecond
    let due = performance.now()
    const tick = (): void => {
      if (!this.#running) return
      const now = performance.now()
      for (let i = 0; i < atOnce && this.#inFlight < mostInFlight; i++) this.#issue()
      // What could not be issued in time is not made up for: the rate stays steady.
      due = Math.max(due + everyMs, now)
      setTimeout(tick, due - now)
    }
    tick()
  }

  /** Resolves when everything that was issued is acknowledged or has failed. */
  async stop(): Promise<void> {
    this.#running = false
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    for (const client of this.#clients.values()) client.close()
  }

  /** Milliseconds from `at` to the first acknowledgement of a command that was issued after it. */
  firstAckAfter(at: number): Promise<number> {
    return new Promise((resolve) => {
      const listener = (issuedAt: number, ackedAt: number): void => {
        if (issuedAt <= at) return
        this.#onAck.delete(listener)
        resolve(ackedAt - at)
      }
      this.#onAck.add(listener)
    })
  }

  watch(): Watch & { readonly end: () => void } {
    let last = performance.now()
    let longest = 0
    const failedBefore = this.failures.length
    const listener = (_: number, at: number): void => {
      longest = Math.max(longest, at - last)
      last = at
    }
    this.#onAck.add(listener)
    return {
      silenceMs: () => longest,
      failed: () => this.failures.length - failedBefore,
      end: () => void this.#onAck.delete(listener),
    }
  }

  #issue(): void {
    this.#issued += 1
    this.#inFlight += 1
    const id = `${this.#options.client}:${this.#issued}`
    this.#attempt({ text: `note ${this.#issued}`, id, issuedAt: performance.now(), attempts: 0, over: false })
  }

  #attempt(delivery: Delivery): void {
    if (delivery.over) return
    const now = performance.now()
    if (now - delivery.issuedAt > this.#options.deadlineMs)
      return this.#over(delivery, 'nobody acknowledged it')
    const urls = this.#options.urls()
    const url = this.#pick(urls, delivery, now)
    delivery.attempts += 1
    let next: NodeJS.Timeout | null = null
    const another = (): void => {
      if (next === null) return
      clearTimeout(next)
      next = null
      if (delivery.attempts % urls.length !== 0) return this.#attempt(delivery)
      setTimeout(() => this.#attempt(delivery), ROUND_PAUSE_MS)
    }
    // Only the first round is quick: during a long outage it would be a storm.
    next = setTimeout(another, delivery.attempts < urls.length ? HEDGE_MS : HEDGE_MS * 5)
    this.#client(url).post(
      '/api/commands',
      { command: 'add', text: delivery.text, id: delivery.id },
      (reply) => {
        if (!delivery.over) this.#answered(delivery, url, reply, another)
        if (delivery.over && next) clearTimeout(next)
      },
    )
  }

  #answered(delivery: Delivery, url: string, reply: Reply, another: () => void): void {
    if ('error' in reply) {
      this.#avoidUntil.set(url, performance.now() + AVOID_MS)
      return another()
    }
    if (reply.status === 503) return another()
    if (reply.status !== 200) return this.#over(delivery, JSON.stringify(reply.body))
    const at = performance.now()
    this.acknowledged.add(delivery.text)
    this.#over(delivery, null)
    for (const listener of this.#onAck) listener(delivery.issuedAt, at)
  }

  #over(delivery: Delivery, failure: string | null): void {
    delivery.over = true
    if (failure !== null) this.failures.push(`"${delivery.text}": ${failure}`)
    this.#inFlight -= 1
    if (this.#inFlight === 0) this.#idle?.()
  }

  /** In turn, beginning with another peer at each command; those that just refused come last. */
  #pick(urls: readonly string[], { id, attempts }: Delivery, now: number): string {
    const first = Number(id.slice(id.lastIndexOf(':') + 1)) + attempts
    const inTurn = urls.map((_, i) => urls[(first + i) % urls.length] ?? '')
    return inTurn.find((url) => (this.#avoidUntil.get(url) ?? 0) <= now) ?? inTurn[0] ?? ''
  }

  #client(url: string): HttpClient {
    const known = this.#clients.get(url) ?? new HttpClient(url)
    this.#clients.set(url, known)
    return known
  }
}
