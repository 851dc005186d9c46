import { describe, expect, it } from 'vitest'
import { describe as inWords } from '@tanist/core/testing'
import { machineFaultKinds } from '../../src/testing/machines/index.js'
import { seedOf, share } from '../sim/campaign.js'
import { draw, hunt } from './cases.js'

/** A disk that lies breaks what Tanist promises, and is left to the planted bugs. */
const kinds = machineFaultKinds.filter((kind) => kind !== 'disk-lies')

describe('succession machines', () => {
  for (const [peers, least] of [
    [2, 60],
    [3, 120],
    [4, 60],
    [5, 120],
    [7, 30],
    [9, 15],
  ] as const) {
    // As many times more as `TANIST_SCHEDULES` asks for.
    const count = share(least)
    const title = `keep every law under ${count} generated schedules, ${peers} peers`
    it(title, { timeout: 60_000 + count * 500 }, () => {
      let fired = 0
      let acknowledged = 0
      let reigns = 0
      const found = hunt(draw({ seed: seedOf(1), peers, count, kinds }), {}, undefined, (run) => {
        fired += run.fired.length
        acknowledged += run.acknowledged
        reigns += run.reigns
      })
      const { one, contradiction } = found ?? {}
      expect(
        found,
        `${contradiction?.text} seed ${one?.seed}\n${inWords(one?.schedule ?? []).join('\n')}`,
      ).toBeNull()
      if (count < 15) return
      // A run in which nothing broke and nothing was answered would show nothing.
      expect(fired).toBeGreaterThan(2 * count)
      expect(acknowledged).toBeGreaterThan(20 * count)
      expect(reigns).toBeGreaterThan(count)
    })
  }
})
