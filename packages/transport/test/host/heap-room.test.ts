import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { CollectionTime, roomFor } from '../../src/node-host/heap-room.js'
import { compile } from '../support/child.js'

const MIB = 1024 * 1024
const program = fileURLToPath(new URL('./heap.mjs', import.meta.url))
const youngest = (how: 'kept' | 'free' | 'busy', ...flags: string[]): number =>
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

describe('the time that collections take', () => {
  it('is too much beyond an eighth, for ten seconds from when it last was', () => {
    const time = new CollectionTime(0)
    const each100 = (fromMs: number, toMs: number, takenMs: number): boolean[] => {
      const found: boolean[] = []
      for (let at = fromMs; at < toMs; at += 100) found.push(time.isTooMuch(takenMs, at))
      return found
    }
    expect(each100(100, 3_000, 11)).not.toContain(true)
    expect(each100(3_000, 5_000, 14).at(-1)).toBe(true)
    expect(each100(5_000, 13_000, 1)).not.toContain(false)
    expect(each100(13_000, 20_000, 1).at(-1)).toBe(false)
  })

  it('is that of the last second: a burst after a quiet hour counts', () => {
    const time = new CollectionTime(0)
    expect(time.isTooMuch(70, 3_600_000)).toBe(false)
    expect(time.isTooMuch(70, 3_600_500)).toBe(false)
    expect(time.isTooMuch(70, 3_601_000)).toBe(true)
  })
})

describe('a process of its own', () => {
  beforeAll(compile)

  it('has a young generation of 8 MiB where it would have 32', () => {
    expect(youngest('free')).toBeGreaterThan(16)
    expect(youngest('kept')).toBeLessThanOrEqual(16)
  })

  it('gets its room when collections would take too much of its time', () => {
    expect(youngest('busy')).toBeGreaterThan(16)
  })

  it('is left alone when its command line says something about the heap', () => {
    expect(youngest('kept', '--max-semi-space-size=16')).toBeGreaterThan(16)
  })
})
