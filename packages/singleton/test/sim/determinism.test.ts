import { execFile, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { checkSameRuns } from '@tanist/core/testing'
import { describe, expect, it } from 'vitest'
import { runSchedule } from '../../src/testing/index.js'
import { digestOf } from './digest.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs in a new process; Vite only translates the sources. */
const freshProcess = `
  import { createViteServer } from 'vitest/node'
  const [file, config, name, seeds] = process.argv.slice(1)
  const server = await createViteServer({ configFile: config, logLevel: 'error', appType: 'custom',
    server: { middlewareMode: true, ws: false, hmr: false, watch: null }, optimizeDeps: { noDiscovery: true } })
  const digests = await server.ssrLoadModule(file)
  process.stdout.write(JSON.stringify(JSON.parse(seeds).map(digests[name])))
  await server.close()
`

async function inFreshProcess(
  name: 'digestOf' | 'shortDigestOf',
  seeds: readonly number[],
): Promise<readonly string[]> {
  const file = fileURLToPath(new URL('digest.ts', import.meta.url))
  const args = [
    '--input-type=module',
    '-e',
    freshProcess,
    file,
    `${root}vitest.config.ts`,
    name,
    JSON.stringify(seeds),
  ]
  const { stdout } = await promisify(execFile)(process.execPath, args, { encoding: 'utf8', cwd: root })
  return JSON.parse(stdout) as readonly string[]
}

/** Takes the processors away in bursts of uneven length, from everybody, until it is ended. */
const hog = `
  setTimeout(() => process.exit(), 300_000)
  for (;;) {
    const until = performance.now() + Math.random() * 60
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60))
  }
`

async function onLoadedMachine<T>(work: () => Promise<T>): Promise<T> {
  const hogs = [1, 2].map(() =>
    spawn(process.execPath, ['--input-type=module', '-e', hog], { stdio: 'ignore' }),
  )
  try {
    return await work()
  } finally {
    for (const one of hogs) one.kill('SIGKILL')
  }
}

describe('a run of a whole cluster', () => {
  it('is the same to the byte for the same seed, twice here and once in a fresh process', async () => {
    const seeds = [1, 2, 3, 4]
    const first = seeds.map(digestOf)
    expect(new Set(first).size).toBe(seeds.length)
    expect(seeds.map(digestOf)).toEqual(first)
    expect(await inFreshProcess('digestOf', seeds)).toEqual(first)
  })

  it('is the same over 100 seeds in two fresh processes on a loaded machine', {
    timeout: 300_000,
  }, async () => {
    const seeds = Array.from({ length: 100 }, (_, i) => i + 1)
    const [one, other] = await onLoadedMachine(() =>
      Promise.all([inFreshProcess('shortDigestOf', seeds), inFreshProcess('shortDigestOf', seeds)]),
    )
    expect(new Set(one).size).toBe(100)
    expect(other).toEqual(one)
  })

  it('is the same when it is recorded, event by event', () => {
    checkSameRuns('a cluster of three', (twin) => {
      const { world } = runSchedule({ seed: 1, peers: 3, schedule: [], forMs: 500, world: twin }).cluster
      return world
    })
  })
})
