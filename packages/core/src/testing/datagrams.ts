import type {
  Address,
  DatagramHandlers,
  DatagramOptions,
  Datagrams,
  DatagramSocket,
  NetworkInterface,
} from '../host/index.js'
import { bindAddress, isWild } from './binding.js'
import { SimEvent } from './events.js'
import { hostOf, type Life, type Machine, portOf } from './machine.js'
import type { Fabric } from './network.js'
import type { OpenMessage } from './record/index.js'

/** As the host of an address: everybody in the one subnet of this world, the sender's own machine too. */
const everybody = '*'

interface SimSocket {
  /** Follows the machine when that gets a new one. */
  address: Address
  readonly life: Life
  readonly handlers: DatagramHandlers
  readonly shared: boolean
  /** Bound to all addresses: hears what is sent to everybody. */
  readonly wild: boolean
}

/** All sockets of the world, by address. */
export class Post {
  readonly fabric: Fabric
  /** Several where all of them share; never empty. */
  private readonly sockets = new Map<Address, SimSocket[]>()

  constructor(fabric: Fabric) {
    this.fabric = fabric
  }

  /** Whether a socket that does or does not share cannot be bound there. */
  taken(address: Address, shared: boolean): boolean {
    const there = this.sockets.get(address)
    return there !== undefined && !(shared && there.every((socket) => socket.shared))
  }

  isOpen(socket: SimSocket): boolean {
    return this.sockets.get(socket.address)?.includes(socket) === true
  }

  open(socket: SimSocket): void {
    this.sockets.set(socket.address, [...(this.sockets.get(socket.address) ?? []), socket])
  }

  close(socket: SimSocket): void {
    const left = this.sockets.get(socket.address)?.filter((one) => one !== socket) ?? []
    if (left.length > 0) this.sockets.set(socket.address, left)
    else this.sockets.delete(socket.address)
  }

  /** The machine has another address. */
  move(machine: Machine): void {
    for (const socket of [...this.sockets.values()].flat()) {
      if (socket.life.machine !== machine) continue
      this.close(socket)
      socket.address = `${machine.hostName}:${portOf(socket.address)}`
      this.open(socket)
    }
  }

  endLife(life: Life): void {
    for (const socket of [...this.sockets.values()].flat()) if (socket.life === life) this.close(socket)
  }

  /** Who hears what comes to `to` at `machine`: of those who share a port, only the last one, unless it is for everybody. */
  hearers(machine: Machine, to: Address): readonly SimSocket[] {
    if (hostOf(to) !== everybody) return this.sockets.get(to)?.slice(-1) ?? []
    const there = this.sockets.get(`${machine.hostName}:${portOf(to)}`) ?? []
    return there.filter((socket) => socket.wild)
  }

  send(from: SimSocket, bytes: Uint8Array, to: Address): void {
    if (hostOf(to) === everybody) {
      for (const machine of this.fabric.everybody()) this.#sendTo(from, machine, bytes, to)
      return
    }
    const machine = this.fabric.route(to)
    if (machine !== undefined) this.#sendTo(from, machine, bytes, to)
  }

  #sendTo(from: SimSocket, machine: Machine, bytes: Uint8Array, to: Address): void {
    const { fabric } = this
    const path = fabric.path(from.life.machine, machine)
    const { datagramLoss, datagramDuplicate, datagramReorder, reorderMs, broadcastLoss } = path.quality
    const sender = from.life.machine
    const blocked = broadcastLoss > 0 && hostOf(to) === everybody && fabric.random.next() < broadcastLoss
    if (path.isCut || blocked || fabric.random.next() < datagramLoss) {
      this.#lost(sender, machine, bytes)
      return
    }
    const copies = fabric.random.next() < datagramDuplicate ? 2 : 1
    for (let i = 0; i < copies; i++) {
      const late = fabric.random.next() < datagramReorder ? fabric.random.next() * reorderMs : 0
      const datagram = new Datagram(this, sender, machine, from.address, to, bytes.slice())
      fabric.timeline.push(datagram, fabric.timeline.nowMs + fabric.latencyMs(path.quality) + late)
    }
  }

  #lost(from: Machine, to: Machine, bytes: Uint8Array): void {
    const { recorder } = this.fabric.timeline
    if (recorder !== null) recorder.ended(recorder.sent(from.name, to.name, 'datagram', bytes), 'lost')
  }
}

class Datagram extends SimEvent {
  private readonly payload: Uint8Array
  private readonly post: Post
  private readonly machine: Machine
  private readonly from: Address
  private readonly to: Address
  private readonly record: OpenMessage | null

  constructor(post: Post, sender: Machine, machine: Machine, from: Address, to: Address, bytes: Uint8Array) {
    super('datagram', null)
    this.post = post
    this.machine = machine
    this.from = from
    this.to = to
    this.payload = bytes
    const { recorder } = post.fabric.timeline
    this.record = recorder && recorder.sent(sender.name, machine.name, 'datagram', bytes)
  }

  override get bytes(): Uint8Array {
    return this.payload
  }

  override get node(): string {
    return this.machine.name
  }

  what(): string {
    return `datagram of ${this.bytes.length} B from ${this.from}`
  }

  fire(): void {
    const sockets = this.post.hearers(this.machine, this.to)
    const [first] = sockets
    // Without power there is no process, and so no socket.
    if (first === undefined) {
      this.dropped()
      return
    }
    if (this.machine.paused) {
      first.life.pile.push(this)
      return
    }
    if (this.record !== null) this.post.fabric.timeline.recorder?.ended(this.record, 'arrived')
    for (const { life, handlers } of sockets) if (life.alive) handlers.message(this.bytes.slice(), this.from)
  }

  override dropped(): void {
    if (this.record !== null) this.post.fabric.timeline.recorder?.ended(this.record, 'lost')
  }
}

/** Datagrams as one life sees them. */
export class SimDatagrams implements Datagrams {
  private readonly post: Post
  private readonly life: Life

  constructor(post: Post, life: Life) {
    this.post = post
    this.life = life
  }

  /** One interface, on which everybody hears everybody. */
  interfaces(): readonly NetworkInterface[] {
    const { hostName } = this.life.machine
    return [{ name: 'eth0', family: 4, address: hostName, prefix: 24, broadcast: everybody, loopback: false }]
  }

  bind(wanted: Address, handlers: DatagramHandlers, options: DatagramOptions = {}): DatagramSocket {
    const { life, post } = this
    const { shared = false } = options
    const { timeline } = post.fabric
    if (!life.alive) return { send: () => {}, close: () => {} }
    const later = (run: () => void): void => timeline.call('network', life, 0, `bind ${wanted}`, run)
    const address = bindAddress(life.machine, wanted, (candidate) => post.taken(candidate, shared))
    if (typeof address !== 'string') {
      later(() => handlers.failed(address))
      return { send: () => {}, close: () => {} }
    }
    const socket: SimSocket = { address, life, handlers, shared, wild: isWild(hostOf(wanted)) }
    post.open(socket)
    later(() => {
      if (post.isOpen(socket)) handlers.listening(socket.address)
    })
    return {
      send: (bytes, to) => {
        if (life.alive && post.isOpen(socket)) post.send(socket, bytes, to)
      },
      close: () => post.close(socket),
    }
  }
}
