import { drawSchedule, seededRandom } from '@tanist/core/testing'
import { describe, expect, it } from 'vitest'
import { Desks, desks } from './desks.js'

const PEERS = 4
const FOR_MS = 8_000
const nodes = ['ann', 'bob', 'cy', 'dee']

describe('actors of peers under generated failures', () => {
  it.each(Array.from({ length: 12 }, (_, i) => i + 1))('keep what is promised, seed %i', async (seed) => {
    const schedule = drawSchedule(seededRandom(`actors/${seed}`), {
      nodes,
      forMs: FOR_MS,
      maxFaults: 6,
      kinds: ['crash', 'restart', 'pause', 'split', 'cut', 'reset', 'slow'],
    })
    const office = new Desks(seed, PEERS)
    await office.run(schedule, FOR_MS)
    const { cluster } = office
    expect(cluster.settled, 'the cluster came together again').toBe(true)
    const living = new Set(cluster.names.map((name) => cluster.peer(name)))

    for (const [ref, notes] of office.noted) {
      const last = new Map<string, number>()
      for (const { from, n } of notes) {
        expect(n, `${ref} heard ${from} out of order or twice`).toBeGreaterThan(last.get(from) ?? 0)
        last.set(from, n)
      }
    }
    expect(office.asks.length).toBeGreaterThan(500)
    for (const { by, ends, ref } of office.asks)
      if (living.has(by)) expect(ends, `an ask of ${ref}`).toHaveLength(1)

    const offered = cluster.names.map((name) =>
      cluster
        .actors(name)
        .receptionist.find(desks)
        .map((ref) => ref.toJSON()),
    )
    const present = cluster.names
      .map((name) => cluster.actors(name).local('peer/desk', 0))
      .filter((target) => target !== undefined)
    expect(present).toHaveLength(PEERS)
    for (const found of offered) {
      expect(found).toEqual(offered[0])
      expect(found).toHaveLength(PEERS)
    }

    for (const { by, ref, ends } of office.watches) {
      if (!living.has(by)) continue
      expect(ends.length, `a watch of ${ref.toJSON()}`).toBeLessThanOrEqual(1)
      const isGone = !offered[0]!.includes(ref.toJSON())
      if (isGone) expect(ends, `a watch of ${ref.toJSON()}`).toHaveLength(1)
    }
  })
})
