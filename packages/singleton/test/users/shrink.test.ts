import type { Fault, Schedule } from '@tanist/core/testing'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dropFaults } from '../../src/testing/property/shrink.js'

const crash = (at: number, who: string): Fault => ({ at, do: 'crash', who, for: 3_000 })
const unlimited = { spent: () => false }

describe('making a schedule smaller', () => {
  it('keeps exactly the faults that are needed, wherever they are', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `n${i}`)
    await fc.assert(
      fc.asyncProperty(fc.subarray(names), async (needed) => {
        const all = names.map((name, i) => crash(1_000 * (i + 1), name))
        const small = await dropFaults(
          all,
          async (schedule) =>
            needed.every((who) => schedule.some((fault) => 'who' in fault && fault.who === who)),
          unlimited,
        )
        expect(small.map((fault) => ('who' in fault ? fault.who : ''))).toEqual(needed)
      }),
      { seed: 1, numRuns: 50 },
    )
  })

  it('stops when the budget is spent, and returns what fails', async () => {
    let runs = 0
    const all: Schedule = Array.from({ length: 16 }, (_, i) => crash(1_000 * i, `n${i}`))
    const fails = async (schedule: Schedule): Promise<boolean> => {
      runs += 1
      return schedule.some((fault) => 'who' in fault && fault.who === 'n9')
    }
    const small = await dropFaults(all, fails, { spent: () => runs >= 3 })
    expect(runs).toBe(3)
    expect(await fails(small)).toBe(true)
    expect(small.length).toBeLessThan(all.length)
  })
})
