import { describe, expect, it } from 'vitest'
import { kills, median } from '../../bench/membership/memberlist.mjs'

/** Measured: serf 0.9.4, LAN profile, kill -9 until the first and the last of the others log it; medians in seconds. */
const measured = [
  { nodes: 5, first: 5.29, last: 5.46 },
  { nodes: 9, first: 6.02, last: 6.09 },
  { nodes: 30, first: 7.96, last: 8.17 },
  { nodes: 100, first: 9.71, last: 9.97 },
]

describe('the model of memberlist that we compare with', () => {
  it.each(measured)('is as fast as serf was measured, within 15 %, with $nodes members', (serf) => {
    const model = kills(serf.nodes, serf.nodes > 50 ? 40 : 150)
    for (const end of ['first', 'last'] as const) {
      const ratio = median(model[end]) / serf[end]
      expect(ratio, `until the ${end} knows`).toBeGreaterThan(0.85)
      expect(ratio, `until the ${end} knows`).toBeLessThan(1.15)
    }
  })
})
