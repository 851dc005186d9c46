import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Hall } from './raw.js'
import { Stubborn } from './stubborn.js'

type Fault = {
  readonly what: 'crash' | 'power' | 'pause' | 'stop'
  readonly who: number
  readonly forMs: number
}

const fault: fc.Arbitrary<Fault> = fc.record({
  what: fc.constantFrom('crash', 'power', 'pause', 'stop'),
  who: fc.nat({ max: 2 }),
  forMs: fc.integer({ min: 50, max: 1_500 }),
})

function happens(hall: Hall, { what, who, forMs }: Fault): void {
  const { cluster, world } = hall
  const name = who === 0 ? hall.server || 'ann' : (cluster.names[who] ?? 'ann')
  if (!cluster.isRunning(name)) return hall.run(forMs)
  if (what === 'pause') world.pause(name)
  else if (what === 'crash') world.crash(name)
  else if (what === 'power') world.powerOff([name])
  else cluster.stop(name)
  hall.run(forMs)
  if (what === 'pause') world.resume(name)
  hall.run(what === 'stop' ? 1_500 : 0)
  if (!cluster.isRunning(name)) cluster.start(name)
}

describe('clients through take-overs', () => {
  it('each command takes effect once and is answered alike however often it is asked for', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fault, { minLength: 1, maxLength: 3 }), (seed, faults) => {
        const hall = new Hall({ peers: 3, seed })
        const clients = [
          new Stubborn(hall, 'eve', 'ann', 'trusted', 3),
          new Stubborn(hall, 'fay', 'bob', 'stray', 3),
          new Stubborn(hall, 'gus', 'cy', 'trusted', 3),
        ]
        hall.run(200)
        for (const one of faults) {
          happens(hall, one)
          hall.run(300)
        }
        for (const client of clients) client.stop()
        hall.until(() => clients.every(({ pending }) => pending === 0) && hall.cluster.settled, 60_000)
        const { notes } = hall.state(hall.server)
        expect(new Set(notes).size).toBe(notes.length)
        for (const client of clients) {
          const own = notes.filter((note) => note.startsWith(`${client.name}/`))
          expect(own).toHaveLength(client.answered)
          for (const outcomes of client.outcomes.values()) expect(new Set(outcomes).size).toBe(1)
          expect(client.failed.filter(({ t }) => t !== 'unavailable')).toEqual([])
        }
      }),
      { numRuns: 5 },
    )
  })
})
