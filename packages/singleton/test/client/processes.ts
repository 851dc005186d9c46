import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as path } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { persist, refuse, role } from '../../src/index.js'

const PROGRAM = fileURLToPath(new URL('program.mjs', import.meta.url))
export const SECRET = 'only for this loopback'

/** As in `tally.mjs`. */
export const tally = role('tally', {
  state: (): { readonly marks: readonly string[] } => ({ marks: [] }),
  events: { marked: (s, e: { mark: string }) => ({ marks: [...s.marks, e.mark] }) },
  commands: {
    mark: (s, c: { mark: string }, on) =>
      s.marks.includes(c.mark)
        ? refuse({ code: 'twice' as const })
        : persist(on.marked(c)).reply((next) => next.marks.length),
  },
})

interface Member {
  readonly child: ChildProcess
  address: string
  isJoined: boolean
  server: string
}

/** Peers in processes of their own, on loopback. */
export class Processes {
  readonly members: Map<string, Member> = new Map()
  readonly #root = mkdtempSync(path(tmpdir(), 'tanist-clients-'))

  get addresses(): string[] {
    return [...this.members.values()].flatMap(({ address }) => address || [])
  }

  nameAt(address: string): string {
    return [...this.members].find(([, member]) => member.address === address)?.[0] ?? '?'
  }

  async start(name: string, more: object = {}): Promise<Member> {
    const given = {
      name,
      data: path(this.#root, name),
      secret: SECRET,
      seeds: this.addresses,
      timing: { settleMs: this.members.size === 0 ? 50 : 10_000 },
      ...more,
    }
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify(given)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const member: Member = { child, address: '', isJoined: false, server: '-' }
    this.members.set(name, member)
    child.stdin?.on('error', () => {})
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'joined') member.isJoined = true
      else if (line.startsWith('server ')) member.server = line.slice(7)
      else member.address = line
    })
    await until(() => member.isJoined)
    return member
  }

  /** Whoever most members say serves. */
  get server(): string {
    const [first] = [...this.members.values()].map(({ server }) => server)
    return first ?? '-'
  }

  async kill(name: string, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.members.get(name)?.child
    this.members.delete(name)
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  async close(): Promise<void> {
    await Promise.all([...this.members.keys()].map((name) => this.kill(name)))
    rmSync(this.#root, { recursive: true, force: true })
  }
}

export async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 5))
}
