import type { LinkEnd, Random } from '../host/index.js'
import { invariant } from '../invariant.js'
import { Post } from './datagrams.js'
import { SimDisk } from './disk.js'
import { lifeHost } from './host.js'
import { Life, Machine, MachineClock, type StartPeer, TimerEvent } from './machine.js'
import { Fabric } from './network.js'
import type { LinkQuality, Undo } from './path.js'
import { seededRandom } from './random.js'
import { ceilTick, type Limits, Timeline, WorldError } from './timeline.js'
import type { TraceEvent } from './trace.js'

export interface WorldOptions {
  /** Everything random in the world comes from it: the same seed gives the same run, to the byte. */
  readonly seed: number | string
  /** Keeps every event as plain data; the digest is always there. Default false. */
  readonly trace?: boolean
  /** How all links behave unless `quality` says otherwise. Default: a quiet wired office, 0.2 to 1 ms. */
  readonly network?: Partial<LinkQuality>
  /** How long one disk sync takes. Default 0.5 to 2 ms, at random. */
  readonly syncMs?: (random: Random) => number
  /** Default 5 million events in one run, 100,000 at one moment. */
  readonly limits?: Partial<Limits>
}

export interface NodeOptions {
  /** Default `<name>:1`. Its host part belongs to this machine. */
  readonly address?: string
  /** Builds the peer on a new host; called again for every life, which are counted from 1. */
  readonly start: StartPeer
}

export type NodeState = 'running' | 'paused' | 'stopped' | 'no power'

/**
 * Whole peers in virtual time, in one thread, from one seed.
 *
 * A node is a machine: address, clock, disk, kernel. `start` runs a process on it with a fresh `Host`; `crash`
 * ends the process and nothing of it ever runs again, `powerOff` takes the machine with it. Time passes only
 * in `step`, `run`, `runUntil` and `runAsync`; every callback runs inside them, one at a time, in the order of
 * (time, sequence). Faults may be called from the test between runs, and from `schedule`d scripts.
 */
export class World {
  private readonly seed: number | string
  private readonly timeline: Timeline
  private readonly machines = new Map<string, Machine>()
  private readonly fabric: Fabric
  private readonly post: Post
  private readonly syncMs: (random: Random) => number

  constructor(options: WorldOptions) {
    const { seed, trace = false, network = {}, limits = {} } = options
    this.seed = seed
    this.timeline = new Timeline({ events: 5_000_000, eventsAtOnce: 100_000, ...limits }, trace)
    this.fabric = new Fabric(this.timeline, seededRandom(`${seed}/network`), this.machines, network)
    this.post = new Post(this.fabric)
    this.syncMs = options.syncMs ?? ((random) => 0.5 + random.next() * 1.5)
  }

  /** True virtual time since the world began; a multiple of 1/1024. */
  get nowMs(): number {
    return this.timeline.nowMs
  }

  /** 16 hexadecimal digits over all that happened so far. */
  get digest(): string {
    return this.timeline.trace.digest
  }

  /** Empty unless the world was made with `trace: true`. */
  get trace(): readonly TraceEvent[] {
    return this.timeline.trace.events
  }

  get names(): string[] {
    return [...this.machines.keys()]
  }

  // Machines and their processes

  node(name: string, options: NodeOptions): void {
    invariant(name !== '' && !this.machines.has(name), `node names differ: "${name}"`)
    const random = seededRandom(`${this.seed}/${name}/disk`)
    const disk = new SimDisk({
      random,
      syncMs: () => this.syncMs(random),
      schedule: (delayMs, run) => this.timeline.call('disk', this.machine(name).life, delayMs, 'disk', run),
    })
    const clock = new MachineClock(this.timeline)
    // Somewhere in 2026; no two machines agree to the second.
    clock.jumpWall(1_790_000_000_000 + Math.floor(random.next() * 5_000))
    this.machines.set(name, new Machine(name, options.address ?? `${name}:1`, clock, disk, options.start))
  }

  state(name: string): NodeState {
    const { on, life, paused } = this.machine(name)
    if (!on) return 'no power'
    return life === null ? 'stopped' : paused ? 'paused' : 'running'
  }

  /** Number of the current or last life; 0 before the first start. */
  life(name: string): number {
    return this.machine(name).lives
  }

