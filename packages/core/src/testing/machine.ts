import type { Clock, Host, Now, Timer, Timers } from '../host/index.js'
import { invariant } from '../invariant.js'
import type { SimDisk } from './disk.js'
import { SimEvent } from './events.js'
import type { End } from './link.js'
import { ceilTick, floorTick, oneTickMs, type Timeline } from './timeline.js'

/** A machine's oscillator: wall and monotonic clock both run at its rate; only the wall clock jumps. */
export class MachineClock implements Clock {
  private rate = 1
  private sinceMs = 0
  private readonly timeline: Timeline
  private monotonicBaseMs = 0
  private wallOffsetMs = 0

  constructor(timeline: Timeline) {
    this.timeline = timeline
  }

  now(): Now {
    const monotonicMs = this.monotonicMs()
    return { monotonicMs, wallMs: Math.floor(monotonicMs + this.wallOffsetMs) }
  }

  monotonicMs(atMs: number = this.timeline.nowMs): number {
    return this.monotonicBaseMs + floorTick((atMs - this.sinceMs) * this.rate)
  }

  /** The first moment of true time at which the monotonic clock reads `monotonicMs` or more. */
  trueMs(monotonicMs: number): number {
    let atMs = this.sinceMs + ceilTick((monotonicMs - this.monotonicBaseMs) / this.rate)
    while (this.monotonicMs(atMs) < monotonicMs) atMs += oneTickMs
    return atMs
  }

  /** A new process counts from a new origin, as `performance.now()` does; the wall clock goes on. */
  restart(originMs: number): void {
    const wallMs = this.monotonicMs() + this.wallOffsetMs
    this.sinceMs = this.timeline.nowMs
    this.monotonicBaseMs = originMs
    this.wallOffsetMs = wallMs - originMs
  }

  setRate(rate: number): void {
    invariant(rate > 0 && Number.isFinite(rate), 'a clock runs forward')
    this.monotonicBaseMs = this.monotonicMs()
    this.sinceMs = this.timeline.nowMs
    this.rate = rate
  }

  jumpWall(byMs: number): void {
    this.wallOffsetMs += byMs
  }
}

export type StartPeer = (host: Host, life: number) => void

/** One run of a process. Whatever belongs to it stops happening the moment that it is no longer alive. */
export class Life {
  readonly machine: Machine
  readonly number: number
  alive = true
  /** What became due while the process was paused, in due order. */
  pile: SimEvent[] = []
  /** Links that are not over yet. */
  readonly ends: Set<End> = new Set()

  constructor(machine: Machine, number: number) {
    this.machine = machine
    this.number = number
  }
}

/** A machine and the process on it. The machine (its disk, its kernel) outlives the process. */
export class Machine {
  readonly name: string
  readonly address: string
  /** The address without the port. */
  readonly hostName: string
  readonly clock: MachineClock
  readonly disk: SimDisk
  readonly start: StartPeer
  /** False after a power cut: its kernel answers nobody. */
  on = true
  paused = false
  /** The process that runs or is paused; null when there is none. */
  life: Life | null = null
  lives = 0
  /** Ends of links that a power cut left without a word to the other side. */
  ghosts: End[] = []
  nextPort = 49_152

  constructor(name: string, address: string, clock: MachineClock, disk: SimDisk, start: StartPeer) {
    this.name = name
    this.address = address
    this.hostName = hostOf(address)
    this.clock = clock
    this.disk = disk
    this.start = start
  }
}

export const hostOf = (address: string): string => address.slice(0, Math.max(0, address.lastIndexOf(':')))
export const portOf = (address: string): string => address.slice(address.lastIndexOf(':') + 1)

/** A timer is due by the machine's own clock, so a change of the clock's rate moves it. */
export class TimerEvent extends SimEvent implements Timer {
  readonly dueMonotonicMs: number
  private readonly run: () => void

  constructor(life: Life, dueMonotonicMs: number, run: () => void) {
    super('timer', life)
    this.dueMonotonicMs = dueMonotonicMs
    this.run = run
  }

  cancel(): void {
    this.cancelled = true
  }

  fire(): void {
    this.run()
  }

  what(): string {
    return 'timer'
  }
}

/** Timers of one life. */
export class LifeTimers implements Timers {
  private readonly timeline: Timeline
  private readonly life: Life

  constructor(timeline: Timeline, life: Life) {
    this.timeline = timeline
    this.life = life
  }

  set(delayMs: number, fire: () => void): Timer {
    invariant(delayMs >= 0 && Number.isFinite(delayMs), `a timer's delay is 0 or more, not ${delayMs}`)
    const clock = this.life.machine.clock
    const event = new TimerEvent(this.life, clock.monotonicMs() + delayMs, fire)
    if (this.life.alive) this.timeline.push(event, clock.trueMs(event.dueMonotonicMs))
    return event
  }
}
