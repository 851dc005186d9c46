import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scheduleArbitrary } from '../../src/testing/arbitraries.js'
import {
  drawSchedule,
  envelopes,
  type Fault,
  parseSchedule,
  type Schedule,
  type ScheduleShape,
  seededRandom,
  simplerSchedules,
} from '../../src/testing/index.js'

const nodes = ['ann', 'bob', 'cy', 'dee', 'eve']
const shape: ScheduleShape = {
  nodes,
  roles: ['server', 'successor', 'a voter'],
  forMs: 6_000,
  maxFaults: 8,
  envelope: envelopes.anything,
  moments: ['appended'],
  acts: ['leave'],
  versions: ['2'],
}

/** What is left of a schedule that breaks a promise, over several seeds. */
function smallest(breaks: (schedule: Schedule) => boolean, seeds = 8): Schedule[] {
  return Array.from({ length: seeds }, (_, seed) => {
    const property = fc.property(scheduleArbitrary(shape), (schedule) => !breaks(schedule))
    const { counterexample } = fc.check(property, { seed, numRuns: 3_000 })
    return counterexample?.[0] ?? []
  })
}

const lasts = (fault: Fault): number => ('for' in fault ? (fault.for ?? 0) : 0)

describe('a failing schedule shrinks to', () => {
  it('one fault of one node by name, at once and short, where that is all that matters', () => {
    const found = smallest((schedule) => schedule.some((fault) => fault.do === 'pause'))
    for (const one of found) expect(one).toEqual([{ at: 0, do: 'pause', who: 'ann', for: 50 }])
  })

  it('the first multiples of 100 ms that still matter', () => {
    const found = smallest((schedule) =>
      schedule.some((fault) => fault.do === 'crash' && lasts(fault) >= 730 && (fault.at ?? 0) > 1_430),
    )
    for (const one of found) expect(one).toEqual([{ at: 1_500, do: 'crash', who: 'ann', for: 800 }])
  })

  it('a role where no name does it, and a trigger where no time does', () => {
    const byRole = smallest((schedule) =>
      schedule.some((fault) => fault.do === 'sleep' && fault.who === 'server'),
    )
    for (const one of byRole) expect(one).toEqual([{ at: 0, do: 'sleep', who: 'server', for: 50 }])
    const triggered = smallest((schedule) =>
      schedule.some((fault) => fault.do === 'wipe' && fault.on !== undefined),
    )
    for (const one of triggered) {
      expect(one).toHaveLength(1)
      expect(one[0]).toMatchObject({ do: 'wipe', who: 'ann' })
      expect(one[0]!.on).toMatch(/^[a-z ]+\.appended$/)
      expect(one[0]!.after).toBeUndefined()
    }
  })

  it('the plainer of two kinds that do it', () => {
    const cutOff = (fault: Fault): boolean =>
      (fault.do === 'cut' && fault.from === 'bob') || (fault.do === 'split' && fault.a.includes('bob'))
    for (const one of smallest((schedule) => schedule.some(cutOff))) {
      expect(one).toEqual([{ at: 0, do: 'cut', from: 'bob', to: 'ann', for: 50 }])
    }
  })

  it('two faults that keep their distance', () => {
    const apart = (schedule: Schedule): boolean =>
      schedule.some((x) =>
        schedule.some((y) => x.do === 'wipe' && y.do === 'restart' && (y.at ?? 0) - (x.at ?? 9_999) >= 640),
      )
    for (const one of smallest(apart, 4)) {
      expect(one).toEqual([
        { at: 0, do: 'wipe', who: 'ann' },
        { at: 700, do: 'restart', who: 'ann' },
      ])
    }
  })

  it('itself by the same seed and path', () => {
    const property = fc.property(
      scheduleArbitrary(shape),
      (schedule) => !schedule.some((one) => one.do === 'ring'),
    )
    const { counterexample, counterexamplePath, seed } = fc.check(property, { seed: 3, numRuns: 3_000 })
    const again = fc.check(property, { seed, path: counterexamplePath! })
    expect(again.counterexample).toEqual(counterexample)
    expect(again.numShrinks).toBe(0)
  })

  it('less also when it was given as an example', () => {
    const example: Schedule = [
      { at: 430, do: 'ring', for: 1_234 },
      { on: 'server.appended#7', after: 10, do: 'power-off', who: ['server', 'bob'], tear: true },
    ]
    const property = fc.property(scheduleArbitrary(shape), (schedule) =>
      schedule.every((one) => one.do !== 'power-off'),
    )
    const { counterexample } = fc.check(property, { examples: [[example]], numRuns: 1, seed: 1 })
    expect(counterexample).toEqual([[{ at: 0, do: 'power-off', who: ['ann'] }]])
  })
})

