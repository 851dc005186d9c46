import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { compile } from '../support/child.js'
import { later } from '../support/peers.js'

beforeAll(compile)

interface Line {
  readonly found?: string
  readonly by?: string
  readonly addresses?: readonly string[]
  readonly note?: string
  readonly status?: {
    readonly sweeps: number
    readonly dropped: Record<string, number>
    readonly interfaces: unknown[]
  }
}

const path = fileURLToPath(new URL('./child.mjs', import.meta.url))
const idOf = (n: number): string => String(n).padStart(32, '0')

class Peer {
  readonly lines: Line[] = []
  readonly #child: ChildProcess
  #wake: () => void = () => {}

  constructor(command: string, ...args: string[]) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.lines.push(JSON.parse(line) as Line)
      this.#wake()
    })
    later(() => void this.#child.kill('SIGKILL'))
  }

  async until(holds: (line: Line) => boolean): Promise<Line> {
    for (;;) {
      const line = this.lines.find(holds)
      if (line !== undefined) return line
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  finds(n: number): Promise<Line> {
    return this.until(({ found }) => found === idOf(n))
  }

  async status(): Promise<NonNullable<Line['status']>> {
    this.lines.splice(0)
    this.#child.stdin!.write('?')
    const { status } = await this.until((line) => line.status !== undefined)
    return status!
  }

  async leave(): Promise<void> {
    const gone = once(this.#child, 'exit')
    this.#child.stdin!.end()
    await gone
  }
}

async function freePort(): Promise<string> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  return String(port)
}

describe('processes on loopback', () => {
  it('find each other on one shared port, and no others with another secret or application', async () => {
    const port = await freePort()
    const app = `discovery-${process.pid}`
    const start = (n: number, ...more: string[]): Peer =>
      new Peer(process.execPath, path, String(n), port, '127.0.0.1:0', ...more)
    const server = start(1, app, 'server')
    await server.until((line) => 'started' in line)
    const others = [start(2, app, 'peer'), start(3, app, 'peer')]
    const stranger = start(4, `${app}-other`, 'peer')
    const wrong = start(5, app, 'peer', 'another secret of these tests')
    for (const one of others) {
      const { addresses } = await one.finds(1)
      expect(addresses).toEqual(['127.0.0.1:7101'])
    }
    await Promise.all([others[0]!.finds(3), others[1]!.finds(2), server.finds(2), server.finds(3)])
    await Promise.all([stranger, wrong].map((one) => one.until(({ note }) => note === 'discovery-foreign')))
    for (const one of [stranger, wrong])
      expect(one.lines.filter(({ found }) => found !== undefined)).toEqual([])
    // It ends by itself, with all its sockets closed, and has said so.
    await others[0]!.leave()
    await server.until(({ found, by }) => found === idOf(2) && by === 'goodbye')
  })
})

/** Why there are no networks of our own here; null when there are. */
function whyNot(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs Linux and root'
  try {
    ip('netns', 'add', `${lab}-try`)
    ip('-n', `${lab}-try`, 'link', 'add', 'name', 'v0', 'type', 'veth', 'peer', 'name', 'v1')
    return null
  } catch {
    return 'needs the command "ip" and the right to make network namespaces'
  } finally {
    remove('try')
  }
}

const lab = `tanist-find-${process.pid}`
const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: 'ignore' })
function remove(name: string): void {
  try {
    ip('netns', 'del', `${lab}-${name}`)
  } catch {
    // It never was.
  }
}

const names: string[] = []
function namespace(name: string): string {
  names.push(name)
  ip('netns', 'add', `${lab}-${name}`)
  return `${lab}-${name}`
}

/** A cable from `host` to the switch `to`. */
function cable(host: string, eth: string, address: string, to: string): void {
  const [ns, sw] = [`${lab}-${host}`, `${lab}-${to}`]
  const port = `${host}${eth}`
  ip('-n', sw, 'link', 'add', 'name', port, 'type', 'veth', 'peer', 'name', eth, 'netns', ns)
  ip('-n', ns, 'addr', 'add', `${address}/24`, 'brd', '+', 'dev', eth)
  ip('-n', ns, 'link', 'set', eth, 'up')
  ip('-n', sw, 'link', 'set', port, 'master', 'br0')
  ip('-n', sw, 'link', 'set', port, 'up')
}

