import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scheduleArbitrary } from '../../src/testing/arbitraries.js'
import {
  type Envelope,
  envelopes,
  type Fault,
  faultKinds,
  leaves,
  type Schedule,
  type ScheduleShape,
} from '../../src/testing/index.js'

const nodes = ['ann', 'bob', 'cy', 'dee', 'eve']
const roles = ['server', 'successor', 'a voter']
const outside = (envelope: Envelope, ...schedule: Schedule): string | null =>
  leaves(schedule, envelope, nodes)

describe('leaves', () => {
  const safety = envelopes.safety(5)

  it('says which fault, which envelope, and why', () => {
    expect(outside(safety, { at: 0, do: 'wipe', who: 'ann' }, { at: 9, do: 'rot', who: 'bob' })).toBe(
      '"a bit of a file on the disk of bob rots" leaves the envelope "safety of 5 machines": ' +
        '2 disks may have lost something by then, 1 may',
    )
  })

  const wipe = (who: string): Fault => ({ at: 0, do: 'wipe', who })
  it('counts disks by machine, and roles as whoever makes it worse', () => {
    expect(outside(safety, wipe('ann'), wipe('ann'), { at: 5, do: 'misdirect', who: 'ann' })).toBeNull()
    expect(outside(safety, wipe('ann'), wipe('server'))).toContain('2 disks')
    expect(outside(safety, wipe('server'), wipe('server'))).toContain('2 disks')
    expect(outside(envelopes.safety(2), wipe('ann'))).toContain(
      '1 disks may have lost something by then, 0 may',
    )
    expect(outside(envelopes.anything, wipe('server'), wipe('ann'), wipe('bob'))).toBeNull()
  })

  it('counts a disk that lies only when its power may go later', () => {
    const lies: Fault = { at: 1_000, do: 'disk-lies', who: 'ann', for: 500 }
    const off = (at: number, who: string): Fault => ({ at, do: 'power-off', who: [who] })
    const strict = { ...safety, maxDisksLost: 0 }
    expect(outside(strict, lies)).toBeNull()
    expect(outside(strict, lies, off(900, 'ann'), off(2_000, 'bob'))).toBeNull()
    expect(outside(strict, lies, off(2_000, 'ann'))).toContain('1 disks')
    expect(outside(strict, lies, off(2_000, 'server'))).toContain('1 disks')
    expect(outside(strict, lies, { on: 'bob.elected', do: 'power-off', who: ['ann'] })).toContain('1 disks')
  })

  it('allows no lost disk when acts may leave fewer than three seats', () => {
    const leave = (who: string): Fault => ({ at: 0, do: 'act', act: 'leave', who })
    expect(outside(safety, wipe('ann'), leave('bob'), leave('cy'))).toBeNull()
    expect(outside(safety, leave('server'), leave('bob'), leave('cy'), wipe('ann'))).toContain(
      'give up seats',
    )
  })

  it('counts who is hurt at one moment, and for some time after', () => {
    const two = { ...envelopes.anything, nodes: 5, maxHurt: 2, recoveryMs: 1_000 }
    const crash = (at: number, who: string, lasts = 500): Fault => ({ at, do: 'crash', who, for: lasts })
    expect(outside(two, crash(0, 'ann'), crash(100, 'bob'), crash(200, 'ann'))).toBeNull()
    expect(outside(two, crash(0, 'ann'), crash(100, 'bob'), crash(200, 'cy'))).toContain(
      '3 machines may be hurt',
    )
    expect(outside(two, crash(0, 'ann'), crash(0, 'bob'), crash(1_501, 'cy'), crash(1_501, 'dee'))).toBeNull()
    expect(outside(two, crash(0, 'ann'), crash(0, 'bob'), crash(1_500, 'cy'))).toContain('3 machines')
    expect(outside(two, crash(0, 'server'), crash(0, 'server'), crash(0, 'ann'))).toContain('3 machines')
    const waits: Fault = { on: 'ann.elected', do: 'pause', who: 'ann', for: 10 }
    expect(outside(two, waits, crash(9_000, 'bob'), crash(9_000, 'cy'))).toContain('3 machines')
  })

  it.each<[number, Fault]>([
    [1, { at: 0, do: 'split', a: ['ann'] }],
    [2, { at: 0, do: 'split', a: ['ann', 'server'] }],
    [1, { at: 0, do: 'split', a: ['ann', 'bob', 'cy', 'dee'] }],
    [1, { at: 0, do: 'split', a: ['ann', 'bob'], b: ['cy'] }],
    [2, { at: 0, do: 'bridge', over: 'cy' }],
    [5, { at: 0, do: 'ring', for: 10 }],
    [5, { at: 0, do: 'slow', byMs: 100 }],
    [1, { at: 0, do: 'slow', from: 'ann', to: 'bob', byMs: 100 }],
    [2, { at: 0, do: 'power-off', who: ['ann', 'bob'], for: 10 }],
    [0, { at: 0, do: 'clock-jump', who: 'ann', byMs: -5 }],
    [0, { at: 0, do: 'disk-lies', who: 'ann' }],
  ])('counts %i machines for %j', (count, fault) => {
    const most = (maxHurt: number): Envelope => ({ ...envelopes.anything, nodes: 5, maxHurt })
    expect(outside(most(count), fault)).toBeNull()
    if (count > 0) expect(outside(most(count - 1), fault)).toContain(`${count} machines may be hurt`)
  })

  it('knows what only a new start repairs', () => {
    const one = { ...envelopes.anything, nodes: 5, maxHurt: 1 }
    const full: Fault = { at: 0, do: 'disk-full', who: 'ann', for: 10 }
    expect(outside(one, full, { at: 9_000, do: 'pause', who: 'bob', for: 10 })).toContain('2 machines')
  })

  it('compares clocks with each other and with true time', () => {
    const drift = (at: number, who: string, rate: number): Fault => ({ at, do: 'drift', who, rate, for: 100 })
    expect(outside(safety, drift(0, 'ann', 1.049))).toBeNull()
    expect(outside(safety, drift(0, 'ann', 1.051))).toContain('clocks may be 5.1% apart, 5% is the most')
    expect(outside(safety, drift(0, 'ann', 0.95))).toContain('5.3% apart')
    expect(outside(safety, drift(0, 'ann', 1.03), drift(50, 'bob', 0.97))).toContain('6.2% apart')
    expect(outside(safety, drift(0, 'ann', 1.03), drift(150, 'bob', 0.97))).toBeNull()
  })

  it('lets no clock hide a sleep', () => {
    const sleep: Fault = { at: 1_000, do: 'sleep', who: 'ann', for: 500 }
    const jump = (at: number, who: string, byMs: number): Fault => ({ at, do: 'clock-jump', who, byMs })
    expect(outside(safety, sleep, jump(1_200, 'ann', -9))).toContain('hides how long its machine slept')
    expect(outside(safety, sleep, jump(1_200, 'server', -9))).toContain('hides')
    expect(
      outside(safety, sleep, jump(1_200, 'bob', -9), jump(1_200, 'ann', 9), jump(5_000, 'ann', -9)),
    ).toBeNull()
  })

  it('knows kinds, faithful links, honest refusals and changed addresses', () => {
    const moved: Fault = { at: 0, do: 'address-change', who: 'ann' }
    expect(outside(safety, moved)).toBeNull()
    const refuse: Fault = { at: 0, do: 'refuse', to: 'ann' }
    expect(outside(safety, refuse)).toContain('proof of death')
    expect(outside({ ...safety, honestRefusals: false }, refuse)).toBeNull()
    const loss: Fault = { at: 0, do: 'loss', who: 'ann', rate: 0.1 }
    expect(outside(safety, loss)).toBeNull()
    expect(outside(envelopes.liveness(5), loss)).toContain('frames come once and in order')
    expect(outside({ ...safety, kinds: ['crash'] }, loss)).toContain('there is no "loss" in it')
  })
})

