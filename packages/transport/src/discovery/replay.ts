const windowBits = 64n

interface Window {
  highest: number
  /** Bit n: `highest - n` was there. */
  seen: bigint
}

/** Which datagrams of an instance were there already. Tolerates that up to 64 overtake each other. */
export class Replays {
  readonly #atMost: number
  /** The one heard last is last. */
  readonly #windows = new Map<string, Window>()

  constructor(atMost: number) {
    this.#atMost = atMost
  }

  get size(): number {
    return this.#windows.size
  }

  /** True once for each counter, and never for one that is 64 behind. */
  accept(instance: string, counter: number): boolean {
    const window = this.#windows.get(instance)
    if (window === undefined) {
      this.#windows.set(instance, { highest: counter, seen: 1n })
      if (this.#windows.size > this.#atMost) {
        const [oldest] = this.#windows.keys()
        if (oldest !== undefined) this.#windows.delete(oldest)
      }
      return true
    }
    if (!take(window, counter)) return false
    this.#windows.delete(instance)
    this.#windows.set(instance, window)
    return true
  }
}

function take(window: Window, counter: number): boolean {
  const ahead = counter - window.highest
  if (ahead > 0) {
    const kept =
      ahead >= Number(windowBits) ? 0n : BigInt.asUintN(Number(windowBits), window.seen << BigInt(ahead))
    window.highest = counter
    window.seen = kept | 1n
    return true
  }
  if (-ahead >= Number(windowBits)) return false
  const bit = 1n << BigInt(-ahead)
  if ((window.seen & bit) !== 0n) return false
  window.seen |= bit
  return true
}
