import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from './pages.js'

/** What the project has installed, and where this one has it. */
const modules = [
  ['@tanist', 'packages/examples/node_modules'],
  ['rxjs', 'packages/examples/node_modules'],
  ['fast-check', 'node_modules'],
] as const

/**
 * A project of its own in a temporary folder, which sees Tanist as an application does: by its built packages.
 * `close` ends what still runs and removes the folder.
 */
export class Workshop {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'tanist-docs-'))
  readonly #children = new Set<ChildProcess>()

  constructor() {
    mkdirSync(join(this.folder, 'node_modules'))
    for (const [name, folder] of modules)
      symlinkSync(join(root, folder, name), join(this.folder, 'node_modules', name), 'junction')
    this.write('package.json', '{"type":"module"}')
    const compilerOptions = {
      target: 'es2022',
      lib: ['es2023'],
      module: 'nodenext',
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    }
    this.write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['**/*.ts'], exclude: ['run'] }))
  }

  write(path: string, text: string): void {
    const file = join(this.folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  /** Compiles everything in place; what the compiler said, empty when it was content. */
  async compile(): Promise<string> {
    const { output } = await this.node([join(root, 'node_modules/typescript/bin/tsc'), '-p', this.folder])
    return output.replaceAll('\r', '').trim()
  }

  /** Runs to the end, with a working folder of its own. */
  async node(
    args: readonly string[],
  ): Promise<{ readonly code: number | null; readonly output: string; readonly errors: string }> {
    const child = this.start(args)
    let output = ''
    let errors = ''
    child.stdout?.on('data', (text: string) => (output += text))
    child.stderr?.on('data', (text: string) => (errors += text))
    const code = await ended(child)
    return { code, output, errors }
  }

  start(args: readonly string[]): ChildProcess {
    const cwd = join(this.folder, 'run')
    mkdirSync(cwd, { recursive: true })
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.setEncoding('utf8')
    child.stderr.setEncoding('utf8')
    this.#children.add(child)
    child.once('close', () => this.#children.delete(child))
    return child
  }

  async close(): Promise<void> {
    const ends = [...this.#children].map((child) => {
      child.kill('SIGKILL')
      return ended(child)
    })
    await Promise.all(ends)
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Its exit code; null when a signal ended it. */
export function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('close', (code) => resolve(code))
    child.once('error', reject)
  })
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
