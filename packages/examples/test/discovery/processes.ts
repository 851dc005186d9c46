import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { JoinOptions, PeerStatus } from '@tanist/singleton'

const PROGRAM = fileURLToPath(new URL('peer.mjs', import.meta.url))
const PATIENCE_MS = 60_000

export interface Line {
  readonly level: string
  readonly event: string
  readonly text: string
}

export interface Said {
  readonly status: PeerStatus
  readonly log: readonly Line[]
  readonly added?: { readonly status: string; readonly value?: number }
}

/** Peer processes on loopback that look for each other there, on a port of their own. */
export class Processes {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tanist-discovery-'))
  readonly #children = new Map<string, ChildProcess>()
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  start(name: string, options: Partial<JoinOptions> & { readonly app: string }): void {
    const data = join(this.#folder, name)
    const given = { name, data, listen: '127.0.0.1:0', discovery: { port: this.#port }, ...options }
    const child = fork(PROGRAM, [JSON.stringify(given)], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#children.set(name, child)
  }

  kill(name: string): void {
    this.#children.get(name)?.kill('SIGKILL')
    this.#children.delete(name)
  }

  /** Its answer, once it listens. */
  ask(name: string, what: 'status' | 'add' | 'leave' = 'status'): Promise<Said> {
    const child = this.#children.get(name)
    if (!child) throw new Error(`no process ${name}`)
    return new Promise((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)))
      child.once('message', (said: Said) => resolve(said))
      child.send(what, () => {})
    })
  }

  async until(
    what: string,
    is: (all: ReadonlyMap<string, Said>) => boolean,
  ): Promise<ReadonlyMap<string, Said>> {
    const endMs = Date.now() + PATIENCE_MS
    for (;;) {
      const names = [...this.#children.keys()]
      const all = new Map(await Promise.all(names.map(async (name) => [name, await this.ask(name)] as const)))
      if (is(all)) return all
      if (Date.now() > endMs) throw new Error(`not within a minute: ${what}; ${wordsOf(all)}`)
      await pause(50)
    }
  }

  end(): void {
    for (const child of this.#children.values()) child.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

function wordsOf(all: ReadonlyMap<string, Said>): string {
  return [...all]
    .map(([name, { status }]) => `${name}: ${status.members.length} members, ${status.waitingFor ?? 'well'}`)
    .join('; ')
}

/** A UDP port that nobody uses now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    socket.once('error', reject)
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address()
      socket.close(() => resolve(port))
    })
  })
}
