import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { digestOf } from './digest.js'

/** Runs in a new process; Vite only translates the sources. */
const freshProcess = `
  import { createViteServer } from 'vitest/node'
  const server = await createViteServer({ configFile: process.argv[3], logLevel: 'error', appType: 'custom',
    server: { middlewareMode: true, ws: false, hmr: false, watch: null }, optimizeDeps: { noDiscovery: true } })
  const { digestOf } = await server.ssrLoadModule(process.argv[1])
  process.stdout.write(JSON.stringify(JSON.parse(process.argv[2]).map(digestOf)))
  await server.close()
`
const seeds = [1, 2, 3, 4]

describe('a run of a whole cluster', () => {
  it('is the same to the byte for the same seed, twice here and once in a fresh process', () => {
    const first = seeds.map(digestOf)
    expect(new Set(first).size).toBe(seeds.length)
    expect(seeds.map(digestOf)).toEqual(first)
    const root = fileURLToPath(new URL('../..', import.meta.url))
    const file = fileURLToPath(new URL('digest.ts', import.meta.url))
    const args = [
      '--input-type=module',
      '-e',
      freshProcess,
      file,
      JSON.stringify(seeds),
      `${root}vitest.config.ts`,
    ]
    const out = execFileSync(process.execPath, args, { encoding: 'utf8', cwd: root })
    expect(JSON.parse(out)).toEqual(first)
  })
})
