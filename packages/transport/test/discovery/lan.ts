import type { NetworkInterface, Random } from '@tanist/core'
import { seededRandom } from '@tanist/core/testing'
import { inSubnet } from '../../src/ipv4.js'
import { dueMs, statusOf, stepDiscovery } from '../../src/discovery/machine.js'
import { newDiscovery } from '../../src/discovery/state.js'
import type { DiscoveryEffect, DiscoveryInput, DiscoveryState } from '../../src/discovery/state.js'
import type {
  DatagramKey,
  DiscoveryConfig,
  DiscoveryStatus,
  DiscoveryView,
  Found,
} from '../../src/discovery/types.js'

export const key: DatagramKey = { id: 7, key: new Uint8Array(32).fill(1) }
export const otherKey: DatagramKey = { id: 8, key: new Uint8Array(32).fill(2) }

export const idOf = (n: number): string => n.toString(16).padStart(32, '0')
export const clusterId = 'c'.repeat(32)

export const lo: NetworkInterface = {
  name: 'lo',
  family: 4,
  address: '127.0.0.1',
  prefix: 8,
  broadcast: '127.255.255.255',
  loopback: true,
}

/** `eth0` of a /24. */
export const eth = (address: string, name = 'eth0'): NetworkInterface => ({
  name,
  family: 4,
  address,
  prefix: 24,
  broadcast: address.replace(/\d+$/, '255'),
  loopback: false,
})

export function viewOf(n: number, more: Partial<DiscoveryView> = {}): DiscoveryView {
  return {
    memberId: idOf(n),
    incarnation: 1,
    clusterId: null,
    addresses: [`10.0.0.${n}:7101`],
    isServer: false,
    server: null,
    successor: null,
    term: 0,
    members: [],
    ...more,
  }
}

interface Bound {
  readonly process: Process
  readonly key: string
  readonly host: string
  readonly port: number
  readonly shared: boolean
}

interface Event {
  readonly atMs: number
  readonly seq: number
  readonly run: () => void
}

export interface LanOptions {
  readonly loss?: number
  readonly duplicate?: number
  readonly lateMs?: number
  /** Nothing sent to everybody is carried between machines. */
  readonly isBroadcastBlocked?: boolean
}

/** Machines with addresses, processes that share ports, and virtual time: the machine without its shell. */
export class Lan {
  nowMs = 0
  /** Every datagram on its way, for who wants to look. */
  readonly sent: { from: string; to: string; bytes: Uint8Array; atMs: number }[] = []
  readonly machines: Machine[] = []
  readonly random: Random
  options: LanOptions
  /** `from>to`, by the name of a machine. */
  readonly cuts = new Set<string>()
  #events: Event[] = []
  #seq = 0
  #isMixed = false

  constructor(seed: number, options: LanOptions = {}) {
    this.random = seededRandom(`lan ${seed}`)
    this.options = options
  }

  machine(...interfaces: NetworkInterface[]): Machine {
    const machine = new Machine(this, `m${this.machines.length}`, [lo, ...interfaces])
    this.machines.push(machine)
    return machine
  }

  after(ms: number, run: () => void): void {
    this.#events.push({ atMs: this.nowMs + ms, seq: this.#seq++, run })
    this.#isMixed = true
  }

  run(forMs: number): void {
    const end = this.nowMs + forMs
    for (;;) {
      if (this.#isMixed) this.#events.sort((a, b) => b.atMs - a.atMs || b.seq - a.seq)
      this.#isMixed = false
      const next = this.#events.at(-1)
      if (next === undefined || next.atMs > end) break
      this.#events.pop()
      this.nowMs = Math.max(this.nowMs, next.atMs)
      next.run()
    }
    this.nowMs = end
  }

  send(from: Machine, source: Bound, to: string, bytes: Uint8Array): void {
    const [host = '', port] = [to.slice(0, to.lastIndexOf(':')), Number(to.slice(to.lastIndexOf(':') + 1))]
    const isLocal = host.startsWith('127.')
    const out = isLocal ? lo : from.towards(host)
    if (out === undefined) return
    const origin = `${source.host === '0.0.0.0' ? out.address : source.host}:${source.port}`
    this.sent.push({ from: origin, to, bytes, atMs: this.nowMs })
    for (const machine of isLocal ? [from] : this.machines) {
      const isForAll = machine.interfaces.some(({ broadcast }) => broadcast === host)
      if (!isForAll && !machine.interfaces.some(({ address }) => address === host)) continue
      if (machine !== from && this.#isLost(from, machine, isForAll)) continue
      const copies = machine !== from && this.random.next() < (this.options.duplicate ?? 0) ? 2 : 1
      for (let i = 0; i < copies; i++) {
        const late = machine === from ? 0.05 : 0.3 + this.random.next() * (this.options.lateMs ?? 0.3)
        this.after(late, () => machine.take(host, port, isForAll, bytes, origin))
      }
    }
  }

  #isLost(from: Machine, to: Machine, isForAll: boolean): boolean {
    if (this.cuts.has(`${from.name}>${to.name}`)) return true
    if (isForAll && this.options.isBroadcastBlocked === true) return true
    return this.random.next() < (this.options.loss ?? 0)
  }
}

export class Machine {
  readonly lan: Lan
  readonly name: string
  interfaces: NetworkInterface[]
  /** In the order of binding. */
  readonly sockets: Bound[] = []
  nextPort = 50_000
  /** How far its wall clock is off. */
  wallMs = 0
  /** While it sleeps, from then on: its monotonic clock stands still. */
  sleptMs = 0
  isAsleep = false

