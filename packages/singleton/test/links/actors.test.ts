import { actor, reply } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { Cluster } from '../../src/testing/index.js'

interface Notes {
  note: (m: { n: number }) => void
  all: () => number[]
}
const notes = actor({
  state: (): number[] => [],
  on: { note: (s, m: { n: number }) => [...s, m.n], all: (s) => reply(s, s) },
})

describe('actors of two members whose link is bad again and again', () => {
  it('lose nothing, see nothing twice, and in order, on the way round and back', async () => {
    const cluster = new Cluster({ seed: 3, peers: 3 })
    const { world } = cluster
    cluster.startAll()
    await world.runAsync({ forMs: 5_000 })
    const far = cluster.actors('ann').spawn(notes, 'notes')
    const here = cluster.actors('cy').resolve<Notes>(far.toJSON())
    let n = 0
    for (const forMs of [900, 4_000, 700, 6_000]) {
      const undos = [world.cut('ann', 'cy'), world.cut('cy', 'ann')]
      for (let i = 0; i < 40; i++) {
        here.tell.note({ n: (n += 1) })
        // oxlint-disable-next-line no-await-in-loop -- virtual time passes in this order
        await world.runAsync({ forMs: forMs / 40 })
      }
      if (forMs >= 4_000) {
        const asked = here.ask.all()
        // oxlint-disable-next-line no-await-in-loop -- the same
        await world.runAsync({ forMs: 100 })
        // oxlint-disable-next-line no-await-in-loop -- the same
        expect((await asked).length).toBe(n)
      }
      for (const undo of undos) undo()
      for (let i = 0; i < 40; i++) {
        here.tell.note({ n: (n += 1) })
        // oxlint-disable-next-line no-await-in-loop -- the same
        await world.runAsync({ forMs: 100 })
      }
    }
    const asked = here.ask.all()
    await world.runAsync({ forMs: 500 })
    expect(await asked).toEqual(Array.from({ length: n }, (_, i) => i + 1))
  })
})
