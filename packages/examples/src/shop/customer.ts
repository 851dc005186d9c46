import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'

const PATIENCE_MS = 1_500
const AGAIN_MS = 50

/** Customers outside the cluster, over HTTP. One that hears nothing asks the next peer, with the same id. */
export class Customer {
  /** Ids of the orders that somebody confirmed. */
  readonly orders: Set<string> = new Set()
  /** Orders that were sent more than once before anybody answered. */
  again = 0
  readonly #urls: readonly string[]
  readonly #client = `story-${randomBytes(4).toString('hex')}`
  readonly #open = new Set<Promise<void>>()
  #lastSeq = 0

  constructor(urls: readonly string[]) {
    this.#urls = urls
  }

  get waiting(): number {
    return this.#open.size
  }

  order(sku: string, n: number, payWithinMs?: number): void {
    this.#lastSeq += 1
    const seq = this.#lastSeq
    const sent = this.#post('/api/orders', { id: `${this.#client}:${seq}`, sku, n, payWithinMs }, seq).then(
      ({ value }) => {
        this.orders.add((value as { order: string }).order)
        this.#open.delete(sent)
      },
    )
    this.#open.add(sent)
  }

  async deliver(sku: string, n: number): Promise<void> {
    await this.#post('/api/deliveries', { sku, n }, 0)
  }

  async done(): Promise<void> {
    await Promise.all(this.#open)
  }

  async #post(path: string, body: unknown, first: number): Promise<{ value?: unknown }> {
    for (let tries = 0; ; tries++) {
      if (tries === 1) this.again += 1
      const url = this.#urls[(first + tries) % this.#urls.length]
      const response = await fetch(new URL(path, url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(PATIENCE_MS),
      }).catch(() => null)
      if (response?.status === 200) return (await response.json()) as { value?: unknown }
      await response?.body?.cancel()
      await pause(AGAIN_MS)
    }
  }
}
