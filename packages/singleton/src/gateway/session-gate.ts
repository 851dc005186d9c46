import type { Bucket } from './bucket.js'
import { straySessionsKnown } from './limits.js'

/** Lets strays go on with the sessions that they have, and begin new ones at the rate of their address. */
export class SessionGate {
  /** The longest unused first. */
  readonly #known = new Set<string>()

  admits(session: string, rate: Bucket, nowMs: number): boolean {
    if (!this.#known.delete(session) && !rate.take(nowMs)) return false
    this.#known.add(session)
    const [oldest] = this.#known
    if (this.#known.size > straySessionsKnown && oldest !== undefined) this.#known.delete(oldest)
    return true
  }
}
