import type { Address, LinkEnd, Random } from '../host/index.js'
import { invariant } from '../invariant.js'
import { Post } from './datagrams.js'
import { SimDisk } from './disk.js'
import { Freezer, type Stall } from './freeze.js'
import { Loop } from './loop.js'
import { Machine, MachineClock, portOf } from './machine.js'
import { Fabric } from './network.js'
import type { NodeOptions, NodeState, WorldOptions } from './options.js'
import type { LinkQuality, QualityChange, Undo } from './path.js'
import { Processes } from './processes.js'
import type { RecordedNote, Recording } from './record/index.js'
import { seededRandom } from './random.js'
import type { Moment } from './schedule/index.js'
import { Timeline } from './timeline.js'
import type { TraceEvent } from './trace.js'

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
  private readonly freezer: Freezer
  private readonly listeners = new Set<Moment>()
  private heals = 0
  private readonly processes: Processes
  private readonly loop: Loop
  private readonly syncMs: (random: Random) => number

  constructor(options: WorldOptions) {
    const { seed, trace = false, network = {}, limits = {} } = options
    this.seed = seed
    const record = (options.record ?? trace) ? { label: options.label ?? null } : null
    this.timeline = new Timeline({ events: 5_000_000, eventsAtOnce: 100_000, ...limits }, trace, record)
    this.fabric = new Fabric(this.timeline, seededRandom(`${seed}/network`), this.machines, network)
    this.post = new Post(this.fabric)
    this.freezer = new Freezer(this.timeline, this.fabric, this.machines)
    this.syncMs = options.syncMs ?? ((random) => 0.5 + random.next() * 1.5)
    this.timeline.guards = options.guard ?? true
    this.loop = new Loop(this.timeline, options)
    const { timeline, fabric, post, freezer } = this
    const moment: Moment = (node, name) => this.moment(node, name)
    this.processes = new Processes({ seed, timeline, fabric, post, freezer, moment })
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

  /** What happened so far, for pictures; a copy. Without messages and notes unless the world was made with `record` or `trace`. */
  get recording(): Recording {
    const empty = { nodes: this.names, endMs: this.nowMs, messages: [], spans: [], notes: [] }
    return this.timeline.recorder?.recording(this.names) ?? empty
  }

  /** Writes a note into the recording; no part of the run, its trace and its digest. Empty `node`: the world. */
  remark(node: string, kind: RecordedNote['kind'], text: string): void {
    this.timeline.recorder?.note(node, kind, text)
  }

  /** The same for something that lasts until the returned function is called. */
  remarkSpan(node: string, kind: 'reign' | 'fault', text: string): Undo {
    return this.timeline.recorder?.span(node, kind, text) ?? (() => {})
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
      moment: (what) => this.tell(name, what),
    })
    const clock = new MachineClock(this.timeline)
    // Somewhere in 2026; no two machines agree to the second.
    clock.jumpWall(1_790_000_000_000 + Math.floor(random.next() * 5_000))
    this.timeline.recorder?.state(name, 'down', 'not started yet')
    const { address = `${name}:1`, start, version = '1' } = options
    this.machines.set(name, new Machine(name, address, clock, disk, { start, version }))
  }

  state(name: string): NodeState {
    const { on, life, paused, sleeps } = this.machine(name)
    if (!on) return 'no power'
    if (life === null) return 'stopped'
    return sleeps.size > 0 ? 'asleep' : paused ? 'paused' : 'running'
  }

  /** Number of the current or last life; 0 before the first start. */
  life(name: string): number {
    return this.machine(name).lives
  }

  /** The machine's disk, to look at it and to break it. */
  disk(name: string): SimDisk {
    return this.machine(name).disk
  }

  /** Where the machine is reached: not what its process believes. */
  address(name: string): Address {
    return this.machine(name).address
  }

  /** Starts a process, with power if need be, and awake. Its `start` runs before this returns. */
  start(name: string): void {
    this.processes.start(this.machine(name))
  }

  /** Kills the process if there is one. The kernel resets its links and refuses dials; the disk cache stays. */
  crash(name: string): void {
    this.processes.crash(this.machine(name))
  }

  /** Cuts the power of all these machines at one moment. What was not synced is lost; nobody is told. */
  powerOff(names: readonly string[], options: { readonly tear?: boolean } = {}): void {
    for (const name of names) this.processes.powerOff(this.machine(name), options.tear ?? false)
  }

  /** Crashes what runs, then starts anew. */
  restart(name: string): void {
    this.crash(name)
    this.start(name)
  }

  /** Restarts what runs as another version, which `start` is told from now on. */
  upgrade(name: string, version: string): void {
    const machine = this.machine(name)
    this.timeline.note(name, `upgrade to ${version}`)
    machine.version = version
    if (machine.life !== null) this.restart(name)
  }

  /** An empty disk under the old name; what ran is started again. */
  wipe(name: string): void {
    const machine = this.machine(name)
    const ran = machine.life !== null
    this.crash(name)
    this.timeline.note(name, 'disk wiped')
    machine.disk.wipe()
    if (ran) this.start(name)
  }

  /** Freezes the process: what becomes due piles up. Its kernel still takes dials, its clocks go on. */
  pause(name: string): Undo {
    return this.freezer.pause(this.machine(name))
  }

  /** Ends pauses and stalls. It runs on with everything that piled up, in the order in which it was due. */
  resume(name: string): void {
    this.freezer.resume(this.machine(name))
  }

  /** Blocks the event loop now and again every `everyMs`, each time for `busyMs`. */
  stall(name: string, stall: Stall): Undo {
    return this.freezer.stall(this.machine(name), stall)
  }

  /**
   * Suspends the machine: the process is frozen, the monotonic clock stands still, the wall clock goes on, the
   * kernel answers nobody. What others send in order reaches it after `wake`.
   */
  sleep(name: string): Undo {
    return this.freezer.sleep(this.machine(name))
  }

  wake(name: string): void {
    this.freezer.wake(this.machine(name))
  }

  clockJump(name: string, wallMs: number): void {
    this.timeline.note(name, `wall clock jumps by ${wallMs} ms`)
    this.machine(name).clock.jumpWall(wallMs)
  }

  /** From now on both clocks of this machine run `rate` times as fast as true time. Waiting timers move. */
  drift(name: string, rate: number): Undo {
    return this.freezer.drift(this.machine(name), rate)
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
  quality(from: string, to: string, change: QualityChange): Undo {
    return this.fabric.path(this.machine(from), this.machine(to)).layers.add(change)
  }

  /** How one direction behaves now. */
  qualityOf(from: string, to: string): LinkQuality {
    return this.fabric.path(this.machine(from), this.machine(to)).quality
  }

  /** Dials are refused as if nobody listened, as a firewall does it: open links stay. */
  refuseDials(from: string, to: string): Undo {
    this.timeline.note('', `refuse dials ${from} > ${to}`)
    return this.fabric.refuse(this.machine(from), this.machine(to))
  }

  /** Both ends of every link between the two are told that the other one ended, and neither did. */
  resetLinks(a: string, b: string): void {
    this.timeline.note('', `reset the links between ${a} and ${b}`)
    this.fabric.reset(this.machine(a), this.machine(b))
  }

  /**
   * What a new DHCP lease does to a machine. Its listeners and sockets are reached at the new host part with
   * their old ports, as those of a wildcard are; its links are dead, but nobody says so to either side; dials of
   * the old address find no way. The process learns nothing, unless it listens again: then it is told the new
   * address, also where it asks for the first one by name.
   */
  changeAddress(name: string, address?: Address): void {
    const machine = this.machine(name)
    machine.moves++
    const next = address ?? `${machine.firstHostName}~${machine.moves + 1}:${portOf(machine.address)}`
    this.timeline.note(name, `new address ${next}`)
    this.fabric.move(machine, next)
    this.post.move(machine)
  }

  /** Handshakes from one node to another end like this: for what the transport would refuse. */
  rejectLinks(from: string, to: string, end: LinkEnd): Undo {
    return this.fabric.reject(this.machine(from).name, this.machine(to).name, end)
  }

  /**
   * No fault any more: links, dials, disks, clock rates and addresses are back to normal, nothing sleeps or
   * stands still, and every node that ever started runs. Versions stay, and what disks have lost is lost. Faults
   * of a schedule that have not fired by now never do.
   */
  healAll(): void {
    this.heals++
    this.timeline.recorder?.endFaults()
    this.fabric.clearOverlays()
    this.fabric.clearRefusals()
    this.heal()
    for (const [name, machine] of this.machines) {
      machine.disk.heal()
      if (machine.address !== machine.firstAddress) this.changeAddress(name, machine.firstAddress)
      this.freezer.clearDrifts(machine)
      this.freezer.wake(machine)
      this.freezer.resume(machine)
      if (machine.life === null && machine.lives > 0) this.start(name)
    }
  }

  // Moments

  /**
   * Says that something happened at a node, for triggers, trace and recording. The world itself says `started`,
   * `crashed` and `lost-power`, and, to triggers alone, `wrote`, `syncing` and `synced`.
   */
  moment(node: string, name: string): void {
    const { trace, recorder } = this.timeline
    if (trace.keep) trace.line(this.nowMs, node, `moment: ${name}`)
    recorder?.note(node, 'moment', name)
    this.tell(node, name)
  }

  /** Calls `listener` for every moment, inside of what happens there: it should only look and `schedule`. */
  onMoment(listener: Moment): Undo {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** @internal How often everything was healed. */
  get healings(): number {
    return this.heals
  }

  private tell(node: string, name: string): void {
    for (const listener of this.listeners) listener(node, name)
  }

  // Time

  /** Runs `script` at this moment of virtual time, or now when that is past. */
  schedule(atMs: number, script: () => void): void {
    this.timeline.call('script', null, atMs - this.timeline.nowMs, 'script', script)
  }

  /** Takes one event, without a guard; false when nothing will ever happen. */
  step(): boolean {
    return this.loop.step()
  }

  run(options: { readonly forMs: number }): void {
    this.loop.run(options.forMs)
  }

  /**
   * Runs until `predicate` holds; false when it did not within `limitMs`. It is asked before every event that
   * is at least a millisecond after the last question, or after each event with `everyEvent`.
   */
  runUntil(
    predicate: () => boolean,
    options: { readonly limitMs: number; readonly everyEvent?: boolean },
  ): boolean {
    return this.loop.runUntil(predicate, options.limitMs, options.everyEvent ?? false)
  }

  /**
   * As `run`, but lets promises settle between events (a real `setImmediate` each, about 10 times slower), so
   * that turns and tests may use them. Ends early, with true, when `until` holds. Throws when a process awaits
   * something that is not of this world: it goes on although no event did anything for it, its turn is pending
   * for more than `turnLimitMs`, or is pending and nothing is scheduled that could end it.
   */
  runAsync(options: { readonly forMs: number; readonly until?: () => boolean }): Promise<boolean> {
    return this.loop.runAsync(options.forMs, options.until)
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
