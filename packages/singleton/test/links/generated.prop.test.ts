import { applySchedule } from '@tanist/core/testing'
import type { Fault, Schedule } from '@tanist/core/testing'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Office } from './office.js'

const RUNS = Math.max(2, Math.round((8 * Number(process.env['TANIST_SCHEDULES'] ?? 1_000)) / 1_000))
const FAULTS_MS = 15_000
/** The longest that a link which failed often is kept aside, and some beats. */
const TRUSTED_AGAIN_MS = 35_000

/** Everything that can be wrong with one link and with nothing else. */
function faultOf(from: string, to: string): fc.Arbitrary<Fault> {
  const when = { at: fc.integer({ min: 0, max: FAULTS_MS }), for: fc.integer({ min: 200, max: 8_000 }) }
  const links = fc.constantFrom({ from, to }, { from: to, to: from })
  const lasting = fc.record(when)
  return fc.oneof(
    fc.tuple(links, lasting).map(([ends, span]): Fault => ({ do: 'cut', ...ends, ...span })),
    fc
      .tuple(links, lasting, fc.integer({ min: 50, max: 2_500 }))
      .map(([ends, span, byMs]): Fault => ({ do: 'slow', ...ends, ...span, byMs, jitterMs: byMs / 2 })),
    fc
      .tuple(links, lasting, fc.double({ min: 0.1, max: 0.9, noNaN: true }))
      .map(([ends, span, rate]): Fault => ({ do: 'loss', ...ends, ...span, rate })),
    fc.tuple(links, lasting).map(([ends, { at }]): Fault => ({ do: 'reset', ...ends, at })),
  )
}

interface Case {
  readonly seed: number
  readonly peers: number
  readonly schedule: Schedule
}

const cases: fc.Arbitrary<Case> = fc
  .record({ seed: fc.integer({ min: 1, max: 1_000_000 }), peers: fc.constantFrom(3, 5), pair: fc.nat(9) })
  .chain(({ seed, peers, pair }) => {
    const names = ['ann', 'bob', 'cy', 'dee', 'eve'].slice(0, peers)
    const pairs = names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b] as const))
    const [a, b] = pairs[pair % pairs.length] ?? ['ann', 'bob']
    const schedule = fc.array(faultOf(a, b), { minLength: 1, maxLength: 6 })
    return fc.record({ seed: fc.constant(seed), peers: fc.constant(peers), schedule })
  })

function holds({ seed, peers, schedule }: Case): void {
  const office = new Office({ seed, peers })
  const { cluster } = office
  const view = office.view()
  applySchedule(cluster.world, schedule, (target) => cluster.resolve(target))
  for (let ms = 0; ms < FAULTS_MS + 8_000; ms += 1_000) {
    office.run(1_000)
    const now = office.view()
    expect(now === 'nobody serves' ? view : now).toBe(view)
  }
  cluster.world.healAll()
  office.run(TRUSTED_AGAIN_MS)
  expect(cluster.names.flatMap((name) => office.troubles(name))).toEqual([])
  office.close()
  expect(office.view()).toBe(view)
}

describe('whatever happens to one link', () => {
  it('nobody is removed, all laws hold, and the link is trusted again', { timeout: 300_000 }, () => {
    fc.assert(fc.property(cases, holds), { numRuns: RUNS, seed: 7 })
  })
})
