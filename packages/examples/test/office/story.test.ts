import { beforeAll, expect, it } from 'vitest'
import { compile, Program } from './running.js'

beforeAll(compile)

interface Result {
  readonly acknowledged: number
  readonly lost: number
  readonly doubled: number
  readonly takeovers: readonly { readonly kind: string; readonly ms: number; readonly failed?: number }[]
}

it('three crashes and two leaves under steady writes lose nothing and double nothing', async () => {
  const { code, out, err } = await new Program('--story', '--seconds', '10').ended
  expect(err).toBe('')
  const result = JSON.parse(out.split('\n').at(-1) ?? '') as Result
  expect(result, out).toMatchObject({ lost: 0, doubled: 0 })
  expect(result.takeovers.map(({ kind }) => kind)).toEqual(['crash', 'crash', 'crash', 'leave', 'leave'])
  for (const { ms } of result.takeovers) expect(ms).toBeGreaterThan(0)
  for (const { failed } of result.takeovers.slice(3)) expect(failed).toBe(0)
  const boards = [...out.matchAll(/(\w+) has (\d+) notes\./g)].map(([, , notes]) => Number(notes))
  expect(boards).toHaveLength(3)
  for (const notes of boards) expect(notes).toBeGreaterThanOrEqual(result.acknowledged)
  expect(result.acknowledged).toBeGreaterThan(100)
  expect(code).toBe(0)
  const ms = result.takeovers.map((one) => `${one.kind} ${one.ms} ms`).join(', ')
  console.log(`The story's take-overs: ${ms}.`)
})
