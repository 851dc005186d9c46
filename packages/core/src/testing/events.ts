import type { Life } from './machine.js'

/** What an event is; its number goes into the digest, its name into the trace. */
export const eventCode = {
  script: 0,
  timer: 1,
  turn: 2,
  disk: 3,
  parcel: 4,
  datagram: 5,
  network: 6,
  note: 7,
} as const
export type EventKind = keyof typeof eventCode

/** One thing that happens at one moment of virtual time. Ordered by `at`, then by `seq`. */
export abstract class SimEvent {
  at = 0
  seq = 0
  cancelled = false
  readonly kind: EventKind
  /** The process that it belongs to: nothing of a dead life is ever fired, and a paused one piles up. */
  readonly life: Life | null

  constructor(kind: EventKind, life: Life | null) {
    this.kind = kind
    this.life = life
  }

  /** Name of the machine where it happens. */
  get node(): string {
    return this.life === null ? '' : this.life.machine.name
  }

  /** What crosses here and therefore belongs to the digest. */
  get bytes(): Uint8Array | undefined {
    return undefined
  }

  /** It waited for a process that has ended, or in a kernel that lost its power: it will never be fired. */
  dropped(): void {}

  abstract fire(): void
  /** A few words for people; only asked for when tracing. */
  abstract what(): string
}

/** The plain event: calls a function. */
export class CallEvent extends SimEvent {
  private readonly label: string
  private readonly run: () => void

  constructor(kind: EventKind, life: Life | null, label: string, run: () => void) {
    super(kind, life)
    this.label = label
    this.run = run
  }

  fire(): void {
    this.run()
  }

  what(): string {
    return this.label
  }
}
