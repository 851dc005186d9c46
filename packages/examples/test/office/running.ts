import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach } from 'vitest'
import type { Chairs, Wish } from '../../src/office/messages.js'
import type { Board } from '../../src/office/role.js'
import type { OfficeView } from '../../src/office/view.js'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Plain Node runs what was compiled; bring that up to date first. */
export function compile(): void {
  spawnSync(process.execPath, [at('../../../../node_modules/typescript/bin/tsc'), '-b', at('../..')], {
    stdio: 'ignore',
  })
}

const undo: (() => void | Promise<void>)[] = []

export function later(run: () => void | Promise<void>): void {
  undo.push(run)
}

afterEach(async () => {
  for (const run of undo.splice(0).toReversed()) await run()
})

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tanist-test-'))
  later(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }))
  return folder
}

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** `npm start -- ...args`, without npm. */
export class Program {
  readonly process: ChildProcess
  readonly lines: string[] = []
  readonly ended: Promise<Ended>
  #err = ''

  constructor(...args: readonly string[]) {
    const child = spawn(process.execPath, [at('../../dist/office/main.js'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.process = child
    const lines = createInterface({ input: child.stdout })
    lines.on('line', (line) => this.lines.push(line))
    child.stderr.on('data', (part: Buffer) => (this.#err += part.toString()))
    const closed = Promise.all([once(child, 'close'), once(lines, 'close')])
    this.ended = closed.then(([[code]]) => ({
      code: code as number | null,
      out: this.lines.join('\n'),
      err: this.#err,
    }))
    later(async () => void (await this.close()))
  }

  /** As Ctrl-C. */
  async close(): Promise<Ended> {
    if (this.process.exitCode === null) this.process.kill('SIGINT')
    return this.ended
  }

  /** The peers' addresses, once the office is open. */
  async urls(): Promise<string[]> {
    await eventually(() => this.lines.some((line) => line.includes('The office is open')), this)
    const line = this.lines.find((one) => one.includes('The office is open')) ?? ''
    return line.match(/http:\S+/g) ?? []
  }

  said(): string {
    return `${this.lines.join('\n')}\n${this.#err}`
  }
}

/** Waits as long as it takes; the test's own limit ends it, and `program` says what it did meanwhile. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  program?: Program,
  limitMs = 60_000,
): Promise<void> {
  const until = Date.now() + limitMs
  while (!(await holds())) {
    if (Date.now() > until)
      throw new Error(`It did not come about. The program said:\n${program?.said() ?? ''}`)
    await pause(20)
  }
}

export type View = OfficeView & Chairs

export async function office(url: string): Promise<View> {
  return (await (await fetch(`${url}api/office`)).json()) as View
}

export async function boardOf(url: string): Promise<Board> {
  return (await (await fetch(`${url}api/board`)).json()) as Board
}

export function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

export async function wish(url: string, asked: Wish): Promise<number> {
  return (await post(`${url}api/wishes`, asked)).status
}

export async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  )
}
