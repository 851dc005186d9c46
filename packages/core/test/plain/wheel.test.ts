import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TimingWheel, WheelEvent } from '../../src/testing/plain/wheel.js'

interface Waiting {
  readonly event: WheelEvent
  readonly seq: number
}

/** The next one as a sorted list would give it. */
function next(waiting: readonly Waiting[], end: number): Waiting | null {
  const [first] = waiting.toSorted((a, b) => a.event.tick - b.event.tick || a.seq - b.seq)
  return first && first.event.tick <= end ? first : null
}

const delay = fc.oneof(
  fc.nat({ max: 3 }),
  fc.nat({ max: 2_000 }),
  fc.nat({ max: 3_000_000 }),
  fc.nat({ max: 2 ** 31 - 1 }).map((n) => n * 1_000),
)
const move = fc.oneof(
  { weight: 3, arbitrary: fc.record({ add: delay }) },
  { weight: 2, arbitrary: fc.record({ take: delay }) },
  { weight: 1, arbitrary: fc.record({ remove: fc.nat({ max: 20 }) }) },
)

describe('the timing wheel', () => {
  it('gives events in the order of time, then of their coming, as a sorted list would', () => {
    const behaves = fc.property(fc.array(move, { maxLength: 120, size: 'max' }), (moves) => {
      const wheel = new TimingWheel()
      let waiting: Waiting[] = []
      let now = 0
      for (const [seq, one] of moves.entries()) {
        if ('add' in one) {
          const event = new WheelEvent()
          event.tick = now + one.add
          wheel.add(event)
          waiting.push({ event, seq })
        } else if ('remove' in one) {
          const gone = waiting[one.remove]
          if (gone) wheel.remove(gone.event)
          waiting = waiting.filter((other) => other !== gone)
        } else {
          const end = now + one.take
          const expected = next(waiting, end)
          expect(wheel.take(end)).toBe(expected?.event ?? null)
          waiting = waiting.filter((other) => other !== expected)
          now = expected?.event.tick ?? end
        }
        expect(wheel.size).toBe(waiting.length)
      }
      for (let left = waiting.length; left > 0; left--) {
        const expected = next(waiting, Number.MAX_SAFE_INTEGER)
        expect(wheel.take(Number.MAX_SAFE_INTEGER)).toBe(expected?.event)
        waiting = waiting.filter((other) => other !== expected)
      }
      expect(wheel.take(Number.MAX_SAFE_INTEGER)).toBeNull()
    })
    fc.assert(behaves, { numRuns: 400 })
  })

  it('forgets an event that is removed twice only once', () => {
    const wheel = new TimingWheel()
    const event = new WheelEvent()
    wheel.add(event)
    wheel.remove(event)
    wheel.remove(event)
    expect(wheel.size).toBe(0)
  })
})
