import { describe, expect, it } from 'vitest'
import { describe as inWords } from '@tanist/core/testing'
import type { MachineRun } from '../../src/testing/machines/index.js'
import { seedOf, share } from '../sim/campaign.js'
import { hunt } from './cases.js'
import { drawPairs } from './pair-cases.js'

/** How often somebody went on alone in this run, as its journal tells; and how often a follower did, by proof. */
function countAlone({ world }: MachineRun): { alone: number; tookOver: number } {
  const sets = world.running[0]?.state.voterSets ?? []
  const alone = sets.filter(({ voters, index }) => voters.length === 1 && index > 1)
  const before = (index: number): number => sets.findLast((set) => set.index < index)?.term ?? 0
  const tookOver = alone.filter(({ index, term }) => term > before(index))
  return { alone: alone.length, tookOver: tookOver.length }
}

describe('a pair', () => {
  for (const [peers, least] of [
    [2, 250],
    [3, 150],
  ] as const) {
    const count = share(least)
    const title = `keeps every law under ${count} volleys aimed at it, ${peers} peers`
    it(title, { timeout: 60_000 + count * 500 }, () => {
      const total = { acknowledged: 0, alone: 0, tookOver: 0 }
      const found = hunt(
        drawPairs(seedOf(31), count, peers),
        { snapshots: { entries: 1e6, bytes: 1e9 } },
        undefined,
        (run) => {
          const { alone, tookOver } = countAlone(run)
          total.acknowledged += run.acknowledged
          total.alone += alone
          total.tookOver += tookOver
        },
      )
      const { one, contradiction } = found ?? {}
      expect(
        found,
        `${contradiction?.text} seed ${one?.seed}\n${inWords(one?.schedule ?? []).join('\n')}`,
      ).toBeNull()
      if (count < 100) return
      expect(total.acknowledged).toBeGreaterThan(20 * count)
      expect(total.alone).toBeGreaterThan(count / 4)
      expect(total.tookOver).toBeGreaterThan(count / 10)
    })
  }
})
