/** One line of what happened, as plain data. `digest` covers everything up to and including this event. */
export interface TraceEvent {
  readonly atMs: number
  /** Name of the machine; empty for the world itself (test scripts, faults). */
  readonly node: string
  readonly what: string
  readonly digest: string
}

/**
 * A running 64-bit digest of everything that happened: two FNV-1a lanes of 32 bits with different primes,
 * four bytes a step. Two runs with the same digest did the same. With `keep` also the list of events.
 */
export class Trace {
  readonly events: TraceEvent[] = []
  readonly keep: boolean
  private a = 0x811c9dc5
  private b = 0x9747b28c

  constructor(keep: boolean) {
    this.keep = keep
  }

  get digest(): string {
    return hex8(this.a) + hex8(this.b)
  }

  /** `tick` is the time in ticks of the world: an exact integer below 2^53. */
  record(tick: number, node: string, kind: number, bytes: Uint8Array | undefined): void {
    this.word(tick | 0)
    this.word(((tick / 4294967296) | 0) ^ (kind << 24))
    this.text(node)
    if (bytes !== undefined) this.add(bytes)
  }

  text(text: string): void {
    for (let i = 0; i < text.length; i++) this.word(text.charCodeAt(i))
  }

  line(atMs: number, node: string, what: string): void {
    if (this.keep) this.events.push({ atMs, node, what, digest: this.digest })
  }

  private add(bytes: Uint8Array): void {
    const whole = bytes.length & ~3
    for (let i = 0; i < whole; i += 4) {
      this.word(bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24))
    }
    for (let i = whole; i < bytes.length; i++) this.word(bytes[i]!)
    this.word(bytes.length)
  }

  private word(word: number): void {
    this.a = Math.imul(this.a ^ word, 0x01000193)
    // FNV only carries upward: the rotation brings high bits down, so that the top byte of a word counts too.
    const mixed = Math.imul(this.b ^ word, 0x85ebca6b)
    this.b = (mixed << 15) | (mixed >>> 17)
  }
}

const hex8 = (word: number): string => (word >>> 0).toString(16).padStart(8, '0')

/** The trace as text, one line an event: `   2500.125  press   frame of 12 B from lathe`. */
export function traceLines(events: readonly TraceEvent[]): string[] {
  const width = events.reduce((most, event) => Math.max(most, event.node.length), 0)
  return events.map((e) => `${e.atMs.toFixed(3).padStart(11)}  ${e.node.padEnd(width)}  ${e.what}`)
}
