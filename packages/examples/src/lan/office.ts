import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Lab } from './lab.js'
import { CONFIG_VARIABLE, PORT } from './messages.js'
import type { FromPeer, PeerConfig, Row, ToPeer } from './messages.js'

const PROGRAM = fileURLToPath(new URL('peer.js', import.meta.url))
const SECRET = 'a secret of this run alone'

export const nameOf = (host: number): string => `h${host}`

/** What one peer said, in the order in which it came here. */
export interface Said {
  readonly by: number
  readonly message: FromPeer
}

/** One peer process on each host of the lab. */
export class Office {
  readonly said: Said[] = []
  /** What the members of the last view of each host were, and who serves. */
  readonly views: Map<number, { readonly members: readonly Row[]; readonly server: string | null }> =
    new Map()
  readonly #lab: Lab
  readonly #folder = mkdtempSync(join(tmpdir(), 'tanist-lan-'))
  readonly #running = new Map<number, ChildProcess>()

  constructor(lab: Lab) {
    this.#lab = lab
  }

  start(host: number, more: Partial<PeerConfig> = {}): void {
    const config: PeerConfig = {
      app: 'lan',
      name: nameOf(host),
      data: join(this.#folder, nameOf(host)),
      secret: SECRET,
      expect: this.#lab.hosts.length,
      seeds: this.#lab.hosts.filter((h) => h !== host).map((h) => `10.77.0.${h}:${PORT}`),
      listen: `0.0.0.0:${PORT}`,
      discovers: false,
      ...more,
    }
    const args = ['netns', 'exec', this.#lab.netns(host), process.execPath, PROGRAM]
    const env = { ...process.env, [CONFIG_VARIABLE]: JSON.stringify(config) }
    const child = spawn('ip', args, { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#running.set(host, child)
    this.views.delete(host)
    child.on('error', () => {})
    child.on('message', (message: FromPeer) => {
      this.said.push({ by: host, message })
      if (message.kind === 'view') this.views.set(host, message)
    })
    child.on('exit', () => {
      if (this.#running.get(host) !== child) return
      this.#running.delete(host)
      this.views.delete(host)
    })
  }

  /** To be called whatever happened. */
  end(): void {
    for (const child of this.#running.values()) {
      child.kill('SIGCONT')
      child.kill('SIGKILL')
    }
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }

  async crash(host: number): Promise<void> {
    const child = this.#running.get(host)
    if (!child) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  freeze(host: number): void {
    this.#running.get(host)?.kill('SIGSTOP')
  }

  thaw(host: number): void {
    this.#running.get(host)?.kill('SIGCONT')
  }

  write(on: boolean): void {
    for (const host of this.#running.keys()) this.#tell(host, { kind: 'write', on })
  }

  /** What every replica holds now. */
  async held(): Promise<Map<number, ReadonlySet<string>>> {
    const from = this.said.length
    for (const host of this.#running.keys()) this.#tell(host, { kind: 'ask' })
    const found = new Map<number, ReadonlySet<string>>()
    await this.until('answers of all replicas', 10_000, () => {
      for (const { by, message } of this.said.slice(from))
        if (message.kind === 'held') found.set(by, new Set(message.ids))
      return found.size === this.#running.size
    })
    return found
  }

  /** All hosts run a peer, see all others as members and as reachable, and follow the same server. */
  get together(): boolean {
    const { length } = this.#lab.hosts
    const views = [...this.views.values()]
    const [first] = views
    return (
      views.length === length &&
      first?.server !== null &&
      views.every(
        ({ members, server }) =>
          server === first?.server && members.length === length && members.every((row) => row.reachable),
      )
    )
  }

  get server(): number {
    const [first] = this.views.values()
    return Number(first?.server?.slice(1) ?? 1)
  }

  async until(what: string, limitMs: number, is: () => boolean): Promise<void> {
    const endMs = Date.now() + limitMs
    while (!is()) {
      if (Date.now() > endMs) throw new Error(`not within ${limitMs} ms: ${what}`)
      await pause(20)
    }
  }

  #tell(host: number, message: ToPeer): void {
    const child = this.#running.get(host)
    if (child?.connected) child.send(message, () => {})
  }
}
