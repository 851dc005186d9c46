import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Nobody has this hardware address: what is sent there is lost without a word. */
const NOBODY = '02:00:00:00:ff:ff'

/** Why this machine cannot make a LAN of its own, in a sentence; null when it can. */
export function whyNot(): string | null {
  if (process.platform !== 'linux') return 'It needs the network namespaces of Linux.'
  if (process.getuid?.() !== 0) return 'It needs root, to make network namespaces.'
  const name = `tanist-${process.pid}-try`
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' })
  } catch {
    return 'It needs the command "ip" of iproute2 and the right to make network namespaces.'
  }
  try {
    execFileSync('ip', ['-n', name, 'link', 'add', 'name', 'v0', 'type', 'veth', 'peer', 'name', 'v1'], {
      stdio: 'ignore',
    })
    execFileSync('ip', ['-n', name, 'link', 'add', 'br0', 'type', 'bridge'], { stdio: 'ignore' })
    return null
  } catch {
    return 'It needs a kernel with virtual cables and bridges (veth, bridge).'
  } finally {
    execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' })
  }
}

/**
 * Hosts 1 to n on one switch, each a network namespace with one `eth0`. Everything lies in namespaces of its own, whose
 * names begin with `tanist-PID-`: nothing is attached to an interface of this machine.
 */
export class Lab {
  readonly hosts: readonly number[]
  readonly #switch = `tanist-${process.pid}-switch`
  readonly #made = new Set<string>()
  readonly #addresses = new Map<number, string>()
  /** Frames of the first to the second are lost. */
  readonly #cuts: [from: number, to: number][] = []

  constructor(hosts: number) {
    this.hosts = Array.from({ length: hosts }, (_, i) => i + 1)
  }

  async up(): Promise<void> {
    await this.#namespace(this.#switch)
    await this.#ip('-n', this.#switch, 'link', 'add', 'br0', 'type', 'bridge')
    await this.#ip('-n', this.#switch, 'link', 'set', 'br0', 'up')
    for (const host of this.hosts) await this.powerOn(host)
  }

  /** Its kernel takes all cables and processes' sockets with it. Also after a failure half way. */
  down(): void {
    for (const name of this.#made) {
      try {
        execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' })
      } catch {
        // Gone already.
      }
    }
    this.#made.clear()
  }

  netns(host: number): string {
    return `tanist-${process.pid}-h${host}`
  }

  address(host: number): string {
    return this.#addresses.get(host) ?? `10.77.0.${host}`
  }

  /** The host as it is at first: its address, its hardware address, no memory of any connection. */
  async powerOn(host: number): Promise<void> {
    const ns = this.netns(host)
    await this.#namespace(ns)
    const cable = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', ns]
    await this.#ip('-n', this.#switch, 'link', 'add', 'name', `p${host}`, ...cable)
    await this.#ip('-n', ns, 'link', 'set', 'eth0', 'address', `02:00:00:00:00:${hex(host)}`)
    await this.#ip('-n', ns, 'addr', 'add', `${this.address(host)}/24`, 'dev', 'eth0')
    await this.#ip('-n', ns, 'link', 'set', 'lo', 'up')
    await this.#ip('-n', ns, 'link', 'set', 'eth0', 'up')
    await this.#ip('-n', this.#switch, 'link', 'set', `p${host}`, 'master', 'br0')
    await this.#ip('-n', this.#switch, 'link', 'set', `p${host}`, 'up')
  }

  /** No power: mute it first, end its processes, and then this. */
  async powerOff(host: number): Promise<void> {
    const ns = this.netns(host)
    await this.#ip('netns', 'del', ns)
    this.#made.delete(ns)
    // The namespace lives until the last process in it has gone; so does its end of the cable.
    await this.#ip('-n', this.#switch, 'link', 'del', `p${host}`).catch(() => {})
  }

  /** What `from` sends to `to` is lost. */
  async cut(from: number, to: number): Promise<void> {
    this.#cuts.push([from, to])
    const who = [this.address(to), 'lladdr', NOBODY, 'dev', 'eth0', 'nud', 'permanent']
    await this.#ip('-n', this.netns(from), 'neigh', 'replace', ...who)
  }

  async split(ones: readonly number[], others: readonly number[]): Promise<void> {
    for (const a of ones) {
      for (const b of others) {
        await this.cut(a, b)
        await this.cut(b, a)
      }
    }
  }

  async heal(): Promise<void> {
    for (const [from, to] of this.#cuts.splice(0))
      await this.#ip('-n', this.netns(from), 'neigh', 'del', this.address(to), 'dev', 'eth0').catch(() => {})
  }

  /** The host itself sees that there is no carrier. */
  async cable(host: number, plugged: boolean): Promise<void> {
    await this.#ip('-n', this.#switch, 'link', 'set', `p${host}`, plugged ? 'up' : 'down')
  }

  /** A bad port of the switch: the light is on, and nothing goes through. */
  async mute(host: number, muted: boolean): Promise<void> {
    const master = muted ? ['nomaster'] : ['master', 'br0']
    await this.#ip('-n', this.#switch, 'link', 'set', `p${host}`, ...master)
  }

  /** As a new lease of DHCP does. */
  async changeAddress(host: number, address: string): Promise<void> {
    const ns = this.netns(host)
    await this.#ip('-n', ns, 'addr', 'del', `${this.address(host)}/24`, 'dev', 'eth0')
    await this.#ip('-n', ns, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
    this.#addresses.set(host, address)
  }

  /** Nothing that is sent to all arrives, nor goes out: as on a guest network, only silently. */
  async withoutBroadcast(host: number): Promise<void> {
    const ns = this.netns(host)
    await this.#ip('-n', ns, 'route', 'del', 'broadcast', '10.77.0.255', 'dev', 'eth0', 'table', 'local')
    await this.#ip('-n', ns, '-6', 'addr', 'flush', 'dev', 'eth0')
  }

  /** A second interface that leads nowhere; each host may have the same one, as with container bridges. */
  async addInterface(host: number, name: string, address: string): Promise<void> {
    const ns = this.netns(host)
    await this.#ip('-n', ns, 'link', 'add', 'name', name, 'type', 'bridge')
    await this.#ip('-n', ns, 'addr', 'add', address, 'dev', name)
    await this.#ip('-n', ns, 'link', 'set', name, 'up')
  }

  async #namespace(name: string): Promise<void> {
    this.#made.add(name)
    await this.#ip('netns', 'add', name)
  }

  async #ip(...args: string[]): Promise<void> {
    await run('ip', args)
  }
}

const hex = (n: number): string => n.toString(16).padStart(2, '0')
