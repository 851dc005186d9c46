import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as path } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { filter, firstValueFrom } from 'rxjs'
import { expect } from 'vitest'
import type { JoinOptions, Peer } from '../../src/index.js'

const SECRET = 'only for this loopback'

interface Program {
  readonly process: ChildProcess
  readonly address: string
  readonly complaints: () => string
}

/** Peers that are processes of their own, each with a folder: `node PROGRAM BUILD JSON`. */
export class Programs {
  readonly root: string = mkdtempSync(path(tmpdir(), 'tanist-upgrade-'))
  readonly #program: string
  readonly #running = new Map<string, Program>()

  /** `program`: a file of this folder. */
  constructor(program: string) {
    this.#program = fileURLToPath(new URL(program, import.meta.url))
  }

  get addresses(): string[] {
    return [...this.#running.values()].map(({ address }) => address)
  }

  /** For a peer of this process that only asks. */
  get caller(): Omit<JoinOptions, 'app' | 'roles'> {
    return {
      secret: SECRET,
      serve: 'never',
      name: 'caller',
      data: path(this.root, 'caller'),
      seeds: this.addresses,
      listen: '127.0.0.1:0',
      expect: 2,
      timing: { settleMs: 10_000 },
      log: { write: () => {} },
    }
  }

  async start(name: string, build: string): Promise<void> {
    const expected = Math.min(2, this.#running.size + 1)
    const data = path(this.root, name)
    const given = { secret: SECRET, name, data, seeds: this.addresses, expect: expected }
    const child = spawn(process.execPath, [this.#program, build, JSON.stringify(given)])
    let said = ''
    child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()))
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const complaints = (): string => said
    this.#running.set(name, { process: child, address: '', complaints })
    const address = String((await lines.next()).value)
    this.#running.set(name, { process: child, address, complaints })
    expect((await lines.next()).value, said).toBe('joined')
  }

  async stop(name: string): Promise<void> {
    const { process, complaints } = this.#running.get(name)!
    const ended = once(process, 'exit')
    process.kill('SIGTERM')
    expect((await ended)[0], complaints()).toBe(0)
    expect(complaints()).toBe('')
    this.#running.delete(name)
  }

  /** Until everybody is a member again, and three vote: who starts anew may have to learn first. */
  whole(peer: Peer): Promise<unknown> {
    return firstValueFrom(
      peer.status$.pipe(
        filter(
          ({ members, server }) =>
            server !== null &&
            [...this.#running.keys()].every((name) => members.some((member) => member.name === name)) &&
            members.filter(({ voter }) => voter).length === 3,
        ),
      ),
    )
  }

  async close(): Promise<void> {
    for (const { process } of this.#running.values()) {
      if (process.exitCode !== null) continue
      process.kill('SIGKILL')
      await once(process, 'exit')
    }
    rmSync(this.root, { recursive: true, force: true })
  }
}
