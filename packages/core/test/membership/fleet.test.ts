import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fleet, weather } from '../../src/testing/fleet/index.js'

const seeds = [1, 2]
const settled = (size: number, seed: number, more: object = {}): Fleet =>
  new Fleet({ seed, size, ...more }).run(size > 16 ? 8_000 : 3_000)

/** Removals that were wrong: of somebody who ran and could be reached, or was frozen for no longer than allowed. */
const wrong = (fleet: Fleet): unknown[] =>
  fleet.removals.filter(({ truth, forMs }) => truth === 'alive' || (truth === 'paused' && forMs <= 2_500))

describe('how fast a fleet knows', () => {
  it.each([3, 9, 17, 60])('of %i members all know of a crash within 50 ms', (size) => {
    for (const seed of seeds) {
      const fleet = settled(size, seed)
      const seen = fleet.crash((seed * 7) % size)
      fleet.run(50)
      expect(seen.missing(), `seed ${seed}`).toEqual([])
      expect(wrong(fleet)).toEqual([])
    }
  })

  it.each([
    [3, 3_500],
    [16, 3_500],
    [17, 6_000],
    [60, 6_000],
  ])('of %i members all know of a host without power within %i ms', (size, limitMs) => {
    for (const seed of seeds) {
      const fleet = settled(size, seed)
      const seen = fleet.powerOff((seed * 5) % size)
      fleet.run(limitMs)
      expect(seen.missing(), `seed ${seed}`).toEqual([])
      expect(wrong(fleet)).toEqual([])
    }
  })

  it.each([9, 40])('of %i members all hear what one says of itself within a beat', (size) => {
    for (const seed of seeds) {
      const fleet = settled(size, seed)
      const seen = fleet.about(size - seed, { load: 0.5, tags: { rack: 'a' } })
      fleet.run(500)
      expect(seen.missing(), `seed ${seed}`).toEqual([])
    }
  })

  it('ten of sixty that fall silent at once are one or two changes of the view', () => {
    const fleet = settled(60, 1)
    const seen = Array.from({ length: 10 }, (_, i) => fleet.powerOff(6 + 5 * i))
    fleet.run(8_000)
    expect(seen.map((one) => one.missing().length)).toEqual(seen.map(() => 0))
    expect(fleet.view).toHaveLength(50)
    expect(fleet.viewChanges).toBeLessThanOrEqual(2)
  })
})

describe('what it costs', () => {
  it('is the same for each member from 17 to 150, and for the hubs a beat each second with everybody', () => {
    const load = (size: number): { mean: number; hub: number } => {
      const fleet = new Fleet({ seed: 1, size }).run(8_000)
      fleet.measure()
      fleet.run(4_000)
      const each = [...fleet.measured().values()]
      const mean = each.reduce((sum, { bytes }) => sum + bytes, 0) / each.length / 4
      return { mean, hub: Math.max(...each.map(({ frames }) => frames)) / 4 }
    }
    const loads = [17, 60, 150].map((size) => ({ size, ...load(size) }))
    const means = loads.map(({ mean }) => mean)
    expect(Math.max(...means) / Math.min(...means)).toBeLessThan(1.5)
    for (const { size, hub } of loads) expect(hub).toBeLessThan(size + 10)
  })
})

describe('whom it removes', () => {
  it('in three minutes nobody of 30, with 1 % loss, members that stall, and pauses of up to 2.5 s', () => {
    const fleet = settled(30, 1, { loss: 0.01 })
    weather(fleet, 30, 1)
    fleet.run(Number(process.env['FLEET_MINUTES'] ?? 3) * 60_000)
    expect(fleet.removals).toEqual([])
  })

  it.each([9, 16])('in a minute nobody of %i, likewise', (size) => {
    const fleet = settled(size, 1, { loss: 0.01 })
    weather(fleet, size, 1)
    fleet.run(60_000)
    expect(fleet.removals).toEqual([])
  })
})

type Fault =
  | { readonly do: 'crash' | 'power' | 'restart' | 'about'; readonly who: number; readonly gap: number }
  | { readonly do: 'pause'; readonly who: number; readonly ms: number; readonly gap: number }
  | {
      readonly do: 'cut'
      readonly who: number
      readonly to: number
      readonly ms: number
      readonly gap: number
    }
  | { readonly do: 'split'; readonly side: number; readonly ms: number; readonly gap: number }

const who = fc.nat(39)
const gap = fc.nat(3_000)
const ms = fc.integer({ min: 100, max: 9_000 })
const one = (what: 'crash' | 'power' | 'restart' | 'about'): fc.Arbitrary<Fault> =>
  fc.record({ do: fc.constant(what), who, gap })
const fault = fc.oneof(
  one('crash'),
  one('power'),
  one('restart'),
  one('about'),
  fc.record({ do: fc.constant('pause' as const), who, ms, gap }),
  fc.record({ do: fc.constant('cut' as const), who, to: who, ms, gap }),
  fc.record({ do: fc.constant('split' as const), side: fc.integer({ min: 1, max: 20 }), ms, gap }),
)

function play(fleet: Fleet, size: number, faults: readonly Fault[]): void {
  const down = new Set<number>()
  const restart = (at: number): void => {
    if (!down.delete(at)) return
    fleet.boot(at, [(at + 1) % size, (at + 2) % size, fleet.leader])
  }
  for (const f of faults) {
    if (f.do === 'split') {
      fleet.after(f.ms, fleet.split(Array.from({ length: Math.min(f.side, size - 1) }, (_, i) => i)))
    } else {
      const at = f.who % size
      const runs = !down.has(at)
      if (f.do === 'restart') restart(at)
      if (f.do === 'about' && runs) fleet.about(at, { load: f.gap })
      if (f.do === 'pause' && runs && fleet.isUp(at)) fleet.after(f.ms, fleet.pause(at))
      if (f.do === 'cut' && f.to % size !== at) fleet.after(f.ms, fleet.cut(at, f.to % size))
      if ((f.do === 'crash' || f.do === 'power') && runs) {
        down.add(at)
        if (f.do === 'crash') fleet.crash(at)
        else fleet.powerOff(at)
      }
    }
    fleet.run(f.gap)
  }
  fleet.run(10_000)
  for (const at of [...down]) restart(at)
}

describe('fleets under generated faults', () => {
  it('remove nobody who runs and is reached, and agree on everything when all is well again', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e9 }),
        fc.constantFrom(3, 5, 9, 16, 17, 18, 25, 40),
        fc.array(fault, { maxLength: 12 }),
        (seed, size, faults) => {
          const fleet = settled(size, seed)
          play(fleet, size, faults)
          fleet.run(25_000)
          expect(wrong(fleet)).toEqual([])
          expect(fleet.digests()).toHaveLength(1)
          expect(new Set(fleet.view.map(({ memberId }) => memberId)).size).toBe(size)
          expect(fleet.view).toHaveLength(size)
        },
      ),
      {
        numRuns: Number(process.env['FLEET_RUNS'] ?? 5),
        // A cut and a pause right behind it are one silence of more than three seconds; a row that its member had
        // taken back was repaired by nobody, as the newer one says nothing and so is in no digest.
        examples: [
          [
            1,
            3,
            [
              { do: 'cut', who: 0, to: 23, ms: 1_442, gap: 792 },
              { do: 'pause', who: 0, ms: 3_254, gap: 0 },
            ],
          ],
          [
            1,
            3,
            [
              { do: 'split', side: 2, ms: 1_827, gap: 1_835 },
              { do: 'pause', who: 17, ms: 1_105, gap: 0 },
            ],
          ],
        ],
      },
    )
  })
})