  /** The machine's disk, to look at it and to break it. */
  disk(name: string): SimDisk {
    return this.machine(name).disk
  }

  /** Starts a process, with power if need be. Its `start` runs before this returns. */
  start(name: string): void {
    const machine = this.machine(name)
    invariant(machine.life === null, `${name} has no process yet`)
    const life = new Life(machine, ++machine.lives)
    this.timeline.note(name, `start, life ${life.number}`)
    if (!machine.on) {
      machine.on = true
      this.fabric.boot(machine)
    }
    machine.life = life
    const random = seededRandom(`${this.seed}/${name}/${life.number}`)
    machine.clock.restart(Math.floor(random.next() * 1_000_000))
    const host = lifeHost(this.timeline, this.fabric, this.post, life, random)
    this.timeline.guarded(name, {
      fire: () => machine.start(host, life.number),
      what: () => 'start',
    })
  }

  /** Kills the process if there is one. The kernel resets its links and refuses dials; the disk cache stays. */
  crash(name: string): void {
    const machine = this.machine(name)
    const { life } = machine
    if (life === null) return
    this.timeline.note(name, 'crash')
    this.endLife(machine, life, true)
    machine.disk.crash()
  }

  /** Cuts the power of all these machines at one moment. What was not synced is lost; nobody is told. */
  powerOff(names: readonly string[], options: { readonly tear?: boolean } = {}): void {
    for (const name of names) {
      const machine = this.machine(name)
      if (!machine.on) continue
      this.timeline.note(name, 'power off')
      machine.on = false
      this.fabric.powerOff(machine, machine.life)
      if (machine.life !== null) this.endLife(machine, machine.life, false)
      machine.disk.powerOff({ tear: options.tear ?? false })
    }
  }

  /** Crashes what runs, then starts anew. */
  restart(name: string): void {
    this.crash(name)
    this.start(name)
  }

  /** Freezes the process: what becomes due piles up. Its kernel still takes dials, its clocks go on. */
  pause(name: string): void {
    const machine = this.machine(name)
    if (machine.life === null || machine.paused) return
    this.timeline.note(name, 'pause')
    machine.paused = true
  }

  /** Lets it run on: first everything that piled up, in the order in which it was due. */
  resume(name: string): void {
    const machine = this.machine(name)
    if (machine.life === null || !machine.paused) return
    this.timeline.note(name, 'resume')
    machine.paused = false
    const { pile } = machine.life
    machine.life.pile = []
    for (const event of pile) this.timeline.push(event, this.timeline.nowMs)
  }

  clockJump(name: string, wallMs: number): void {
    this.timeline.note(name, `wall clock jumps by ${wallMs} ms`)
    this.machine(name).clock.jumpWall(wallMs)
  }

  /** From now on both clocks of this machine run `rate` times as fast as true time. Waiting timers move. */
  drift(name: string, rate: number): void {
    const machine = this.machine(name)
    this.timeline.note(name, `clocks run at ${rate}`)
    machine.clock.setRate(rate)
    this.timeline.queue.retime((event) =>
      event instanceof TimerEvent && event.life === machine.life
        ? Math.max(this.timeline.nowMs, machine.clock.trueMs(event.dueMonotonicMs))
        : undefined,
    )
  }

  // Network

  /** One direction: what is sent is held, in order, until the cut is undone or `heal`. Cuts add up. */
  cut(from: string, to: string): Undo {
    this.timeline.note('', `cut ${from} > ${to}`)
    const token = {}
    const [a, b] = [this.machine(from), this.machine(to)]
    this.fabric.cut(a, b, token)
    return () => this.fabric.uncut(a, b, token)
  }

  /** Both directions between the groups; `groupB` is everybody else by default. */
  split(groupA: readonly string[], groupB?: readonly string[]): Undo {
    const others = (groupB ?? this.names).filter((name) => !groupA.includes(name))
    const undos = groupA.flatMap((a) => others.flatMap((b) => [this.cut(a, b), this.cut(b, a)]))
    return () => {
      for (const undo of undos) undo()
    }
  }

  /** Undoes every cut. */
  heal(): void {
    this.timeline.note('', 'heal')
    this.fabric.uncutAll()
  }