describe('simplerSchedules', () => {
  it('comes to an end for every schedule, on every path, with schedules that can be read', () => {
    fc.assert(
      fc.property(scheduleArbitrary(shape), fc.nat(), (schedule, seed) => {
        const random = seededRandom(seed)
        let current = schedule
        for (let steps = 0; ; steps++) {
          expect(steps).toBeLessThan(400)
          const simpler = [...simplerSchedules(current, shape)]
          if (simpler.length === 0) break
          current = simpler[Math.floor(random.next() * simpler.length)]!
          expect(() => parseSchedule(current)).not.toThrow()
        }
        expect(current).toHaveLength(1)
      }),
      { numRuns: 60, seed: 2 },
    )
  })
})

describe('drawSchedule', () => {
  it('gives the same schedules for the same random numbers, in few kinds, that can be read', () => {
    const draw = (seed: number): Schedule => drawSchedule(seededRandom(seed), shape)
    for (let seed = 0; seed < 200; seed++) {
      const schedule = draw(seed)
      expect(draw(seed)).toEqual(schedule)
      expect(parseSchedule(JSON.parse(JSON.stringify(schedule)))).toEqual(schedule)
      expect(new Set(schedule.map((fault) => fault.do)).size).toBeLessThanOrEqual(6)
    }
  })

  it('lets some faults wait for what happens, and only where there is something', () => {
    const share = (given: ScheduleShape): number => {
      const faults = Array.from({ length: 300 }, (_, seed) => drawSchedule(seededRandom(seed), given)).flat()
      return faults.filter((fault) => fault.on !== undefined).length / faults.length
    }
    expect(share(shape)).toBeGreaterThan(0.2)
    expect(share(shape)).toBeLessThan(0.4)
    expect(share({ ...shape, moments: [] })).toBe(0)
  })

  it('lets faults last about as long as the times that it is given', () => {
    const faults = Array.from({ length: 200 }, (_, seed) =>
      drawSchedule(seededRandom(seed), { ...shape, aroundMs: [400, 900] }),
    ).flat()
    const times = new Set(faults.filter((fault) => 'for' in fault).map(lasts))
    expect([...times].toSorted((x, y) => x - y)).toEqual([390, 400, 410, 890, 900, 910])
  })
})

describe('parseSchedule', () => {
  it.each<[unknown, string]>([
    [{ at: 1 }, 'a schedule is a list of faults, not {"at":1}'],
    [['crash'], 'fault 1 of the schedule: "crash" is not an object'],
    [[{ at: 1, do: 'explode', who: 'ann' }], '"do" is one of crash, restart, '],
    [[{ do: 'crash', who: 'ann' }], 'it needs either "at" (a time in milliseconds) or "on"'],
    [[{ at: 1, on: 'ann.x', do: 'crash', who: 'ann' }], 'it needs either "at"'],
    [[{ at: 1, after: 2, do: 'crash', who: 'ann' }], '"after" goes with "on", not with "at"'],
    [[{ at: -1, do: 'crash', who: 'ann' }], '"at" is a number of milliseconds, 0 or more, not -1'],
    [[{ on: 'appended', do: 'crash', who: 'ann' }], '"on" is "<who>.<moment>"'],
    [[{ at: 1, do: 'crash' }], '"who" is the name of a node or a role, not missing (crash)'],
    [[{ at: 1, do: 'crash', who: ['ann'] }], '"who" is the name of a node or a role, not ["ann"] (crash)'],
    [[{ at: 1, do: 'power-off', who: 'ann' }], '"who" is a list of names of nodes or roles, not "ann"'],
    [[{ at: 1, do: 'crash', whom: 'ann' }], 'crash has no field "whom"; it has who, for'],
    [
      [{ at: 1, do: 'pause', who: 'ann', for: 'long' }],
      '"for" is a number of milliseconds, 0 or more, not "long"',
    ],
    [[{ at: 1, do: 'loss', rate: 30 }], '"rate" is a number from 0 to 1, not 30 (loss)'],
    [[{ at: 1, do: 'drift', who: 'ann', rate: 0 }], '"rate" is a number above 0, not 0 (drift)'],
    [[{ at: 1, do: 'slow', from: 'ann', byMs: 5 }], 'slow needs "from" and "to" together'],
    [
      [{ at: 1, do: 'reset', who: 'a', from: 'a', to: 'b' }],
      'reset has "who", or "from" and "to", but not all',
    ],
    [[{ at: 1, do: 'stall', who: 'a', busyMs: 5, everyMs: 5 }], '"busyMs" of stall is below its "everyMs"'],
  ])('refuses %j with a sentence', (json, sentence) => {
    expect(() => parseSchedule(json)).toThrow(sentence)
    expect(() => parseSchedule(json)).toThrow(TypeError)
  })
})
