import { STRAY_SESSIONS } from './http-limits.js'

/** Lets strays begin so many sessions and no more: each is kept by every replica, and drives out one that is not used. */
export class StraySessions {
  readonly #known = new Set<string>()
  #left = STRAY_SESSIONS
  #atMs: number

  constructor(nowMs: number) {
    this.#atMs = nowMs
  }

  admits(session: string, nowMs: number): boolean {
    if (this.#known.delete(session)) {
      this.#known.add(session)
      return true
    }
    this.#left = Math.min(STRAY_SESSIONS, this.#left + Math.max(0, nowMs - this.#atMs) / 1_000)
    this.#atMs = nowMs
    if (this.#left < 1) return false
    this.#left -= 1
    this.#known.add(session)
    const [oldest] = this.#known
    if (this.#known.size > STRAY_SESSIONS && oldest !== undefined) this.#known.delete(oldest)
    return true
  }
}
