import { describe, expect, it } from 'vitest'
import { runSchedule } from '../../src/testing/index.js'

describe('a peer that is restarted at another address', () => {
  it('before it was removed: it comes back, and is not taken for a copied folder', () => {
    const run = runSchedule({
      seed: 282_251,
      peers: 3,
      forMs: 6_000,
      schedule: [
        { do: 'address-change', who: 'a voter', at: 2_300 },
        { do: 'power-off', who: ['ann'], tear: true, for: 990, at: 3_200 },
      ],
    })
    expect(run.contradictions).toEqual([])
  })
})
