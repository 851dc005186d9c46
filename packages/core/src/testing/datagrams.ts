import type { Address, DatagramHandlers, Datagrams, DatagramSocket } from '../host/index.js'
import { bindAddress } from './binding.js'
import { CallEvent, SimEvent } from './events.js'
import type { Life, Machine } from './machine.js'
import type { Fabric } from './network.js'

interface SimSocket {
  readonly address: Address
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
    if (path.isCut || fabric.random.next() < datagramLoss) return
    const copies = fabric.random.next() < datagramDuplicate ? 2 : 1
    for (let i = 0; i < copies; i++) {
      const late = fabric.random.next() < datagramReorder ? fabric.random.next() * reorderMs : 0
      const datagram = new Datagram(this, machine, from.address, to, bytes.slice())
      fabric.timeline.push(datagram, fabric.timeline.nowMs + fabric.latencyMs(path.quality) + late)
    }
  }
}

class Datagram extends SimEvent {
  private readonly payload: Uint8Array
  private readonly post: Post
  private readonly machine: Machine
  private readonly from: Address
  private readonly to: Address

  constructor(post: Post, machine: Machine, from: Address, to: Address, bytes: Uint8Array) {
    super('datagram', null)
    this.post = post
    this.machine = machine
    this.from = from
    this.to = to
    this.payload = bytes
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
    if (socket === undefined) return
    if (!this.machine.paused) {
      socket.handlers.message(this.bytes, this.from)
      return
    }
    const { life, handlers } = socket
    const { bytes, from } = this
    life.pile.push(new CallEvent('datagram', life, this.what(), () => handlers.message(bytes, from)))
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
      if (post.socket(address) === socket) handlers.listening(address)
    })
    return {
      send: (bytes, to) => {
        if (life.alive && post.socket(address) === socket) post.send(socket, bytes, to)
      },
      close: () => post.close(socket),
    }
  }
}
