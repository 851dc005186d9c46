import { invariant } from '../invariant.js'
import { scene } from './guard.js'
import type { WorldOptions } from './options.js'
import { ceilTick, type Timeline, WorldError } from './timeline.js'

/** Kept from before any guard or fake timer. */
const afterThisTurn = setImmediate

/** Long turns are looked for so often. */
const checkEveryMs = 1_000

/** Makes time pass: in one go, or with room for promises between the events. */
export class Loop {
  private readonly timeline: Timeline
  private readonly turnLimitMs: number
  private readonly pace: (() => Promise<void>) | null

  constructor(
    timeline: Timeline,
    { turnLimitMs = 60_000, pace }: Pick<WorldOptions, 'turnLimitMs' | 'pace'>,
  ) {
    this.timeline = timeline
    this.turnLimitMs = turnLimitMs
    this.pace = pace ?? null
  }

  step(): boolean {
    this.timeline.startCounting()
    // Timers of a machine that sleeps are due at infinity.
    return this.timeline.step(Number.MAX_VALUE)
  }

  run(forMs: number): void {
    const { timeline } = this
    const endMs = this.begin(forMs)
    timeline.raiseGuard()
    try {
      while (timeline.step(endMs)) continue
    } finally {
      timeline.lowerGuard()
    }
    timeline.nowMs = endMs
  }

  runUntil(predicate: () => boolean, limitMs: number, everyEvent: boolean): boolean {
    const { timeline } = this
    const endMs = this.begin(limitMs)
    if (predicate()) return true
    let askMs = timeline.nowMs + 1
    timeline.raiseGuard()
    try {
      for (;;) {
        const nextMs = timeline.queue.peek()?.at ?? endMs
        if (!everyEvent && nextMs >= askMs) {
          if (predicate()) return true
          askMs = nextMs + 1
        }
        if (!timeline.step(endMs)) break
        if (everyEvent && predicate()) return true
      }
    } finally {
      timeline.lowerGuard()
    }
    timeline.nowMs = endMs
    return predicate()
  }

  async runAsync(forMs: number, until: () => boolean = () => false): Promise<boolean> {
    const { timeline } = this
    invariant(!timeline.asynchronous, 'one runAsync of a world at a time: await the one before')
    const endMs = this.begin(forMs)
    timeline.asynchronous = true
    timeline.raiseGuard()
    let checkMs = timeline.nowMs + checkEveryMs
    try {
      this.asScript()
      do {
        await new Promise<void>((resolve) => void afterThisTurn(resolve))
        if (this.pace !== null) await this.pace()
        // Before `until` is asked: what holds by a misuse is no success.
        if (timeline.failure !== null) throw timeline.failure
        this.asScript()
        if (until()) return true
        if (timeline.pendingTurns.size > 0 && timeline.nowMs >= checkMs) {
          this.checkLongTurns()
          checkMs = timeline.nowMs + checkEveryMs
        }
        if (timeline.guards) scene.clear()
      } while (timeline.step(endMs))
      this.checkForeignPromises()
      timeline.nowMs = endMs
      return until()
    } finally {
      timeline.asynchronous = false
      timeline.lowerGuard()
      if (timeline.guards) scene.clear()
    }
  }

  /** What the test does here and now, and the promises that it settles, are no business of the guard. */
  private asScript(): void {
    const { timeline } = this
    if (!timeline.guards) return
    scene.enter(timeline, '', null)
    scene.clearLater(1)
  }

  private begin(forMs: number): number {
    invariant(forMs >= 0, 'time goes forward')
    this.timeline.startCounting()
    return ceilTick(this.timeline.nowMs + forMs)
  }

  private checkLongTurns(): void {
    const { nowMs, pendingTurns } = this.timeline
    for (const turn of pendingTurns) {
      const { machine } = turn.life
      if (machine.paused) turn.sinceMs = nowMs
      if (nowMs - turn.sinceMs <= this.turnLimitMs) continue
      const text = `the ${turn.during()} on ${machine.name} awaits something outside the world: it waits since ${turn.sinceMs} ms, for more than ${this.turnLimitMs} ms (turnLimitMs)`
      throw new WorldError(machine.name, text)
    }
  }

  private checkForeignPromises(): void {
    if (this.timeline.queue.size > 0) return
    for (const turn of this.timeline.pendingTurns) {
      const { machine } = turn.life
      const node = machine.name
      if (machine.paused) continue
      throw new WorldError(
        node,
        `the ${turn.during()} on ${node} awaits something outside the world: it is still pending and nothing is scheduled`,
      )
    }
  }
}
