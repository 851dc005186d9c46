import { describe, expect, it } from 'vitest'
import { runMachines } from '../../src/testing/machines/index.js'
import type { SuccessionWorld } from '../../src/testing/machines/index.js'
import { machineCatalogue } from './catalogue.js'

const LOOK_MS = 1
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]

describe('schedules that broke others, for succession machines', () => {
  it.each(machineCatalogue)('$name', ({ peers, schedule, setting, sees }) => {
    let seen = 0
    for (const seed of SEEDS) {
      let now = false
      const meanwhile = (world: SuccessionWorld): void => {
        const look = (): void => {
          now ||= !world.peaceful && sees(world)
          world.plain.schedule(world.nowMs + LOOK_MS, look)
        }
        look()
      }
      const { contradictions, fired, acknowledged } = runMachines({
        ...setting,
        seed,
        peers,
        schedule,
        meanwhile,
      })
      expect(contradictions, `seed ${seed}`).toEqual([])
      expect(fired).toHaveLength(schedule.length)
      expect(acknowledged).toBeGreaterThan(1)
      if (now) seen += 1
    }
    expect(seen, 'runs in which it came to what is meant').toBeGreaterThan(SEEDS.length / 2)
  })
})
