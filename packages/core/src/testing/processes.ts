import { invariant } from '../invariant.js'
import type { Post } from './datagrams.js'
import type { Freezer } from './freeze.js'
import { lifeHost } from './host.js'
import { Life, type Machine } from './machine.js'
import type { Fabric } from './network.js'
import { seededRandom } from './random.js'
import type { Moment } from './schedule/index.js'
import type { Timeline } from './timeline.js'

interface Parts {
  readonly seed: number | string
  readonly timeline: Timeline
  readonly fabric: Fabric
  readonly post: Post
  readonly freezer: Freezer
  readonly moment: Moment
}

/** How processes begin and end, and what becomes of everything that belongs to them. */
export class Processes {
  private readonly parts: Parts

  constructor(parts: Parts) {
    this.parts = parts
  }

  start(machine: Machine): void {
    const { seed, timeline, fabric, post, freezer, moment } = this.parts
    const { name } = machine
    invariant(machine.life === null, `${name} has no process yet`)
    freezer.wake(machine)
    const life = new Life(machine, ++machine.lives)
    timeline.note(name, `start, life ${life.number}`)
    timeline.recorder?.state(name, 'running')
    if (!machine.on) {
      machine.on = true
      fabric.boot(machine)
    }
    machine.life = life
    const random = seededRandom(`${seed}/${name}/${life.number}`)
    machine.clock.restart(Math.floor(random.next() * 1_000_000))
    const host = lifeHost(timeline, fabric, post, life, random)
    timeline.raiseGuard()
    try {
      timeline.guarded(name, {
        fire: () => machine.start(host, life.number, { version: machine.version }),
        what: () => 'start',
      })
    } finally {
      timeline.lowerGuard()
    }
    moment(name, 'started')
  }

  crash(machine: Machine): void {
    const { timeline, moment } = this.parts
    const { name, life } = machine
    if (life === null) return
    moment(name, 'crashed')
    timeline.note(name, 'crash')
    timeline.recorder?.state(name, 'down', 'crashed')
    this.end(machine, life, true)
    machine.disk.crash()
  }

  powerOff(machine: Machine, tear: boolean): void {
    const { timeline, fabric, freezer, moment } = this.parts
    const { name } = machine
    if (!machine.on) return
    moment(name, 'lost-power')
    timeline.note(name, 'power off')
    timeline.recorder?.state(name, 'no power')
    machine.on = false
    fabric.powerOff(machine, machine.life)
    if (machine.life !== null) this.end(machine, machine.life, false)
    freezer.wake(machine)
    machine.disk.powerOff({ tear })
  }

  private end(machine: Machine, life: Life, tellOthers: boolean): void {
    const { timeline, fabric, post } = this.parts
    life.alive = false
    for (const event of life.pile) event.dropped()
    life.pile = []
    machine.life = null
    machine.freezes.clear()
    fabric.endLife(life, tellOthers)
    post.endLife(life)
    for (const turn of timeline.pendingTurns) if (turn.life === life) timeline.pendingTurns.delete(turn)
  }
}
