import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { bugs } from '../planted/bugs.js'
import { plantOf } from '../planted/hunting.js'

const main = fileURLToPath(new URL('main.mjs', import.meta.url))
const plant = new URL('../planted/plant.mjs', import.meta.url).href
const [bug] = bugs.filter(({ name }) => name.startsWith('a lease never ends'))

function soak(args: readonly string[], planted: boolean): { code: number | null; out: string; err: string } {
  const more =
    planted && bug ? { NODE_OPTIONS: `--import ${plant}`, TANIST_PLANT: JSON.stringify(plantOf(bug)) } : {}
  const env = { ...process.env, ...more }
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { env, encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

describe('the long run', () => {
  it('says how many schedules held, and that none broke a law', () => {
    const { code, out } = soak(['--schedules', '40', '--peers', '3,5', '--workers', '1'], false)
    expect(out).toMatch(/3 peers: 20 schedules.*5 peers: 20 schedules/s)
    expect(out).toContain('No law is broken. Other schedules: --seed 2')
    expect(code).toBe(0)
  })

  it('ends at the first schedule that breaks a law, made small, with a file that breaks it again', () => {
    const { code, err } = soak(['--schedules', '2000', '--peers', '3', '--workers', '2'], true)
    expect(code).toBe(1)
    expect(err).toMatch(/broken: P2: /)
    const file = /--replay (\S+)/.exec(err)?.[1] ?? ''
    try {
      expect(soak(['--replay', file], true)).toMatchObject({
        code: 1,
        err: expect.stringContaining('P2') as string,
      })
      expect(soak(['--replay', file], false)).toMatchObject({ code: 0, out: 'No law is broken.\n' })
    } finally {
      rmSync(file, { force: true })
    }
  })

  it('refuses what it does not understand', () => {
    expect(soak(['--schedules', 'many'], false)).toMatchObject({
      code: 2,
      err: '--schedules is a number above 0, not many\n',
    })
  })
})
