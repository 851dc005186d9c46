import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { roomFor } from '../../src/node-host/heap-room.js'
import { compile } from '../support/child.js'

const MIB = 1024 * 1024
const program = fileURLToPath(new URL('./heap.mjs', import.meta.url))
const youngest = (how: 'kept' | 'free', ...flags: string[]): number =>
  Number(execFileSync(process.execPath, [...flags, program, how], { encoding: 'utf8' })) / MIB

describe('the room that is asked for', () => {
  it('lets a young generation that V8 has made small grow to 8 MiB, and no further', () => {
    expect(roomFor({ youngBytes: 4 * MIB, oldBytes: 20 * MIB })).toEqual({
      youngGrowth: 2,
      oldGrowthPercent: 50,
    })
    expect(roomFor({ youngBytes: 8 * MIB, oldBytes: 20 * MIB })).toEqual({
      youngGrowth: 1,
      oldGrowthPercent: 50,
    })
  })

  it("leaves a large heap, which is an application's, to V8", () => {
    expect(roomFor({ youngBytes: 8 * MIB, oldBytes: 129 * MIB })).toEqual({
      youngGrowth: 2,
      oldGrowthPercent: 0,
    })
  })
})

describe('a process of its own', () => {
  beforeAll(compile)

  it('has a young generation of 8 MiB where it would have 32', () => {
    expect(youngest('free')).toBeGreaterThan(16)
    expect(youngest('kept')).toBeLessThanOrEqual(16)
  })

  it('is left alone when its command line says something about the heap', () => {
    expect(youngest('kept', '--max-semi-space-size=16')).toBeGreaterThan(16)
  })
})
