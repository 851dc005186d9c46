import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { looking } from './looking.js'
import { play, quietOpening, roughOpening } from './opening.js'
import type { Opening } from './opening.js'

/** More of them: `OPENINGS=500 npx vitest run test/discovery/opening.prop.test.ts`. */
const numRuns = Number(process.env['OPENINGS'] ?? 8)

describe('nine peers that know nothing but a name and a secret, switched on in any order within 0 to 5 s', () => {
  it('found one cluster and never a second one, and all are in it', () => {
    fc.assert(
      fc.property(quietOpening, (opening) => {
        const { together, foundings } = play(opening, looking)
        expect({ together, foundings }).toEqual({ together: true, foundings: 1 })
      }),
      { numRuns },
    )
  })

  it('end in one cluster whatever was lost, cut, slow or killed meanwhile', () => {
    fc.assert(
      fc.property(roughOpening, (opening) => {
        expect(play(opening, looking).together).toBe(true)
      }),
      { numRuns },
    )
  })

  const none = { datagramLoss: 0, cuts: [], crashes: [], pauses: [] }
  const atOnce = [0, 0, 0, 0, 0, 0, 0, 0, 0]

  it.each<[string, Opening, foundings: number]>([
    ['all in the same millisecond', { ...none, seed: 1, startsMs: atOnce }, 1],
    [
      'one after the other, each as the last one settles',
      { ...none, seed: 2, startsMs: atOnce.map((_, i) => i * 600) },
      1,
    ],
    [
      'the office in two halves until both have founded: one of the two clusters dissolves',
      { ...none, seed: 3, startsMs: atOnce, cuts: [{ atMs: 0, forMs: 6_000, side: [0, 1, 2, 3] }] },
      2,
    ],
    [
      'each alone, for the founder of each is cut off from all others: eight of nine dissolve',
      {
        ...none,
        seed: 4,
        startsMs: atOnce,
        cuts: atOnce.map((_, i) => ({ atMs: 0, forMs: 5_000, side: [i] })),
      },
      9,
    ],
    [
      'the first one is killed in the moment in which it founds',
      {
        ...none,
        seed: 5,
        startsMs: atOnce.map((_, i) => i * 200),
        crashes: [{ atMs: 1_501, forMs: 500, who: 0 }],
      },
      1,
    ],
  ])('%s', (_what, opening, most) => {
    const { together, foundings } = play(opening, looking)
    expect(together).toBe(true)
    expect(foundings).toBeLessThanOrEqual(most)
  })
})
