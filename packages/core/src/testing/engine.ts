import type { Cell, CellOwner, Engine } from '../host/index.js'
import { SimEvent } from './events.js'
import { inTurn } from './guard.js'
import type { Life } from './machine.js'
import { type PendingTurn, type Timeline, WorldError } from './timeline.js'

/**
 * Turns on the world's queue: `wake` schedules one turn at the same moment of virtual time, after everything
 * that is already due then. A turn that returns a promise keeps its cell busy until the promise settles; since
 * promises settle between events, such turns need `world.runAsync` and throw in `world.run`.
 */
export class SimEngine implements Engine {
  private readonly timeline: Timeline
  private readonly life: Life

  constructor(timeline: Timeline, life: Life) {
    this.timeline = timeline
    this.life = life
  }

  cell(name: string, turn: () => void | Promise<void>, owner?: CellOwner): Cell {
    return new SimCell(this.timeline, this.life, name, turn, owner)
  }
}

/** A cell is its own event: it is in the queue at most once. */
class SimCell extends SimEvent implements Cell, PendingTurn {
  override readonly life: Life
  readonly name: string
  sinceMs = 0
  private readonly timeline: Timeline
  private readonly turn: () => void | Promise<void>
  private readonly owner: CellOwner | undefined
  private queued = false
  private running = false
  private woken = false
  private stopped = false

  constructor(
    timeline: Timeline,
    life: Life,
    name: string,
    turn: () => void | Promise<void>,
    owner: CellOwner | undefined,
  ) {
    super('turn', life)
    this.life = life
    this.timeline = timeline
    this.name = name
    this.turn = turn
    this.owner = owner
  }

  wake(): void {
    if (this.stopped || this.queued || !this.life.alive) return
    if (this.running) {
      this.woken = true
      return
    }
    this.queued = true
    this.timeline.push(this, this.timeline.nowMs)
  }

  stop(): void {
    this.stopped = true
    this.cancelled = true
  }

  fire(): void {
    this.queued = false
    if (this.stopped) return
    if (this.running) {
      // Woken in the synchronous part of a turn that has not ended yet.
      this.woken = true
      return
    }
    // A wake from inside the turn asks for one more, as `wake` never runs a turn in place.
    const outcome = inTurn(this, this.turn)
    if (outcome !== undefined) this.await(outcome)
  }

  what(): string {
    return `turn of ${this.name}`
  }

  during(): string {
    const doing = this.owner?.doing ?? ''
    return doing === '' ? this.what() : `${this.what()}, in its handler ${doing}`
  }

  private await(outcome: Promise<void>): void {
    if (!this.timeline.asynchronous) {
      throw new WorldError(
        this.node,
        `the ${this.during()} on ${this.node} returned a promise, which can settle only between events: use world.runAsync`,
      )
    }
    this.running = true
    this.sinceMs = this.timeline.nowMs
    this.timeline.pendingTurns.add(this)
    outcome.then(
      () => this.settled(),
      (error: unknown) => {
        this.settled()
        if (this.life.alive) this.timeline.failure ??= this.timeline.errorOf(this.node, this.during(), error)
      },
    )
  }

  private settled(): void {
    this.running = false
    const { timeline } = this
    timeline.pendingTurns.delete(this)
    if (timeline.asynchronous && this.life.alive && timeline.isLeft)
      timeline.foreign(this.node, `the end of the ${this.during()}`)
    if (!this.woken) return
    this.woken = false
    this.wake()
  }
}
