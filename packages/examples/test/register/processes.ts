import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Member, PeerStatus } from '@tanist/singleton'

const MAIN = fileURLToPath(new URL('../../dist/register/main.js', import.meta.url))
const PATIENCE_MS = 30_000

export type Status = Omit<PeerStatus, 'clusterId' | 'lastTakeover' | 'witness'>
export type { Member }

export interface Reply {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface Exit {
  readonly code: number | null
  readonly signal: string | null
  readonly stderr: string
  readonly stdout: string
}

/** One register process, which can be started again with its folder and address. */
export class RegisterProcess {
  readonly name: string
  readonly address: string
  readonly args: readonly string[]
  #child: ChildProcess | null = null
  #exit: Promise<Exit> | null = null

  constructor(name: string, address: string, args: readonly string[]) {
    this.name = name
    this.address = address
    this.args = args
  }

  start(): this {
    const { child, exit } = run(this.args)
    this.#child = child
    this.#exit = exit
    return this
  }

  get alive(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null
  }

  get exit(): Promise<Exit> {
    if (this.#exit === null) throw new Error(`${this.name} was never started`)
    return this.#exit
  }

  /** The signal is under way when this returns. */
  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  async status(): Promise<Status> {
    // The service's own type, over HTTP: the tests look at its fields.
    return (await call(this.address, 'GET', '/v1/status')).body as unknown as Status
  }

  post(path: string, body?: unknown): Promise<Reply> {
    return call(this.address, 'POST', path, body)
  }

  get(path: string): Promise<Reply> {
    return call(this.address, 'GET', path)
  }
}

export function run(args: readonly string[]): { child: ChildProcess; exit: Promise<Exit> } {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  let stdout = ''
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
  const exit = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, stderr, stdout }))
  })
  return { child, exit }
}

/** Peers of one cluster, on free ports of loopback, with folders that vanish with it. */
export class Fleet {
  readonly folder: string
  readonly peers: RegisterProcess[] = []

  private constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'tanist-register-'))
  }

  static async of(size: number, more: readonly string[] = []): Promise<Fleet> {
    const fleet = new Fleet()
    const addresses = (await freePorts(size)).map((port) => `127.0.0.1:${port}`)
    for (const [i, address] of addresses.entries()) {
      const name = String.fromCodePoint('a'.codePointAt(0)! + i)
      const others = addresses.filter((one) => one !== address)
      const args = ['--name', name, '--listen', address, '--data', join(fleet.folder, name), ...more]
      if (others.length > 0) args.push('--join', others.join(','))
      fleet.peers.push(new RegisterProcess(name, address, args))
    }
    return fleet
  }

  static async started(size: number): Promise<Fleet> {
    const fleet = await Fleet.of(size)
    try {
      for (const peer of fleet.peers) peer.start()
      await fleet.whole()
    } catch (error) {
      await fleet.end()
      throw error
    }
    return fleet
  }

  get addresses(): string[] {
    return this.peers.map(({ address }) => address)
  }

  get living(): RegisterProcess[] {
    return this.peers.filter((peer) => peer.alive)
  }

  /** Until all living peers agree on a server and on `voters` members, all admitted, all voters. */
  async whole(voters: number = this.living.length): Promise<void> {
    await until(`${voters} voters that agree on a server`, async () => {
      const all = await Promise.all(this.living.map((peer) => peer.status()))
      const servers = new Set(all.map(({ server }) => server?.id))
      return (
        servers.size === 1 &&
        !servers.has(undefined) &&
        all.every(({ members, waitingFor }) => waitingFor === null && members.filter(isUp).length === voters)
      )
    })
  }

  async leader(): Promise<RegisterProcess> {
    let leader: RegisterProcess | undefined
    await until('a server that serves', async () => {
      for (const peer of this.living) {
        const { role, waitingFor } = await peer.status()
        if (role === 'leader' && waitingFor === null) leader = peer
      }
      return leader !== undefined
    })
    return leader as unknown as RegisterProcess
  }

  without(...gone: readonly RegisterProcess[]): RegisterProcess[] {
    return this.living.filter((peer) => !gone.includes(peer))
  }

  /** Ends every process that is still there and removes the folders. */
  async end(): Promise<void> {
    const ends = this.living.map((peer) => {
      peer.kill('SIGKILL')
      return peer.exit
    })
    await Promise.all(ends)
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function isUp({ voter, reachable }: Member): boolean {
  return voter && reachable
}

/** Asks again and again; errors count as "not yet". The deadline is far beyond what a busy machine needs. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS
  let last: unknown = 'never'
  while (performance.now() < endMs) {
    try {
      if (await holds()) return
    } catch (error) {
      last = error
    }
    await sleep(20)
  }
  throw new Error(`There was no moment with ${what} (last error: ${String(last)})`)
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve)
      })
      return server
    }),
  )
  const ports = servers.map((server) => {
    const at = server.address()
    return typeof at === 'object' && at !== null ? at.port : 0
  })
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

const agent = new Agent({ keepAlive: true, maxSockets: 256 })

export interface RawBody {
  readonly text: string
  readonly type: string
}

/** One HTTP request over a kept-alive connection. Rejects when there is no answer. */
export function call(
  address: string,
  method: string,
  path: string,
  body?: unknown,
  { timeoutMs = 20_000, raw }: { timeoutMs?: number; raw?: RawBody } = {},
): Promise<Reply> {
  const [host = '', port = ''] = address.split(':')
  const text = raw?.text ?? (body === undefined ? undefined : JSON.stringify(body))
  const headers = text === undefined ? {} : { 'content-type': raw?.type ?? 'application/json' }
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const request = httpRequest({ agent, host, port, method, path, headers, signal }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        try {
          const json = JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>
          resolve({ status: response.statusCode ?? 0, body: json, headers: response.headers })
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      })
    })
    request.on('error', reject)
    request.end(text)
  })
}
