import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, it } from 'vitest'
import { compile, later } from '../office/running.js'

beforeAll(compile)

it('real processes: with a server killed and a bank that fails, every order ends once', async () => {
  const main = fileURLToPath(new URL('../../dist/shop/main.js', import.meta.url))
  const child = spawn(process.execPath, [main, '--story'], { stdio: ['ignore', 'pipe', 'inherit'] })
  later(() => void (child.exitCode === null && child.kill('SIGTERM')))
  let out = ''
  child.stdout.on('data', (part: Buffer) => (out += part.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  const result: unknown = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '')
  expect(result, out).toMatchObject({ confirmed: 120, lost: 0, twice: 0, contradictions: 0 })
  expect(out).toMatch(/serves, and is killed/)
  expect(out).toMatch(/\d+ shipped/)
  expect(code, out).toBe(0)
})
