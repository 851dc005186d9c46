import { drawSchedule, seededRandom } from '@tanist/core/testing'
import { describe, expect, it } from 'vitest'
import { Desks, desks } from './desks.js'

const PEERS = 4
const FOR_MS = 8_000
const nodes = ['ann', 'bob', 'cy', 'dee']
const SEEDS = Number(process.env['ACTOR_SEEDS'] ?? 12)

describe('actors of peers under generated failures', () => {
  it.each(Array.from({ length: SEEDS }, (_, i) => i + 1))('keep what is promised, seed %i', async (seed) => {
    const schedule = drawSchedule(seededRandom(`actors/${seed}`), {
      nodes,
      forMs: FOR_MS,
      maxFaults: 6,
      kinds: ['crash', 'restart', 'pause', 'split', 'cut', 'reset', 'slow'],
    })
    const office = new Desks(seed, PEERS)
    await office.run(schedule, FOR_MS)
    expect(office.cluster.settled, 'the cluster came together again').toBe(true)
    inOrder(office)
    everyAskEnds(office)
    const found = convergence(office)
    everyEndOnce(office, found)
  })
})

/** Pairwise FIFO, and never twice. */
function inOrder({ noted }: Desks): void {
  for (const [ref, notes] of noted) {
    const last = new Map<string, number>()
    for (const { from, n } of notes) {
      expect(n, `${ref} heard ${from} out of order or twice`).toBeGreaterThan(last.get(from) ?? 0)
      last.set(from, n)
    }
  }
}

const livingOf = ({ cluster }: Desks): Set<unknown> =>
  new Set(cluster.names.map((name) => cluster.peer(name)))

function everyAskEnds(office: Desks): void {
  const living = livingOf(office)
  expect(office.asks.length).toBeGreaterThan(500)
  for (const { by, ends, ref } of office.asks)
    if (living.has(by)) expect(ends, `an ask of ${ref}`).toHaveLength(1)
}

/** Every peer knows exactly the desks that there are. */
function convergence({ cluster }: Desks): readonly string[] {
  const present = cluster.names.map((name) => {
    const { node, receptionist } = cluster.actors(name)
    const own = receptionist.find(desks).find((ref) => ref.node === node)
    return own?.toJSON() ?? `none of ${name}`
  })
  for (const name of cluster.names) {
    const found = cluster.actors(name).receptionist.find(desks)
    expect(found.map((ref) => ref.toJSON())).toEqual(present.toSorted())
  }
  return present
}

function everyEndOnce(office: Desks, found: readonly string[]): void {
  const living = livingOf(office)
  for (const { by, ref, ends } of office.watches) {
    if (!living.has(by)) continue
    const text = `a watch of ${ref.toJSON()}`
    if (found.includes(ref.toJSON())) expect(ends.length, text).toBeLessThanOrEqual(1)
    else expect(ends, text).toEqual(['lost'])
  }
}
