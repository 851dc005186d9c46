import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scheduleArbitrary } from '../../src/testing/arbitraries.js'
import * as kit from '../../src/testing/index.js'
import { gossipRun, names, populate } from './gossip.js'
import { wires } from './wire.js'

const { applySchedule, createWorld } = kit

describe('a schedule', () => {
  it('reads as words, one line a fault', () => {
    const schedule: kit.Schedule = [
      { at: 2_500, do: 'split', a: ['press'], b: ['lathe', 'paint'], for: 4_500 },
      { at: 3_000, do: 'crash', who: 'server', for: 50 },
      { at: 3_100, do: 'restart', who: 'press' },
      { at: 3_200, do: 'cut', from: 'press', to: 'successor' },
      { at: 3_300, do: 'power-off', who: ['press', 'lathe'], tear: true, for: 1_000 },
      { at: 3_400, do: 'clock-jump', who: 'press', byMs: -3_600_000 },
      { at: 3_500, do: 'loss', rate: 0.25, for: 100 },
      { at: 3_600, do: 'drift', who: 'press', rate: 1.01 },
      { at: 3_700, do: 'split', a: ['press'] },
    ]
    expect(kit.describe(schedule)).toEqual([
      '2.5 s  split press | lathe paint  for 4.5 s',
      '3 s  crash server  for 0.05 s',
      '3.1 s  restart press',
      '3.2 s  cut press > successor',
      '3.3 s  power off press lathe (torn writes)  for 1 s',
      '3.4 s  wall clock of press jumps by -3600 s',
      '3.5 s  lose 25% of the messages of everybody  for 0.1 s',
      '3.6 s  clocks of press run at 1.01',
      '3.7 s  split press | the rest',
    ])
    expect(JSON.parse(JSON.stringify(schedule))).toEqual(schedule)
  })

  it('undoes each fault after its time', () => {
    const [world] = wires(['a', 'b', 'c'])
    applySchedule(world, [
      { at: 100, do: 'crash', who: 'a', for: 100 },
      { at: 100, do: 'pause', who: 'b', for: 200 },
      { at: 100, do: 'power-off', who: ['c'], for: 300 },
    ])
    const states = (): string => world.names.map((name) => world.state(name)).join(', ')
    world.run({ forMs: 150 })
    expect(states()).toBe('stopped, paused, no power')
    world.run({ forMs: 100 })
    expect(states()).toBe('running, paused, no power')
    world.run({ forMs: 100 })
    expect(states()).toBe('running, running, no power')
    world.run({ forMs: 100 })
    expect(states()).toBe('running, running, running')
    expect(world.names.map((name) => world.life(name))).toEqual([2, 1, 2])
  })

  it('undoes only its own fault where two overlap', () => {
    const [world] = wires(['a', 'b'])
    const fired = applySchedule(world, [
      { at: 100, do: 'crash', who: 'a', for: 100 },
      { at: 150, do: 'power-off', who: ['a'], for: 500 },
      { at: 180, do: 'restart', who: 'a' },
      { at: 190, do: 'pause', who: 'a', for: 1_000 },
      { at: 195, do: 'crash', who: 'a', for: 1_000 },
      { at: 196, do: 'crash', who: 'nobody' },
    ])
    world.run({ forMs: 185 })
    expect(world.state('a')).toBe('running')
    world.run({ forMs: 800 })
    expect(world.state('a')).toBe('stopped')
    world.run({ forMs: 300 })
    expect([world.state('a'), world.life('a')]).toEqual(['running', 3])
    expect(kit.describeFired(fired).at(-1)).toMatch(/crash nobody \(nobody\)$/)
  })

  it('resolves roles when a fault fires, and reports who it hit', () => {
    const [world] = wires(['a', 'b', 'c'])
    const server = (): string[] => world.names.filter((name) => world.state(name) === 'running').slice(0, 1)
    const fired = applySchedule(
      world,
      [
        { at: 100, do: 'crash', who: 'server' },
        { at: 200, do: 'crash', who: 'server' },
      ],
      (role) => (role === 'server' ? server() : []),
    )
    world.run({ forMs: 300 })
    expect(fired.map(({ hit }) => hit)).toEqual([['a'], ['b']])
    expect(kit.describeFired(fired)[0]).toMatch(/crash server \(a\)$/)
  })
})

describe('scheduleArbitrary', () => {
  const shape = { nodes: names, roles: ['server', 'successor'], forMs: 3_000, maxFaults: 8 }

  it('keeps to its shape, in order of time, in steps of 100 ms', () => {
    fc.assert(
      fc.property(scheduleArbitrary(shape), (schedule) => {
        expect(schedule.length).toBeGreaterThan(0)
        expect(schedule.length).toBeLessThanOrEqual(8)
        const times = schedule.map(({ at = -1 }) => at)
        expect(times).toEqual(times.toSorted((x, y) => x - y))
        for (const fault of schedule) {
          expect(fault.at! % 100).toBe(0)
          expect(fault.at).toBeLessThanOrEqual(3_000)
          expect(['loss', 'drift']).not.toContain(fault.do)
          expect('for' in fault ? fault.for : 50).toBeGreaterThanOrEqual(50)
        }
      }),
    )
  })

  it('draws few kinds in one schedule and all kinds over many, half of the targets by role', () => {
    const schedules = fc.sample(scheduleArbitrary(shape), { seed: 1, numRuns: 500 })
    const kinds = schedules.map((schedule) => new Set(schedule.map((fault) => fault.do)))
    expect(new Set(kinds.flatMap((set) => [...set])).size).toBe(7)
    expect(kinds.filter((set) => set.size <= 3).length).toBeGreaterThan(150)
    const targets = schedules.flat().flatMap((fault) => ('who' in fault ? fault.who : []))
    const byRole = targets.filter((target) => !names.includes(target)).length / targets.length
    expect(byRole).toBeGreaterThan(0.35)
    expect(byRole).toBeLessThan(0.65)
  })

  it('makes only schedules that run, and from which healAll recovers', () => {
    fc.assert(
      fc.property(scheduleArbitrary({ ...shape, forMs: 1_500 }), fc.nat(), (schedule, seed) => {
        const world = createWorld({ seed })
        gossipRun(world, schedule)
        expect(new Set(names.map((name) => world.state(name)))).toEqual(new Set(['running']))
      }),
      { numRuns: 100 },
    )
  })

  it('is not needed by the world itself', () => {
    const world = createWorld({ seed: 1 })
    populate(world)
    expect(world.names).toEqual(names)
    expect(Object.keys(kit)).not.toContain('scheduleArbitrary')
  })
})
