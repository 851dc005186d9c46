import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { occurrences, patternOf, sideBySide } from '../planted/hunting.js'
import { bugs } from './bugs.js'
import type { ReactionBug } from './bugs.js'

interface Result {
  readonly number: number | null
  readonly law?: string
  readonly text?: string
  readonly ms: number
}

const SEED = 1
const LIMIT = { timeout: 300_000 }
const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url))
const children = new Set<ChildProcess>()
const rows: string[] = []
const two = sideBySide<Result>(2)

afterAll(() => {
  for (const child of children) child.kill()
  console.log(['schedule  law     seconds  bug', ...rows].join('\n'))
})

const editsOf = (bug: ReactionBug) => [bug, ...(bug.also ?? [])]

function hunt(bug: ReactionBug): Promise<Result> {
  const edits = editsOf(bug).map(({ file, find, replace }) => ({
    url: new URL(`../../dist/${file}.js`, import.meta.url).href,
    pattern: patternOf(find),
    replace,
  }))
  const { budget: count, laws } = bug
  const job = JSON.stringify({ edits, peers: 3, seed: SEED, count, laws })
  return new Promise((resolve, reject) => {
    const running = spawn(process.execPath, [CHILD, job], { stdio: ['ignore', 'pipe', 'pipe'] })
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

describe('each planted bug', () => {
  it.each(bugs)('stands in the code: $name', (bug) => {
    for (const edit of editsOf(bug)) {
      const found = occurrences(edit)
      const where = `"${edit.find}" in ${edit.file}: `
      expect(found.source, `${where}it is written otherwise now; say it so in bugs.ts`).toBe(1)
      expect(found.compiled, `${where}build before testing`).toBe(1)
    }
  })

  for (const bug of bugs) {
    it.concurrent(`is found: ${bug.name} (${bug.budget} schedules)`, LIMIT, async () => {
      const { number, law = '', text, ms } = await two(() => hunt(bug))
      expect(number, `not found by ${bug.budget} schedules`).not.toBeNull()
      const count = `${(number ?? 0) + 1} of ${bug.budget}`.padEnd(9)
      rows.push(`${count} ${law.padEnd(7)} ${(ms / 1_000).toFixed(1).padStart(5)} s  ${bug.name}\n    ${text}`)
    })
  }
})
