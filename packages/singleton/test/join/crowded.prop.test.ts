import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crowded, play } from './crowded.js'
import type { Crowded } from './crowded.js'

/** More of them: `CROWDS=2000 npx vitest run test/join/crowded.prop.test.ts`. */
const numRuns = Number(process.env['CROWDS'] ?? 12)

describe('peers that come all at once to a cluster that hardly gets to work', () => {
  it('are told that they are in, whatever became of the link just when the journal admitted them', () => {
    fc.assert(
      fc.property(crowded, (given) => {
        expect(play(given).untold).toEqual([])
      }),
      { numRuns },
    )
  })

  const calm = { startsMs: [0, 0, 0, 0], stalls: [], pauses: [], slow: [], cuts: [] }

  it.each<[string, Crowded['admitted']]>([
    ['ends, and cannot be made anew', [lastOnes('both'), lastOnes('reset')]],
    ['ends, and is made anew', [lastOnes('reset')]],
    ['brings nothing to the joiner', [lastOnes('back')]],
  ])('the last one also when its link with the server %s', (_what, admitted) => {
    for (const seed of [0, 1, 2]) expect(play({ ...calm, seed, founders: 3, admitted }).untold).toEqual([])
  })
})

function lastOnes(what: Crowded['admitted'][number]['what']): Crowded['admitted'][number] {
  return { nth: 3, afterMs: 0, what }
}