  constructor(lan: Lan, name: string, interfaces: NetworkInterface[]) {
    this.lan = lan
    this.name = name
    this.interfaces = interfaces
  }

  towards(host: string): NetworkInterface | undefined {
    return this.interfaces.find(({ address, prefix }) => inSubnet(host, address, prefix))
  }

  take(host: string, port: number, isForAll: boolean, bytes: Uint8Array, from: string): void {
    if (this.isAsleep) return
    const hears = ({ host: at, port: its }: Bound): boolean =>
      its === port && (at === host || at === '0.0.0.0')
    const hearers = this.sockets.filter(hears)
    // What is for one goes to the last one that was bound.
    for (const { process, key: socket } of isForAll ? hearers : hearers.slice(-1)) {
      process.step({ kind: 'datagram', socket, bytes: bytes.slice(), from })
    }
  }

  sleep(forMs: number): void {
    this.isAsleep = true
    this.lan.after(forMs, () => {
      this.isAsleep = false
      this.sleptMs += forMs
      for (const process of new Set(this.processes)) process.wake()
    })
  }

  readonly processes: Process[] = []

  start(view: DiscoveryView | null, more: Partial<DiscoveryConfig> = {}): Process {
    const process = new Process(this, view, more)
    this.processes.push(process)
    return process
  }
}

export class Process {
  readonly machine: Machine
  readonly found: (Found & { readonly atMs: number })[] = []
  readonly notes: string[] = []
  readonly knocks: string[][] = []
  readonly state: DiscoveryState
  view: DiscoveryView | null
  readonly #random: Random
  #wakes = 0

  constructor(machine: Machine, view: DiscoveryView | null, more: Partial<DiscoveryConfig>) {
    this.machine = machine
    this.view = view
    const { lan } = machine
    const config: DiscoveryConfig = {
      app: 'shop',
      keys: () => [key],
      want: view === null ? 'probe' : 'join',
      listen: '0.0.0.0:7101',
      remembered: [],
      ...more,
    }
    this.#random = seededRandom(`${machine.name}/${lan.random.next()}`)
    this.state = newDiscovery(config, config.ranges ?? [], this.#random)
    this.step({ kind: 'start' })
  }

  get status(): DiscoveryStatus {
    return statusOf(this.state)
  }

  /** Ids of those who were found, each once. */
  get ids(): string[] {
    return [...new Set(this.found.map(({ memberId }) => memberId ?? ''))].toSorted()
  }

  wake(): void {
    this.step({ kind: 'wake' })
  }

  step(input: DiscoveryInput): void {
    const { machine } = this
    const { lan } = machine
    const now = {
      monotonicMs: 1_000 + lan.nowMs - machine.sleptMs,
      wallMs: 1_790_000_000_000 + lan.nowMs + machine.wallMs,
    }
    const effects = stepDiscovery(this.state, input, now, this.#random, () => this.view)
    for (const effect of effects) this.#run(effect)
    const wake = ++this.#wakes
    const due = dueMs(this.state)
    if (due === Number.POSITIVE_INFINITY) return
    // Never less: a time that is short by a rounding would be due again and again at the same moment.
    lan.after(Math.max(0.01, due - now.monotonicMs), () => {
      if (wake === this.#wakes && !machine.isAsleep) this.wake()
    })
  }

  #run(effect: DiscoveryEffect): void {
    const { machine } = this
    const { lan, sockets } = machine
    if (effect.kind === 'found') this.found.push({ ...effect.hint, atMs: lan.nowMs })
    else if (effect.kind === 'note') this.notes.push(effect.event)
    else if (effect.kind === 'knock') this.knocks.push([...effect.addresses])
    else if (effect.kind === 'look') {
      const { interfaces } = machine
      lan.after(0, () => this.step({ kind: 'interfaces', interfaces }))
    } else if (effect.kind === 'send') {
      const source = sockets.find((one) => one.process === this && one.key === effect.socket)
      if (source !== undefined) lan.send(machine, source, effect.to, effect.bytes)
    } else if (effect.kind === 'unbind') {
      const at = sockets.findIndex((one) => one.process === this && one.key === effect.socket)
      if (at >= 0) sockets.splice(at, 1)
    } else this.#bind(effect.socket, effect.address, effect.options.shared === true)
  }

  #bind(socket: string, address: string, shared: boolean): void {
    const { machine } = this
    const host = address.slice(0, address.lastIndexOf(':'))
    const wanted = Number(address.slice(address.lastIndexOf(':') + 1))
    const isThere =
      host === '0.0.0.0' || machine.interfaces.some((one) => one.address === host || one.broadcast === host)
    const port = wanted === 0 ? machine.nextPort++ : wanted
    const isTaken = machine.sockets.some((one) => one.port === port && !(one.shared && shared))
    if (isThere && !isTaken) {
      machine.sockets.push({ process: this, key: socket, host, port, shared })
      machine.lan.after(0.1, () => this.step({ kind: 'bound', socket }))
    } else machine.lan.after(0.1, () => this.step({ kind: 'failed', socket, text: `no ${address}` }))
  }
}
