import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { NumberMap } from '../../src/index.js'

/** Few enough to meet again, and some that share their place in every table. */
const key = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: 0, max: 40 }).map((n) => n * 4_096),
  fc.constantFrom(2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER),
)
const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), key, value: fc.nat() }),
  fc.record({ do: fc.constant('delete' as const), key }),
  fc.record({ do: fc.constant('clear' as const) }),
)
const steps = fc.array(fc.oneof({ weight: 60, arbitrary: step }), { maxLength: 300, size: 'max' })

it('a number map is a map', () => {
  fc.assert(
    fc.property(steps, (plan) => {
      const map = new NumberMap<number>()
      const model = new Map<number, number>()
      for (const one of plan) {
        if (one.do === 'set') {
          map.set(one.key, one.value)
          model.set(one.key, one.value)
        } else if (one.do === 'delete') expect(map.delete(one.key)).toBe(model.delete(one.key))
        else if (plan.length % 5 === 0) {
          map.clear()
          model.clear()
        }
        expect(map.size).toBe(model.size)
      }
      expect(map.ascending()).toEqual([...model].toSorted(([a], [b]) => a - b))
      for (const one of plan) if ('key' in one) expect(map.get(one.key)).toBe(model.get(one.key))
      for (const one of plan) if ('key' in one) expect(map.has(one.key)).toBe(model.has(one.key))
      expect(map.keys().toSorted((a, b) => a - b)).toEqual([...model.keys()].toSorted((a, b) => a - b))
    }),
    { numRuns: 300 },
  )
})

it('a copy goes its own way', () => {
  const map = new NumberMap<string>()
  map.set(1, 'a')
  const copy = map.copy()
  map.set(1, 'b')
  map.set(2, 'c')
  copy.delete(1)
  expect(map.ascending()).toEqual([
    [1, 'b'],
    [2, 'c'],
  ])
  expect(copy.ascending()).toEqual([])
})

it('a copy lets go of what shared its place', () => {
  const map = new NumberMap<string>()
  for (const at of [0, 4_096, 8_192]) map.set(at, `at ${at}`)
  const copy = map.copy()
  expect(copy.delete(0)).toBe(true)
  expect([copy.get(4_096), copy.get(8_192)]).toEqual(['at 4096', 'at 8192'])
})
