import type { Address, DatagramHandlers, Datagrams, DatagramSocket } from '../host/index.js'
import { bindAddress } from './binding.js'
import { SimEvent } from './events.js'
import { type Life, type Machine, portOf } from './machine.js'
import type { Fabric } from './network.js'
import type { OpenMessage } from './record/index.js'

interface SimSocket {
  /** Follows the machine when that gets a new one. */
  address: Address
  readonly life: Life
  readonly handlers: DatagramHandlers
}

/** All sockets of the world, by address. */
export class Post {
  readonly fabric: Fabric
  private readonly sockets = new Map<Address, SimSocket>()

  constructor(fabric: Fabric) {
    this.fabric = fabric
  }

  has(address: Address): boolean {
    return this.sockets.has(address)
  }

  open(socket: SimSocket): void {
    this.sockets.set(socket.address, socket)
  }

  close(socket: SimSocket): void {
    if (this.sockets.get(socket.address) === socket) this.sockets.delete(socket.address)
  }

  /** The machine has another address. */
  move(machine: Machine): void {
    for (const socket of [...this.sockets.values()]) {
      if (socket.life.machine !== machine) continue
      this.close(socket)
      socket.address = `${machine.hostName}:${portOf(socket.address)}`
      this.open(socket)
    }
  }

  endLife(life: Life): void {
    for (const socket of this.sockets.values()) if (socket.life === life) this.close(socket)
  }

  socket(address: Address): SimSocket | undefined {
    return this.sockets.get(address)
  }

  send(from: SimSocket, bytes: Uint8Array, to: Address): void {
    const { fabric } = this
    const machine = fabric.route(to)
    if (machine === undefined) return
    const path = fabric.path(from.life.machine, machine)
    const { datagramLoss, datagramDuplicate, datagramReorder, reorderMs } = path.quality
    const sender = from.life.machine
    if (path.isCut || fabric.random.next() < datagramLoss) {
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
    const socket = this.post.socket(this.to)
    // Without power there is no process, and so no socket.
    if (socket === undefined) {
      this.dropped()
      return
    }
    if (this.machine.paused) {
      socket.life.pile.push(this)
      return
    }
    if (this.record !== null) this.post.fabric.timeline.recorder?.ended(this.record, 'arrived')
    socket.handlers.message(this.bytes, this.from)
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

  bind(wanted: Address, handlers: DatagramHandlers): DatagramSocket {
    const { life, post } = this
    const { timeline } = post.fabric
    if (!life.alive) return { send: () => {}, close: () => {} }
    const later = (run: () => void): void => timeline.call('network', life, 0, `bind ${wanted}`, run)
    const address = bindAddress(life.machine, wanted, (candidate) => post.has(candidate))
    if (typeof address !== 'string') {
      later(() => handlers.failed(address))
      return { send: () => {}, close: () => {} }
    }
    const socket: SimSocket = { address, life, handlers }
    post.open(socket)
    later(() => {
      if (post.socket(socket.address) === socket) handlers.listening(socket.address)
    })
    return {
      send: (bytes, to) => {
        if (life.alive && post.socket(socket.address) === socket) post.send(socket, bytes, to)
      },
      close: () => post.close(socket),
    }
  }
}
