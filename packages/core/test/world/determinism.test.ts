import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { checkDeterminism, createWorld, seededRandom, traceLines } from '../../src/testing/index.js'
import { digestOf, gossipRun, populate, scheduleOf } from './gossip.js'

const seeds = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1)

/** Runs in a new process; Vite only translates the sources. */
const freshProcess = `
  import { createViteServer } from 'vitest/node'
  const server = await createViteServer({ configFile: false, logLevel: 'error', appType: 'custom',
    server: { middlewareMode: true, ws: false, hmr: false, watch: null }, optimizeDeps: { noDiscovery: true } })
  const { digestOf } = await server.ssrLoadModule(process.argv[1])
  process.stdout.write(JSON.stringify(JSON.parse(process.argv[2]).map(digestOf)))
  await server.close()
`

describe('the same seed', () => {
  it('gives the same run to the byte, over 100 seeds with faults, and other seeds other runs', () => {
    const first = seeds(100).map(digestOf)
    expect(seeds(100).map(digestOf)).toEqual(first)
    expect(new Set(first).size).toBe(100)
  })

  it('gives the same run in a fresh process', () => {
    const file = fileURLToPath(new URL('gossip.ts', import.meta.url))
    const args = ['--input-type=module', '-e', freshProcess, file, JSON.stringify(seeds(5))]
    const out = execFileSync(process.execPath, args, {
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
    })
    expect(JSON.parse(out)).toEqual(seeds(5).map(digestOf))
  })

  it('gives the same digest with and without a trace, and the trace reads as a log', () => {
    const world = createWorld({ seed: 1, trace: true })
    gossipRun(world, scheduleOf(1))
    expect(world.digest).toBe(digestOf(1))
    expect(world.trace.at(-1)?.digest).toBe(world.digest)
    expect(traceLines(world.trace)[0]).toMatch(/^ +0\.000 {2}press {2}start, life 1$/)
  })
})

describe('checkDeterminism', () => {
  it('passes what depends on the world alone', () => {
    expect(() => checkDeterminism((world) => gossipRun(world, scheduleOf(3)), 3)).not.toThrow()
  })

  it('names the first event that something from outside the world changed', () => {
    let runs = 0
    const leaky = (): void =>
      checkDeterminism((world) => {
        runs++
        populate(world)
        world.node('leak', { start: (host) => void host.timers.set(500 + runs, () => {}) })
        world.start('leak')
        world.run({ forMs: 1_000 })
      }, 3)
    expect(leaky).toThrow(/Two runs from seed 3 differ from event \d+ on: first "timer" on leak at 501 ms/)
  })
})

describe('seededRandom', () => {
  it('is the same sequence for the same seed for ever', () => {
    const random = seededRandom('a seed')
    expect([random.next(), random.next()]).toEqual([0.45148872304707766, 0.02880793740041554])
    expect(seededRandom('a seed').id()).toMatch(/^[0-9a-f]{32}$/)
  })

  it('spreads over [0, 1) and differs between neighbouring seeds', () => {
    const draws = seeds(10_000).map((seed) => seededRandom(seed).next())
    const buckets = seeds(10).map((n) => draws.filter((draw) => Math.floor(draw * 10) === n - 1).length)
    for (const count of buckets) expect(Math.abs(count - 1_000)).toBeLessThan(150)
    expect(new Set(seeds(10_000).map((seed) => seededRandom(seed).id())).size).toBe(10_000)
  })
})
