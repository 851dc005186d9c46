import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { play, unheard } from './unheard.js'
import type { Unheard } from './unheard.js'

/** More of them: `UNHEARD=2000 npx vitest run test/join/unheard.prop.test.ts`. */
const numRuns = Number(process.env['UNHEARD'] ?? 20)

describe('peers that the journal has admitted, and whose server changes before they are told', () => {
  it('are told by the next one, also where they never hear it and only another member hears both', () => {
    fc.assert(
      fc.property(unheard, (given) => {
        const { server, untold } = play(given)
        expect(server).not.toBe(null)
        expect(untold).toEqual([])
      }),
      { numRuns },
    )
  })

  const calm: Omit<Unheard, 'seed' | 'relay'> = {
    founders: 3,
    startsMs: [0],
    deaf: [['both', 'both', 'both']],
    admitted: [{ nth: 0, afterMs: 0, what: 'crash' }],
    resets: [],
    cuts: [],
  }

  it('of three, the first dies as it admits a fourth, and the second never hears the fourth', () => {
    const runs = [0, 1, 2].flatMap((seed) => [0, 1, 2].map((relay) => play({ ...calm, seed, relay })))
    expect(runs.filter((run) => run.unheard).length).toBeGreaterThanOrEqual(2)
    expect(runs.flatMap(({ untold }) => untold)).toEqual([])
  })

  it('the first word by a relay comes while the own link with the server still looks well, and then it ends', () => {
    const { server, untold } = play({
      ...calm,
      seed: 987136503,
      founders: 4,
      relay: 0,
      startsMs: [96, 336],
      deaf: [
        ['there', 'both', 'both', null],
        ['both', 'back', 'both', null],
      ],
      admitted: [
        { nth: 1, afterMs: 1, what: 'cut' },
        { nth: 0, afterMs: 6, what: 'hand-over' },
      ],
    })
    expect(server).not.toBe(null)
    expect(untold).toEqual([])
  })
})
