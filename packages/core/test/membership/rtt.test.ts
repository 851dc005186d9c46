import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { idOf, Mesh } from './mesh.js'

const three = (): Mesh => new Mesh().start('ABC').setView('ABC')

describe('round trips', () => {
  it('everybody learns of everybody what the others measured, from beats alone', () => {
    const mesh = three().run(10_000)
    for (const by of 'ABC') {
      const told = mesh.latencies.get(by)
      expect([...(told?.keys() ?? [])].toSorted()).toEqual(['A', 'B', 'C'])
      // Each way takes 0.5 to 1.5 ms here.
      for (const ms of told?.values() ?? []) expect(ms).toBeGreaterThan(1)
      for (const ms of told?.values() ?? []) expect(ms).toBeLessThan(3)
    }
  })

  it('nobody counts for itself: what a member tells of itself is not looked at', () => {
    const mesh = three().run(5_000)
    const link = mesh.usable('A', 'C')[0] ?? 0
    // C claims that it is near to itself and to everybody.
    const hears = ['A', 'B', 'C'].map(idOf)
    mesh.tell('A', { kind: 'message', link, message: { t: 'beat', hears, rtts: [0.01, 0.01, 0.01] } })
    mesh.run(100)
    expect(mesh.latencies.get('A')?.get('C')).toBeGreaterThan(1)
  })

  it('a pause of its peer does not move the median, a slow link does', () => {
    const mesh = three().run(6_000).pause('C').run(700).wake('C').run(2_000)
    expect(mesh.latencies.get('A')?.get('C')).toBeLessThan(3)
  })

  it('what was measured of a former life is forgotten', () => {
    const mesh = three().run(6_000).crash('C').run(20)
    mesh.restart('C')
    mesh.setView('ABC').run(50)
    const { rtt } = mesh.life('A').machine.peers.get(idOf('C'))!
    expect(rtt.samplesMs).toEqual([])
    expect(mesh.run(3_000).latencies.get('A')?.get('C')).toBeLessThan(3)
  })

  it('memory and beats stay bounded, whatever a member sends', () => {
    const row = fc.record({
      hears: fc.array(fc.constantFrom(...['A', 'B', 'C', 'D'].map(idOf)), { maxLength: 100 }),
      seq: fc.option(fc.double(), { nil: undefined }),
      echo: fc.option(fc.tuple(fc.double(), fc.double()), { nil: undefined }),
      rtts: fc.option(fc.array(fc.double(), { maxLength: 100 }), { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), (beats) => {
        const mesh = three().run(3_000)
        const link = mesh.usable('A', 'B')[0] ?? 0
        for (const { hears, seq, echo, rtts } of beats) {
          const message = {
            t: 'beat' as const,
            hears,
            ...(seq !== undefined && { seq }),
            ...(echo && { echo }),
            ...(rtts && { rtts }),
          }
          mesh.tell('A', { kind: 'message', link, message })
          mesh.run(30)
        }
        const { rtt } = mesh.life('A').machine.peers.get(idOf('B'))!
        expect(rtt.samplesMs.length).toBeLessThanOrEqual(20)
        expect(rtt.told.ids.length).toBeLessThanOrEqual(64)
        expect(rtt.sortedMs).toEqual(rtt.samplesMs.toSorted((a, b) => a - b))
        for (const ms of rtt.samplesMs) expect(ms).toBeGreaterThanOrEqual(0)
        expect(mesh.life('A').machine.sentBeats.length).toBeLessThanOrEqual(12)
      }),
      { numRuns: 50 },
    )
  })
})
