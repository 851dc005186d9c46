import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePorts } from '../register/processes.js'

const MAIN = fileURLToPath(new URL('../../dist/printer/main.js', import.meta.url))
const PATIENCE_MS = 30_000

export interface Said {
  readonly line: string
  readonly ok?: unknown
  readonly code?: string
  readonly text?: string
}

export interface PrinterStatus {
  readonly server: string | null
  readonly successors: number
  readonly printer: { readonly state: string; readonly text: string | null }
}

/** One process of the printer program, driven by its standard input. */
export class PrinterProcess {
  readonly name: string
  readonly #child: ChildProcess
  readonly #waiting: ((said: Said) => void)[] = []
  log = ''

  constructor(name: string, args: readonly string[]) {
    this.name = name
    this.#child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stderr?.on('data', (data: Buffer) => (this.log += data.toString()))
    // Who asks a process that dies need not wait for ever.
    this.#child.once('exit', () => {
      for (const one of this.#waiting.splice(0)) one({ line: lineOf.get(one) ?? '', code: 'gone' })
    })
    // What the process is told while it dies is of no interest.
    this.#child.stdin?.on('error', () => {})
    createInterface({ input: this.#child.stdout! }).on('line', (text) => {
      const said = JSON.parse(text) as Said
      const at = this.#waiting.findIndex((one) => lineOf.get(one) === said.line)
      this.#waiting.splice(at, 1)[0]?.(said)
    })
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  say(line: string): Promise<Said> {
    return new Promise((resolve) => {
      lineOf.set(resolve, line)
      this.#waiting.push(resolve)
      this.#child.stdin?.write(`${line}\n`)
    })
  }

  /** Undefined when it died meanwhile. */
  async status(): Promise<PrinterStatus | undefined> {
    return (await this.say('status')).ok as PrinterStatus | undefined
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** Its input ends: it stops by itself. */
  async end(): Promise<void> {
    if (!this.alive) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.stdin?.end()
    await Promise.race([ended, sleep(8_000)])
    if (this.alive) this.kill()
  }
}

const lineOf = new WeakMap<(said: Said) => void, string>()

/** Processes around one sheet of paper. */
export class PrinterOffice {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'tanist-printer-'))
  readonly all: PrinterProcess[] = []

  async start(names: readonly string[]): Promise<void> {
    const addresses = (await freePorts(names.length)).map((port) => `127.0.0.1:${port}`)
    for (const [i, name] of names.entries()) {
      const others = addresses.filter((_, k) => k !== i).join(',')
      const place = ['--listen', addresses[i]!, '--join', others, '--data', join(this.folder, name)]
      this.all.push(new PrinterProcess(name, ['--name', name, '--paper', this.paper, ...place]))
    }
  }

  get paper(): string {
    return join(this.folder, 'paper')
  }

  /** What was printed: token, who drove the printer, text. */
  get lines(): { readonly term: number; readonly who: string; readonly text: string }[] {
    const lines = readFileSync(this.paper, 'utf8').trim().split('\n')
    return lines.map((line) => {
      const [token = '', who = '', ...text] = line.split(' ')
      return { term: Number(token.split('.')[0]), who, text: text.join(' ') }
    })
  }

  get living(): PrinterProcess[] {
    return this.all.filter(({ alive }) => alive)
  }

  /** Until all living processes name the same server and say the same of the printer. */
  async agreed(state: string, successors: number): Promise<PrinterProcess> {
    const endMs = performance.now() + PATIENCE_MS
    for (;;) {
      const asked = await Promise.all(this.living.map((one) => one.status()))
      const all = asked.filter((one) => one !== undefined)
      const [first] = all
      const same = all.every(
        (one) => one.server === first?.server && one.printer.state === state && one.successors >= successors,
      )
      const server = this.living.find(({ name }) => name === first?.server)
      if (same && server !== undefined) return server
      if (performance.now() > endMs)
        throw new Error(
          `not agreed on ${state}: ${JSON.stringify(all)}\n${this.all.map(({ log }) => log).join('\n')}`,
        )
      await sleep(50)
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.all.map((one) => one.end()))
    rmSync(this.folder, { recursive: true, force: true })
  }
}
