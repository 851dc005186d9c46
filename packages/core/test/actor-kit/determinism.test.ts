import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type ActorTest, actorTest, checkActors } from '../../src/testing/index.js'

interface Counts {
  readonly digest: string
  readonly failures: number
  readonly letters: number
  readonly heard: number
  readonly sent: number
  readonly ended: number
}

// Plain JavaScript, so that Node runs it without a compiler.
const file = fileURLToPath(new URL('office.mjs', import.meta.url))
const office = (await import(file)) as { work(t: ActorTest): Promise<Counts> }
const run = (seed: number): Promise<Counts> => office.work(actorTest({ seed }))

async function inAnotherProcess(seed: number): Promise<Counts> {
  const { stdout } = await promisify(execFile)(process.execPath, [file, 'run', `${seed}`])
  return JSON.parse(stdout) as Counts
}

describe('many actors with timers, random numbers, asks, crashes and back-off', () => {
  it('do the same for the same seed, and something else for another', async () => {
    const [first, again, other] = [await run(1), await run(1), await run(2)]
    expect(again).toEqual(first)
    expect(other.digest).not.toBe(first.digest)
    expect(Object.values(first).every((count) => count !== 0)).toBe(true)
  })

  it('do the same at another real pace', async () => {
    await checkActors(async (t) => void (await office.work(t)), { seed: 3 })
  })

  it('do the same in two processes', async () => {
    const [one, two] = await Promise.all([inAnotherProcess(1), inAnotherProcess(1)])
    expect(two).toEqual(one)
    expect(one.sent).toBeGreaterThan(100)
  })
})
