import type { Timer } from '../host/index.js'
import type { ActorTimers } from './behavior.js'
import type { ActorCell } from './cell.js'
import type { Notice } from './notice.js'

/** One named timer, and its message in the mailbox. */
class Named implements Notice {
  readonly to: string
  readonly message: unknown
  readonly everyMs: number | null
  timer: Timer | undefined
  dueMs: number
  waits = false
  readonly #taken: (timer: Named) => void
  #live = true

  /** `taken`: its message is about to be handled. */
  constructor(
    to: string,
    message: unknown,
    everyMs: number | null,
    dueMs: number,
    taken: (timer: Named) => void,
  ) {
    this.#taken = taken
    this.to = to
    this.message = message
    this.everyMs = everyMs
    this.dueMs = dueMs
  }

  take(): boolean {
    this.waits = false
    if (this.#live) this.#taken(this)
    return this.#live
  }

  lost(): void {}

  end(): void {
    this.#live = false
    this.timer?.cancel()
  }
}

/** The timers of one actor: gone with its incarnation, also when their message waits in the mailbox already. */
export class CellTimers implements ActorTimers {
  readonly #cell: ActorCell
  readonly #named = new Map<string, Named>()

  constructor(cell: ActorCell) {
    this.#cell = cell
  }

  once(name: string, afterMs: number, to: string, message?: unknown): void {
    checkMs('afterMs', afterMs, 0)
    this.#set(name, to, message, afterMs, null)
  }

  every(name: string, everyMs: number, to: string, message?: unknown): void {
    checkMs('everyMs', everyMs, 1)
    this.#set(name, to, message, everyMs, everyMs)
  }

  cancel(name: string): void {
    this.#named.get(name)?.end()
    this.#named.delete(name)
  }

  has(name: string): boolean {
    return this.#named.has(name)
  }

  cancelAll(): void {
    for (const timer of this.#named.values()) timer.end()
    this.#named.clear()
  }

  #set(name: string, to: string, message: unknown, delayMs: number, everyMs: number | null): void {
    this.#cell.plan.checkOwn(to, this.#cell.path)
    this.cancel(name)
    if (this.#cell.phase === 'finishing' || this.#cell.phase === 'stopped') return
    const taken = (other: Named): void => {
      if (everyMs === null && this.#named.get(name) === other) this.#named.delete(name)
    }
    const timer = new Named(to, message, everyMs, this.#nowMs() + delayMs, taken)
    this.#named.set(name, timer)
    this.#arm(name, timer, delayMs)
  }

  #arm(name: string, timer: Named, delayMs: number): void {
    timer.timer = this.#cell.surroundings.host.timers.set(delayMs, () => this.#fire(name, timer))
  }

  #fire(name: string, timer: Named): void {
    // A message that still waits stands for this one too.
    if (!timer.waits) timer.waits = this.#cell.notify(timer)
    if (timer.everyMs === null) return
    // In step with the first one; what was missed, by a sleep for example, is skipped.
    const nowMs = this.#nowMs()
    timer.dueMs = Math.max(timer.dueMs + timer.everyMs, nowMs)
    this.#arm(name, timer, timer.dueMs - nowMs)
  }

  #nowMs(): number {
    return this.#cell.surroundings.host.clock.now().monotonicMs
  }
}

/** Counts from the last turn in which messages were handled. */
export class ReceiveTimeout implements Notice {
  readonly to: string
  readonly message: unknown
  readonly #afterMs: number
  readonly #cell: ActorCell
  #live = true
  #waits = false
  #quietSinceMs: number
  #timer: Timer | undefined

  constructor(cell: ActorCell, afterMs: number, to: string, message: unknown) {
    checkMs('afterMs', afterMs, 1)
    cell.plan.checkOwn(to, cell.path)
    this.to = to
    this.message = message
    this.#afterMs = afterMs
    this.#cell = cell
    this.#quietSinceMs = this.#nowMs()
    this.#arm(afterMs)
  }

  take(): boolean {
    this.#waits = false
    return this.#live
  }

  lost(): void {}

  /** A turn with messages has ended. */
  active(): void {
    this.#quietSinceMs = this.#nowMs()
  }

  end(): void {
    this.#live = false
    this.#timer?.cancel()
  }

  #arm(delayMs: number): void {
    this.#timer = this.#cell.surroundings.host.timers.set(delayMs, () => this.#look())
  }

  #look(): void {
    const nowMs = this.#nowMs()
    // A handler runs, or a message waits: it is not quiet.
    if (!this.#cell.isIdle) this.#quietSinceMs = nowMs
    const leftMs = this.#quietSinceMs + this.#afterMs - nowMs
    if (leftMs > 0) return this.#arm(leftMs)
    if (!this.#waits) this.#waits = this.#cell.notify(this)
    this.#quietSinceMs = nowMs
    this.#arm(this.#afterMs)
  }

  #nowMs(): number {
    return this.#cell.surroundings.host.clock.now().monotonicMs
  }
}

function checkMs(name: string, value: number, least: number): void {
  if (!(value >= least && value <= 2 ** 31 - 1))
    throw new RangeError(`${name} is ${value}: give milliseconds from ${least} to 2,147,483,647`)
}
