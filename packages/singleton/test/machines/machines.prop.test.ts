import { describe, expect, it } from 'vitest'
import { describe as inWords } from '@tanist/core/testing'
import { machineFaultKinds } from '../../src/testing/machines/index.js'
import { draw, hunt } from './cases.js'

/** A disk that lies breaks what Tanist promises, and is left to the planted bugs. */
const kinds = machineFaultKinds.filter((kind) => kind !== 'disk-lies')

describe('succession machines', () => {
  for (const [peers, count] of [
    [2, 60],
    [3, 120],
    [4, 60],
    [5, 120],
    [7, 30],
    [9, 15],
  ] as const) {
    it(`keep every law under ${count} generated schedules, ${peers} peers`, () => {
      let fired = 0
      let acknowledged = 0
      let reigns = 0
      const found = hunt(draw({ seed: 1, peers, count, kinds }), {}, undefined, (run) => {
        fired += run.fired.length
        acknowledged += run.acknowledged
        reigns += run.reigns
      })
      const { one, contradiction } = found ?? {}
      expect(
        found,
        `${contradiction?.text} seed ${one?.seed}\n${inWords(one?.schedule ?? []).join('\n')}`,
      ).toBeNull()
      // A run in which nothing broke and nothing was answered would show nothing.
      expect(fired).toBeGreaterThan(2 * count)
      expect(acknowledged).toBeGreaterThan(20 * count)
      expect(reigns).toBeGreaterThan(count)
    })
  }
})
