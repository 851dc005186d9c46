import type {
  Address,
  DialOptions,
  Level,
  Link,
  LinkEnd,
  LinkHandlers,
  Listener,
  ListenHandlers,
  ListenOptions,
  Network,
  Random,
} from '../host/index.js'
import { dialLimitMs, dialTimeout, End, type Parcel } from './link.js'
import { bindAddress } from './binding.js'
import { hostOf, type Life, type Machine, portOf } from './machine.js'
import { defaultQuality, type LinkQuality, Path, type Undo } from './path.js'
import { checkedQuality } from './quality.js'
import { ceilTick, type Timeline } from './timeline.js'

export interface SimListener {
  readonly life: Life
  /** Follows the machine when that gets a new one. */
  address: Address
  readonly handlers: ListenHandlers
  readonly layer: string
  readonly accepts: readonly Level[]
  open: boolean
}

const EVERYBODY: readonly Level[] = ['member', 'trusted', 'stray']

/** Everything between the machines: paths, addresses, and the rules for who is not let in. */
export class Fabric {
  readonly timeline: Timeline
  readonly random: Random
  readonly listeners: Map<Address, SimListener> = new Map()
  private readonly base: LinkQuality
  private readonly machines: Map<string, Machine>
  private readonly paths = new Map<Machine, Map<Machine, Path>>()
  private readonly rejections = new Set<{ from: string; to: string; end: LinkEnd }>()
  private readonly refusals = new Set<{ from: Machine; to: Machine }>()

  constructor(
    timeline: Timeline,
    random: Random,
    machines: Map<string, Machine>,
    quality: Partial<LinkQuality>,
  ) {
    this.timeline = timeline
    this.random = random
    this.machines = machines
    this.base = checkedQuality({ ...defaultQuality, ...quality })
  }

  path(from: Machine, to: Machine): Path {
    let row = this.paths.get(from)
    if (row === undefined) this.paths.set(from, (row = new Map()))
    let path = row.get(to)
    if (path === undefined) row.set(to, (path = new Path(this.base)))
    return path
  }

  /** The machine that an address leads to: by exact address, else by its host part. */
  route(address: Address): Machine | undefined {
    const listener = this.listeners.get(address)
    if (listener !== undefined) return listener.life.machine
    let sameHost: Machine | undefined
    for (const machine of this.machines.values()) {
      if (machine.address === address) return machine
      if (sameHost === undefined && machine.hostName === hostOf(address)) sameHost = machine
    }
    return sameHost
  }

  /** All are in one subnet: who hears what is sent to everybody. */
  everybody(): Iterable<Machine> {
    return this.machines.values()
  }

  reject(from: string, to: string, end: LinkEnd): Undo {
    const rule = { from, to, end }
    this.rejections.add(rule)
    return () => this.rejections.delete(rule)
  }

  rejection(from: Machine, to: Machine): LinkEnd | undefined {
    for (const rule of this.rejections) if (rule.from === from.name && rule.to === to.name) return rule.end
    return undefined
  }

  /** The kernel of `to` refuses what `from` dials, as a firewall would. */
  refuse(from: Machine, to: Machine): Undo {
    const rule = { from, to }
    this.refusals.add(rule)
    return () => this.refusals.delete(rule)
  }

  clearRefusals(): void {
    this.refusals.clear()
  }

  private refuses(from: Machine, to: Machine): boolean {
    for (const rule of this.refusals) if (rule.from === from && rule.to === to) return true
    return false
  }

  latencyMs({ latencyMinMs, latencyMaxMs }: LinkQuality): number {
    return latencyMinMs + this.random.next() * (latencyMaxMs - latencyMinMs)
  }

  /** In order after everything sent before on this connection. A cut holds it; the first words of a dial are lost. */
  send(parcel: Parcel): void {
    const { from } = parcel
    if (from.severed) {
      parcel.dropped()
      return
    }
    const path = this.path(from.machine, from.peer.machine)
    if (path.isCut) {
      const retried = parcel.word.t !== 'syn' && parcel.word.t !== 'syn-ack' && parcel.word.t !== 'refused'
      if (retried) path.held.push(parcel)
      else parcel.dropped()
      return
    }
    const due = ceilTick(this.timeline.nowMs + this.latencyMs(path.quality))
    from.lastDueMs = Math.max(due, from.lastDueMs)
    this.timeline.push(parcel, from.lastDueMs)
  }

  /** Like `send`, with the unfaithful behaviour that a test asked for. */
  sendFrame(parcel: Parcel): void {
    const { from } = parcel
    const path = this.path(from.machine, from.peer.machine)
    const { loss, duplicate, reorder, reorderMs } = path.quality
    if (path.isCut || (loss === 0 && duplicate === 0 && reorder === 0)) {
      this.send(parcel)
      return
    }
    const { random } = this
    if (random.next() < duplicate) this.send(parcel.twin())
    if (random.next() < loss) {
      parcel.lose()
      return
    }
    if (random.next() < reorder) {
      const late = Math.max(from.lastDueMs, this.timeline.nowMs + this.latencyMs(path.quality))
      this.timeline.push(parcel, late + random.next() * reorderMs)
      return
    }
    this.send(parcel)
  }

  cut(from: Machine, to: Machine, token: object): void {
    this.path(from, to).cut(token)
  }

