import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { later } from './peers.js'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Plain Node runs what was compiled; bring that up to date first. */
export function compile(): void {
  const tsc = at('../../../../node_modules/typescript/bin/tsc')
  spawnSync(process.execPath, [tsc, '-b', at('../..')], { stdio: 'ignore' })
}

export interface Child {
  readonly process: ChildProcess
  /** Its first line: the address or the folder it holds. */
  readonly said: string
  kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void
  gone(): Promise<void>
}

export async function child(what: 'listen' | 'lock', argument: string): Promise<Child> {
  const started = spawn(process.execPath, [at('./child.mjs'), what, argument], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(started, 'exit')
  later(() => void started.kill('SIGKILL'))
  const lines = createInterface({ input: started.stdout })
  const said = await Promise.race([
    once(lines, 'line').then(([line]) => String(line)),
    exited.then(() => Promise.reject(new Error('the child ended before it said a word'))),
  ])
  return {
    process: started,
    said,
    kill: (signal) => void started.kill(signal),
    gone: async () => void (await exited),
  }
}