function switchOf(name: string): void {
  const ns = namespace(name)
  ip('-n', ns, 'link', 'add', 'br0', 'type', 'bridge')
  ip('-n', ns, 'link', 'set', 'br0', 'up')
}

function hostOf(name: string): string {
  const ns = namespace(name)
  ip('-n', ns, 'link', 'set', 'lo', 'up')
  return ns
}

const missing = whyNot()

describe.skipIf(missing !== null)(`hosts in networks of their own${missing ? ` (${missing})` : ''}`, () => {
  afterEach(() => {
    for (const name of names.splice(0)) remove(name)
  })

  const start = (ns: string, n: number, what: string): Peer =>
    new Peer('ip', 'netns', 'exec', ns, process.execPath, path, String(n), '47800', '0.0.0.0:0', 'lan', what)

  it('are found by broadcast on every interface, and when an address has changed and an interface was away', async () => {
    for (const name of ['s', 't']) switchOf(name)
    const [a, b, c] = ['a', 'b', 'c'].map(hostOf) as [string, string, string]
    cable('a', 'eth0', '10.77.1.1', 's')
    cable('b', 'eth0', '10.77.1.2', 's')
    cable('b', 'eth1', '10.77.2.2', 't')
    cable('c', 'eth0', '10.77.2.3', 't')
    const [first, last] = [start(a, 1, 'server'), start(c, 3, 'server')]
    await Promise.all([first, last].map((one) => one.until((line) => 'started' in line)))
    // Without sweeps: on a busy machine one may be due before the first answer was read.
    const middle = start(b, 2, 'unswept')
    const [one, three] = [await middle.finds(1), await middle.finds(3)]
    expect([one.addresses?.[0], three.addresses?.[0]]).toEqual(['10.77.1.1:7101', '10.77.2.3:7101'])
    expect((await middle.status()).sweeps).toBe(0)
    // Another address for a, and no cable between b and c for a while.
    middle.lines.splice(0)
    ip('-n', a, 'addr', 'del', '10.77.1.1/24', 'dev', 'eth0')
    ip('-n', a, 'addr', 'add', '10.77.1.101/24', 'brd', '+', 'dev', 'eth0')
    ip('-n', b, 'link', 'del', 'eth1')
    await middle.until(({ addresses }) => addresses?.[0] === '10.77.1.101:7101')
    await middle.until(({ note }) => note === 'interface-down')
    middle.lines.splice(0)
    cable('b', 'eth1', '10.77.2.2', 't')
    await middle.finds(3)
  })

  it('are found by the sweep where broadcast is blocked, two processes of one host as well', async () => {
    switchOf('s')
    const [a, b] = ['a', 'b'].map(hostOf) as [string, string]
    cable('a', 'eth0', '10.77.1.1', 's')
    cable('b', 'eth0', '10.77.1.2', 's')
    // The host itself refuses to say anything to everybody, as behind many firewalls.
    for (const ns of [a, b]) {
      ip('-n', ns, 'route', 'add', 'prohibit', '10.77.1.255/32', 'metric', '0')
      ip('-n', ns, 'route', 'del', 'broadcast', '10.77.1.255', 'dev', 'eth0', 'table', 'local')
      ip('-n', ns, '-6', 'addr', 'flush', 'dev', 'eth0')
    }
    const servers = [start(a, 1, 'server'), start(a, 2, 'server')]
    await Promise.all(servers.map((one) => one.until((line) => 'started' in line)))
    const newcomer = start(b, 3, 'peer')
    expect((await newcomer.finds(1)).by).toBe('sweep')
    expect((await newcomer.finds(2)).by).toBe('sweep')
    await newcomer.until(({ note }) => note === 'cannot-send')
  })
})
