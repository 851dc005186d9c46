import { invariant } from '../invariant.js'
import { type Machine, TimerEvent } from './machine.js'
import type { Fabric } from './network.js'
import type { Undo } from './path.js'
import type { Timeline } from './timeline.js'

/** How the event loop of a process is blocked, again and again. */
export interface Stall {
  readonly busyMs: number
  /** From one blockade to the next. */
  readonly everyMs: number
}

/** What keeps a process from running on while it lives, and what moves the timers of a machine. */
export class Freezer {
  private readonly timeline: Timeline
  private readonly fabric: Fabric
  private readonly machines: ReadonlyMap<string, Machine>
  private readonly stalls = new Map<object, Machine>()

  constructor(timeline: Timeline, fabric: Fabric, machines: ReadonlyMap<string, Machine>) {
    this.timeline = timeline
    this.fabric = fabric
    this.machines = machines
  }

  pause(machine: Machine): Undo {
    if (machine.life === null) return () => {}
    const token = {}
    this.timeline.note(machine.name, 'pause')
    this.freeze(machine, token)
    return () => this.thaw(machine, token)
  }

  /** Ends every pause and stall: a sleeping machine sleeps on. */
  resume(machine: Machine): void {
    for (const [token, stalled] of this.stalls) if (stalled === machine) this.stalls.delete(token)
    for (const token of machine.freezes) if (!machine.sleeps.has(token)) this.thaw(machine, token)
  }

  stall(machine: Machine, { busyMs, everyMs }: Stall): Undo {
    invariant(busyMs > 0 && everyMs > busyMs, `a stall of ${busyMs} ms does not fit into ${everyMs} ms`)
    const token = {}
    this.stalls.set(token, machine)
    const later = (delayMs: number, run: () => void): void =>
      this.timeline.call('script', null, delayMs, `stall of ${machine.name}`, () => {
        if (this.stalls.has(token)) run()
      })
    const block = (): void => {
      if (machine.life !== null) this.freeze(machine, token)
      later(busyMs, () => this.thaw(machine, token))
      later(everyMs, block)
    }
    this.timeline.note(machine.name, `stalls for ${busyMs} ms every ${everyMs} ms`)
    block()
    return () => {
      if (this.stalls.delete(token)) this.thaw(machine, token)
    }
  }

  /** As cut off as without power, but what others sent in order is still on its way when it wakes up. */
  sleep(machine: Machine): Undo {
    if (machine.life === null) return () => {}
    const token = {}
    this.timeline.note(machine.name, 'falls asleep')
    if (machine.sleeps.size === 0) {
      machine.clock.sleep()
      this.retime(machine)
    }
    machine.sleeps.add(token)
    for (const other of this.machines.values()) {
      if (other === machine) continue
      this.fabric.cut(machine, other, token)
      this.fabric.cut(other, machine, token)
    }
    this.freeze(machine, token)
    return () => this.endSleep(machine, token)
  }

  wake(machine: Machine): void {
    for (const token of machine.sleeps) this.endSleep(machine, token)
  }

  /** Only the last of the drifts that are not undone holds. */
  drift(machine: Machine, rate: number): Undo {
    const drift = { rate }
    machine.drifts.add(drift)
    this.setRate(machine)
    return () => {
      if (machine.drifts.delete(drift)) this.setRate(machine)
    }
  }

  clearDrifts(machine: Machine): void {
    if (machine.drifts.size === 0) return
    machine.drifts.clear()
    this.setRate(machine)
  }

  private setRate(machine: Machine): void {
    const rate = [...machine.drifts].at(-1)?.rate ?? 1
    this.timeline.note(machine.name, `clocks run at ${rate}`)
    machine.clock.setRate(rate)
    this.retime(machine)
  }

  private freeze(machine: Machine, token: object): void {
    machine.freezes.add(token)
    this.record(machine)
  }

  /** The last one lets the process run on: first everything that piled up, in the order in which it was due. */
  private thaw(machine: Machine, token: object): void {
    if (!machine.freezes.delete(token)) return
    this.record(machine)
    if (machine.paused || machine.life === null) return
    this.timeline.note(machine.name, 'resume')
    const { pile } = machine.life
    machine.life.pile = []
    for (const event of pile) this.timeline.pushFirst(event)
  }

  private endSleep(machine: Machine, token: object): void {
    if (!machine.sleeps.delete(token)) return
    if (machine.sleeps.size === 0) {
      this.timeline.note(machine.name, 'wakes up')
      machine.clock.wake()
      this.retime(machine)
    }
    this.thaw(machine, token)
    for (const other of this.machines.values()) {
      this.fabric.uncut(machine, other, token)
      this.fabric.uncut(other, machine, token)
    }
  }

  private retime(machine: Machine): void {
    const { timeline } = this
    timeline.queue.retime((event) =>
      event instanceof TimerEvent && event.life === machine.life
        ? Math.max(timeline.nowMs, machine.clock.trueMs(event.dueMonotonicMs))
        : undefined,
    )
  }

  private record({ name, life, sleeps, paused }: Machine): void {
    if (life === null) return
    this.timeline.recorder?.state(name, sleeps.size > 0 ? 'asleep' : paused ? 'paused' : 'running')
  }
}