  uncut(from: Machine, to: Machine, token: object): void {
    const path = this.path(from, to)
    if (path.uncut(token)) this.release(path)
  }

  /** Every cut but those of machines that sleep. */
  uncutAll(): void {
    const sleeps = new Set([...this.machines.values()].flatMap((machine) => [...machine.sleeps]))
    for (const path of this.allPaths()) if (path.uncutAll(sleeps)) this.release(path)
  }

  clearOverlays(): void {
    for (const path of this.allPaths()) path.layers.clear()
  }

  /** A SYN reached a machine that has power: its kernel answers, whatever its process does. */
  arrive(end: End): void {
    const listener = this.listeners.get(end.peer.remote)
    const stranger = listener === undefined || listener.life.machine !== end.machine
    if (stranger || this.refuses(end.peer.machine, end.machine)) {
      end.say({ t: 'refused' })
      return
    }
    end.life = listener.life
    end.listener = listener
    listener.life.ends.add(end)
    end.say({ t: 'syn-ack' })
  }

  /** The process ended. Its kernel says so on every link, and what was sent before still goes out. */
  endLife(life: Life, tellOthers: boolean): void {
    for (const [address, listener] of this.listeners) {
      if (listener.life === life) this.listeners.delete(address)
    }
    for (const end of life.ends) end.die(tellOthers)
  }

  /** No power: what its kernel still held is lost, and nobody is told. */
  powerOff(machine: Machine, life: Life | null): void {
    for (const path of this.paths.get(machine)?.values() ?? []) {
      for (const parcel of path.held) {
        const { from, word } = parcel
        parcel.dropped()
        if (word.t === 'fin' || word.t === 'reset') {
          from.finished = false
          machine.ghosts.push(from)
        }
      }
      path.held = []
    }
    if (life !== null) machine.ghosts.push(...life.ends)
  }

  /** Both ends of every link between two processes are told that the other one ended. */
  reset(from: Machine, to: Machine): void {
    for (const end of from.life?.ends ?? []) {
      if (end.peer.machine !== to) continue
      for (const side of [end, end.peer]) {
        if (side.life?.alive !== true) continue
        this.timeline.call('network', side.life, 0, 'reset', () => side.receive({ t: 'reset' }))
      }
    }
  }

  /** The machine has another address: its listeners are there now, and its links are dead without a word. */
  move(machine: Machine, address: Address): void {
    machine.address = address
    machine.hostName = hostOf(address)
    for (const listener of [...this.listeners.values()]) {
      if (listener.life.machine !== machine) continue
      this.listeners.delete(listener.address)
      listener.address = `${machine.hostName}:${portOf(listener.address)}`
      this.listeners.set(listener.address, listener)
    }
    for (const end of machine.life?.ends ?? []) end.sever()
  }

  /** Power is back: whoever is still repeating what it sent is told that nobody knows the connection. */
  boot(machine: Machine): void {
    machine.ghosts = machine.ghosts.filter((end) => !end.finished && end.peer.state !== 'closed')
    for (const end of machine.ghosts) if (end.peer.unanswered) end.sendReset()
  }

  private release(path: Path): void {
    const held = path.held
    path.held = []
    for (const parcel of held) this.send(parcel)
  }

  private *allPaths(): Iterable<Path> {
    for (const row of this.paths.values()) yield* row.values()
  }
}

/** Links as one life sees them. */
export class SimNetwork implements Network {
  private readonly fabric: Fabric
  private readonly life: Life

  constructor(fabric: Fabric, life: Life) {
    this.fabric = fabric
    this.life = life
  }

  listen(wanted: Address, handlers: ListenHandlers, options: ListenOptions = {}): Listener {
    const { life, fabric } = this
    const { layer = 'main', accepts = EVERYBODY } = options
    if (!life.alive) return { close: () => {} }
    const later = (run: () => void): void => fabric.timeline.call('network', life, 0, `listen ${wanted}`, run)
    const address = bindAddress(life.machine, wanted, (candidate) => fabric.listeners.has(candidate))
    if (typeof address !== 'string') {
      later(() => handlers.failed(address))
      return { close: () => {} }
    }
    const listener: SimListener = { life, address, handlers, layer, accepts, open: true }
    fabric.listeners.set(address, listener)
    later(() => {
      if (listener.open) handlers.listening(address)
    })
    return {
      close: () => {
        if (!listener.open || !life.alive) return
        listener.open = false
        fabric.listeners.delete(listener.address)
      },
    }
  }

  interfaces(): readonly string[] {
    return [this.life.machine.hostName]
  }

  dial(address: Address, handlers: LinkHandlers, options: DialOptions = {}): Link {
    const { life, fabric } = this
    const { machine } = life
    const target = fabric.route(address)
    const end = new End(fabric, machine, address, life, handlers)
    if (!life.alive) {
      end.state = 'closed'
      return end
    }
    if (target === undefined) {
      fabric.timeline.call('network', life, 1, `no way to ${address}`, () => end.unreachable())
      return end
    }
    end.peer = new End(fabric, target, `${machine.hostName}:${machine.nextPort++}`, null, null)
    end.peer.peer = end
    end.level = options.as ?? 'member'
    end.say({ t: 'syn' })
    fabric.timeline.push(dialTimeout(life, end), fabric.timeline.nowMs + dialLimitMs)
    return end
  }
}
