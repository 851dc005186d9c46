import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Bug, Edit } from './bugs.js'

/** What a child found. `number` counts from 0; null: nothing within the budget. */
export interface Result {
  readonly number: number | null
  readonly law?: string
  readonly text?: string
  readonly faults?: number
  readonly ms: number
}

export interface Quarry extends Pick<Bug, 'world' | 'family' | 'peers' | 'laws'> {
  readonly seed: number
  readonly count: number
  readonly shrinkRuns?: number
}

const root = new URL('../../', import.meta.url)

/** `find` with any white space between its words: compilers break lines elsewhere. */
export function patternOf(find: string): string {
  return find
    .trim()
    .split(/\s+/)
    .map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('\\s*')
}

/** How often it stands in the source, and in what is compiled. */
export function occurrences({ file, find }: Edit): { readonly source: number; readonly compiled: number } {
  const count = (path: string): number =>
    [...readFileSync(new URL(path, root), 'utf8').matchAll(new RegExp(patternOf(find), 'g'))].length
  return { source: count(`src/${file}.ts`), compiled: count(`dist/${file}.js`) }
}

const editsOf = (bug: Edit & { readonly also?: readonly Edit[] }): readonly Edit[] => [
  bug,
  ...(bug.also ?? []),
]

/** What a loader needs to plant it. */
export function plantOf(bug: Bug): readonly { url: string; pattern: string; replace: string }[] {
  return editsOf(bug).map(({ file, find, replace }) => ({
    url: new URL(`dist/${file}.js`, root).href,
    pattern: patternOf(find),
    replace,
  }))
}

/** Runs the schedules in a process of its own, on the code with this bug in it; null: as it is. */
export function hunt(bug: Bug | null, quarry: Quarry): Promise<Result> {
  const edits = bug === null ? [] : plantOf(bug)
  const child = fileURLToPath(new URL('child.mjs', import.meta.url))
  const job = JSON.stringify({ edits, hunt: { shrinkRuns: 40, ...quarry } })
  return new Promise((resolve, reject) => {
    const running = spawn(process.execPath, [child, job], { stdio: ['ignore', 'pipe', 'pipe'] })
    children.add(running)
    let said = ''
    let complained = ''
    running.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    running.stderr.on('data', (chunk: Buffer) => (complained += chunk.toString()))
    running.on('error', reject)
    running.on('close', (code) => {
      children.delete(running)
      if (code === 0) resolve(JSON.parse(said) as Result)
      else reject(new Error(`the child ended with ${code}: ${complained}`))
    })
  })
}

const children = new Set<ChildProcess>()

/** Ends what still runs. */
export function callOff(): void {
  for (const child of children) child.kill()
}

/** Runs jobs side by side, so many at a time, in order; each has its own promise. */
export function sideBySide<T>(most: number): (job: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (job) => {
    if (running >= most) await new Promise<void>((go) => void waiting.push(go))
    running += 1
    try {
      return await job()
    } finally {
      running -= 1
      waiting.shift()?.()
    }
  }
}
