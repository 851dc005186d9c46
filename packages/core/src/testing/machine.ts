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
  private standsStill = false
  private readonly timeline: Timeline
  private monotonicBaseMs = 0
  private wallOffsetMs = 0

  constructor(timeline: Timeline) {
    this.timeline = timeline
  }

  now(): Now {
    return { monotonicMs: this.monotonicMs(), wallMs: Math.floor(this.wallMs()) }
  }

  monotonicMs(atMs: number = this.timeline.nowMs): number {
    return this.monotonicBaseMs + (this.standsStill ? 0 : this.elapsedMs(atMs))
  }

  /** The first moment of true time at which the monotonic clock reads `monotonicMs` or more; infinite in sleep. */
  trueMs(monotonicMs: number): number {
    if (this.standsStill) return Number.POSITIVE_INFINITY
    let atMs = this.sinceMs + ceilTick((monotonicMs - this.monotonicBaseMs) / this.rate)
    while (this.monotonicMs(atMs) < monotonicMs) atMs += oneTickMs
    return atMs
  }

  /** A new process counts from a new origin, as `performance.now()` does; the wall clock goes on. */
  restart(originMs: number): void {
    const wallMs = this.wallMs()
    this.sinceMs = this.timeline.nowMs
    this.monotonicBaseMs = originMs
    this.wallOffsetMs = wallMs - originMs
  }

  /** The machine sleeps: its monotonic clock stands still, as Linux's does, and its wall clock goes on. */
  sleep(): void {
    this.setRate(this.rate)
    this.standsStill = true
  }

  wake(): void {
    if (!this.standsStill) return
    const monotonicMs = this.monotonicBaseMs
    this.restart(monotonicMs)
    this.standsStill = false
  }

  setRate(rate: number): void {
    invariant(rate > 0 && Number.isFinite(rate), 'a clock runs forward')
    this.restart(this.monotonicMs())
    this.rate = rate
  }

  jumpWall(byMs: number): void {
    this.wallOffsetMs += byMs
  }

  private wallMs(): number {
    return this.monotonicBaseMs + this.elapsedMs(this.timeline.nowMs) + this.wallOffsetMs
  }

  private elapsedMs(atMs: number): number {
    return floorTick((atMs - this.sinceMs) * this.rate)
  }
}

/** What a process may know of the machine that it is started on. */
export interface StartInfo {
  /** As `NodeOptions.version` or the last `upgrade` has it. */
  readonly version: string
}

export type StartPeer = (host: Host, life: number, info: StartInfo) => void

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
  address: string
  /** The address without the port. */
  hostName: string
  readonly firstAddress: string
  /** A process that listens there means this machine, whatever its address is by now. */
  readonly firstHostName: string
  readonly clock: MachineClock
  readonly disk: SimDisk
  readonly start: StartPeer
  version: string
  /** How often it got a new address. */
  moves = 0
  /** False after a power cut: its kernel answers nobody. */
  on = true
  /** Pauses, stalls and sleeps that are not over, each by a token of its own. */
  readonly freezes: Set<object> = new Set()
  /** Those of them in which the whole machine sleeps. */
  readonly sleeps: Set<object> = new Set()
  /** The rates that faults gave to its clocks; the last one holds. */
  readonly drifts: Set<{ readonly rate: number }> = new Set()
  /** The process that runs or is paused; null when there is none. */
  life: Life | null = null
  lives = 0
  /** Ends of links that a power cut left without a word to the other side. */
  ghosts: End[] = []
  nextPort = 49_152

  constructor(
    name: string,
    address: string,
    clock: MachineClock,
    disk: SimDisk,
    options: { readonly start: StartPeer; readonly version: string },
  ) {
    this.name = name
    this.address = address
    this.hostName = hostOf(address)
    this.firstAddress = address
    this.firstHostName = this.hostName
    this.clock = clock
    this.disk = disk
    this.start = options.start
    this.version = options.version
  }

  /** Its process does not run on. */
  get paused(): boolean {
    return this.freezes.size > 0
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