describe('schedules that are drawn', () => {
  const shape: ScheduleShape = {
    nodes,
    roles,
    forMs: 6_000,
    maxFaults: 8,
    moments: ['appended', 'server.committed', 'started'],
    acts: ['leave'],
    versions: ['2'],
  }

  it.each([envelopes.safety(5), envelopes.liveness(5), { ...envelopes.liveness(5), maxHurt: 1 }])(
    'never leave $name, and neither do simpler ones',
    (envelope) => {
      const arbitrary = scheduleArbitrary({ ...shape, envelope })
      const kinds = new Set<string>()
      fc.assert(
        fc.property(arbitrary, (schedule) => {
          for (const fault of schedule) kinds.add(fault.do)
          expect(leaves(schedule, envelope, nodes)).toBeNull()
          expect(schedule.length).toBeGreaterThan(0)
          let left = 40
          for (const simpler of arbitrary.shrink(schedule, undefined)) {
            if (left-- === 0) break
            expect(leaves(simpler.value, envelope, nodes)).toBeNull()
          }
        }),
        { numRuns: 400, seed: 6 },
      )
      expect(kinds.size).toBeGreaterThan(10)
    },
  )

  it('use every kind that the envelope allows', () => {
    const all = scheduleArbitrary({ ...shape, envelope: envelopes.anything })
    const kinds = fc
      .sample(all, { seed: 1, numRuns: 400 })
      .flatMap((schedule) => schedule.map((one) => one.do))
    expect(new Set(kinds)).toEqual(new Set(faultKinds))
  })

  it('are refused with the reasons when the envelope excludes every kind', () => {
    const none = { ...envelopes.liveness(3), maxHurt: 0 }
    expect(() => scheduleArbitrary({ ...shape, kinds: ['crash', 'act'], envelope: none, acts: [] })).toThrow(
      'no fault of the kinds asked for is possible: "crash ann" leaves the envelope "liveness of 3 machines": ' +
        '1 machines may be hurt then, 0 may; faults of the kind "act" need `acts`',
    )
    expect(() => scheduleArbitrary({ ...shape, kinds: ['ring'], nodes: ['ann', 'bob'] })).toThrow(
      'a ring needs 3 nodes',
    )
  })
})
