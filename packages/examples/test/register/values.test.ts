import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { noRegisters, read, write } from '../../src/register/registers.js'
import { readValue, writeValue } from '../../src/register/values.js'

/** JSON says 0 for -0. */
const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown)

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, part]) => [name, shuffled(part)]),
  )
}

function jsonOf(value: unknown): string {
  const written = writeValue(value)
  return written.ok ? written.json : written.text
}

describe('values as texts', () => {
  it('every JSON value comes back equal', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(readValue(jsonOf(value))).toEqual(value)
      }),
    )
  })

  it('values that differ only in the order of names are one text, others are not', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(jsonOf(shuffled(value))).toBe(jsonOf(value))
      }),
    )
    expect(jsonOf([1, 2])).not.toBe(jsonOf([2, 1]))
    expect(jsonOf('1')).not.toBe(jsonOf(1))
    expect(jsonOf({ a: null })).not.toBe(jsonOf({}))
  })
})

describe('registers', () => {
  it('hold what a Map would, and never change an earlier state', () => {
    const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'a', 'b'))
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.string())), (writes) => {
        const model = new Map<string, string>()
        let state = noRegisters
        for (const [name, value] of writes) {
          const before = model.get(name)
          const next = write(state, name, value)
          expect(read(state, name)).toBe(before)
          model.set(name, value)
          state = next
        }
        for (const [name, value] of model) expect(read(state, name)).toBe(value)
        expect(read(noRegisters, 'a')).toBeUndefined()
      }),
    )
  })
})
