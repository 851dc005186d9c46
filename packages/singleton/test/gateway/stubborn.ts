import type { MemberMessage } from '../../src/client/index.js'
import { Raw } from './raw.js'
import type { Hall } from './raw.js'

/** Has a few calls under way all the time, and repeats what has no answer, under its id, wherever it gets in. */
export class Stubborn {
  readonly name: string
  readonly failed: MemberMessage[] = []
  readonly redirects: Extract<MemberMessage, { readonly t: 'redirect' }>[] = []
  answered = 0
  /** By seq: what each call was answered with, every time. */
  readonly outcomes: Map<number, string[]> = new Map()
  readonly #hall: Hall
  readonly #pending = new Map<number, string>()
  #raw: Raw
  #seq = 0
  #stopped = false
  #open = false
  readonly #as: 'trusted' | 'stray'
  readonly #most: number

  constructor(hall: Hall, name: string, at: string, as: 'trusted' | 'stray' = 'trusted', most: number = 1) {
    this.#hall = hall
    this.name = name
    this.#as = as
    this.#most = most
    hall.host(name)
    this.#raw = this.#dial(`${at}:1`)
    this.#tick()
  }

  get pending(): number {
    return this.#pending.size
  }

  stop(): void {
    this.#stopped = true
  }

  #dial(address: string): Raw {
    this.#open = false
    const raw = new Raw(this.#hall.host(this.name), address, this.#as)
    raw.onMessage = (message) => raw === this.#raw && this.#take(message)
    return raw
  }

  #tick(): void {
    if (this.#raw.end !== null) {
      const names = this.#hall.cluster.names
      this.#raw = this.#dial(
        `${names[Math.floor(this.#hall.host(this.name).random.next() * names.length)]}:1`,
      )
    }
    this.#more()
    this.#hall.host(this.name).timers.set(30, () => this.#tick())
  }

  #more(): void {
    while (this.#open && !this.#stopped && this.#pending.size < this.#most) {
      this.#seq += 1
      this.#pending.set(this.#seq, `${this.name}/${this.#seq}`)
      this.#send(this.#seq)
    }
  }

  #send(seq: number): void {
    this.#raw.call(seq, { session: `${this.name}^1`, input: { text: this.#pending.get(seq) } })
  }

  #take(message: MemberMessage): void {
    if (message.t === 'welcome') {
      this.#open = true
      for (const seq of this.#pending.keys()) this.#send(seq)
      this.#more()
    } else if (message.t === 'redirect') {
      this.redirects.push(message)
      const [to] = message.to
      if (to !== undefined) {
        this.#raw.link.close()
        this.#raw = this.#dial(to)
      }
    } else if (message.t === 'result') {
      this.outcomes.set(message.seq, [
        ...(this.outcomes.get(message.seq) ?? []),
        JSON.stringify(message.outcome),
      ])
      if (this.#pending.delete(message.seq)) this.answered += 1
    } else if (message.t === 'unavailable' || message.t === 'failed' || message.t === 'expired') {
      this.failed.push(message)
      // It is asked for again, as its id allows.
      if (message.t === 'unavailable') this.#send(message.seq)
    }
  }
}
