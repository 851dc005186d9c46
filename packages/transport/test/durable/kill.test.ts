import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { compile } from '../support/child.js'
import { later } from '../support/peers.js'

interface Life {
  readonly found: number
  readonly told: number
}

/** Runs the actor until it has told so many numbers, then kills its process. */
async function live(folder: string, answers: number): Promise<Life> {
  const script = fileURLToPath(new URL('./till.mjs', import.meta.url))
  const child = spawn(process.execPath, [script, folder], { stdio: ['pipe', 'pipe', 'inherit'] })
  later(() => void child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  let found = -1
  let told = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, last, sum] = line.split(' ')
    if (word === 'failed') throw new Error(line)
    // All events of a command or none: the sum is that of the numbers up to the last one.
    expect(Number(sum)).toBe((Number(last) * (Number(last) + 1)) / 2)
    if (word === 'found') found = Number(last)
    else told = Number(last)
    if (told - found >= answers) child.kill('SIGKILL')
  }
  await exited
  return { found, told }
}

describe('a durable actor on real files', () => {
  beforeAll(compile)

  it('has everything that it answered after its process was killed, again and again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tanist-durable-'))
    later(() => rmSync(folder, { recursive: true, force: true }))
    let told = 0
    for (const answers of [1, 37, 120, 5]) {
      const life = await live(folder, answers)
      expect(life.found).toBeGreaterThanOrEqual(told)
      told = life.told
    }
    expect(told).toBeGreaterThanOrEqual(163)
  })
})