  /** Changes the quality of one direction on top of what holds already. */
  quality(from: string, to: string, change: Partial<LinkQuality>): Undo {
    return this.fabric.path(this.machine(from), this.machine(to)).overlay(change)
  }

  /** Handshakes from one node to another end like this: for what the transport would refuse. */
  rejectLinks(from: string, to: string, end: LinkEnd): Undo {
    return this.fabric.reject(this.machine(from).name, this.machine(to).name, end)
  }

  /** No fault any more: qualities, cuts, pauses and clock rates are back to normal, and every node that ever started runs. */
  healAll(): void {
    this.fabric.clearOverlays()
    this.heal()
    for (const [name, machine] of this.machines) {
      this.drift(name, 1)
      this.resume(name)
      if (machine.life === null && machine.lives > 0) this.start(name)
    }
  }

  // Time

  /** Runs `script` at this moment of virtual time, or now when that is past. */
  schedule(atMs: number, script: () => void): void {
    this.timeline.call('script', null, atMs - this.timeline.nowMs, 'script', script)
  }

  /** Takes one event; false when nothing will ever happen. */
  step(): boolean {
    this.timeline.startCounting()
    return this.timeline.step(Number.POSITIVE_INFINITY)
  }

  run(options: { readonly forMs: number }): void {
    const endMs = this.begin(options.forMs)
    while (this.timeline.step(endMs)) continue
    this.timeline.nowMs = endMs
  }

  /**
   * Runs until `predicate` holds; false when it did not within `limitMs`. It is asked before every event that
   * is at least a millisecond after the last question, or after each event with `everyEvent`.
   */
  runUntil(
    predicate: () => boolean,
    options: { readonly limitMs: number; readonly everyEvent?: boolean },
  ): boolean {
    const { timeline } = this
    const { everyEvent = false } = options
    const endMs = this.begin(options.limitMs)
    if (predicate()) return true
    let askMs = timeline.nowMs + 1
    for (;;) {
      const nextMs = timeline.queue.peek()?.at ?? endMs
      if (!everyEvent && nextMs >= askMs) {
        if (predicate()) return true
        askMs = nextMs + 1
      }
      if (!timeline.step(endMs)) break
      if (everyEvent && predicate()) return true
    }
    timeline.nowMs = endMs
    return predicate()
  }

  /**
   * As `run`, but lets promises settle between events (a real `setImmediate` each, about 10 times slower), so
   * that turns and tests may use them. Ends early, with true, when `until` holds. Throws when a turn awaits
   * something that is not of this world: it is pending, and nothing is scheduled that could end it.
   */
  async runAsync(options: { readonly forMs: number; readonly until?: () => boolean }): Promise<boolean> {
    const { timeline } = this
    const { until = () => false } = options
    const endMs = this.begin(options.forMs)
    timeline.asynchronous = true
    try {
      do {
        await new Promise<void>((resolve) => void setImmediate(resolve))
        if (until()) return true
      } while (timeline.step(endMs))
      this.checkForeignPromises()
      timeline.nowMs = endMs
      return until()
    } finally {
      timeline.asynchronous = false
    }
  }

  private begin(forMs: number): number {
    invariant(forMs >= 0, 'time goes forward')
    this.timeline.startCounting()
    return ceilTick(this.timeline.nowMs + forMs)
  }

  private checkForeignPromises(): void {
    if (this.timeline.queue.size > 0) return
    for (const { life, name } of this.timeline.pendingTurns) {
      const node = life.machine.name
      if (life.machine.paused) continue
      throw new WorldError(
        node,
        `the turn of "${name}" on ${node} awaits something outside the world: it is still pending and nothing is scheduled`,
      )
    }
  }

  private endLife(machine: Machine, life: Life, tellOthers: boolean): void {
    life.alive = false
    life.pile = []
    machine.life = null
    machine.paused = false
    this.fabric.endLife(life, tellOthers)
    this.post.endLife(life)
    for (const turn of this.timeline.pendingTurns) {
      if (turn.life === life) this.timeline.pendingTurns.delete(turn)
    }
  }

  private machine(name: string): Machine {
    const machine = this.machines.get(name)
    invariant(machine !== undefined, `there is no node "${name}"`)
    return machine
  }
}

export function createWorld(options: WorldOptions): World {
  return new World(options)
}
