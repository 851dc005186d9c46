import { describe, expect, it } from 'vitest'
import { runCase } from './campaign.js'
import { catalogue } from './catalogue.js'

describe('schedules that broke others', () => {
  it.each(catalogue)('$name', ({ peers, schedule }) => {
    for (const seed of [1, 2, 3]) {
      const { contradictions, fired, acknowledged } = runCase({ seed, peers, schedule })
      expect(contradictions, `seed ${seed}`).toEqual([])
      expect(fired).toHaveLength(schedule.length)
      expect(acknowledged).toBeGreaterThan(50)
    }
  })
})
