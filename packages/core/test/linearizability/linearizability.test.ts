import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkBySearch, checkByWitness } from '../../src/testing/index.js'
import type { Model, Op, WitnessedOp } from '../../src/testing/index.js'

/** A register with keys: `set` answers nothing, `get` the value. */
type Input = { readonly key: string; readonly set?: number }

const register: Model<number, Input, number | null> = {
  initial: 0,
  step: (state, { set }, output) => (set !== undefined ? set : output === state ? state : null),
  unknown: (state, { set }) => set ?? state,
}

interface Drawn {
  readonly key: string
  readonly set: boolean
  readonly gap: number
  readonly early: number
  readonly late: number
  readonly unknown: boolean
}

const one: fc.Arbitrary<Drawn> = fc.record({
  key: fc.constantFrom('a', 'b'),
  set: fc.boolean(),
  gap: fc.integer({ min: 1, max: 10 }),
  early: fc.integer({ min: 0, max: 25 }),
  late: fc.integer({ min: 0, max: 25 }),
  unknown: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
})
const drawn = fc.array(one, { minLength: 1, maxLength: 60 })

type Both = Op<Input, number | null> & WitnessedOp

/** A real execution, one operation after the other, seen from outside through delays: operations overlap. */
function execution(draws: readonly Drawn[]): Both[] {
  const state = new Map<string, number>()
  const position = new Map<string, number>()
  let atMs = 0
  return draws.map(({ key, set, gap, early, late, unknown }, i) => {
    atMs += gap
    if (set) {
      state.set(key, i + 1)
      position.set(key, (position.get(key) ?? 0) + 1)
    }
    return {
      id: `op${i}`,
      invokedAtMs: atMs - early,
      endedAtMs: unknown ? null : atMs + late,
      input: set ? { key, set: i + 1 } : { key },
      output: set ? null : (state.get(key) ?? 0),
      position: position.get(key) ?? 0,
      kind: set ? 'write' : 'read',
    }
  })
}

const byKey = { partition: ({ input }: Op<Input, unknown>): string => input.key }
const ofKey = (ops: readonly Both[], wanted: string): Both[] =>
  ops.filter(({ input }) => input.key === wanted)

describe('a history that came from a real execution', () => {
  it('is linearizable, however its operations overlap', () => {
    fc.assert(
      fc.property(drawn, (draws) => {
        const ops = execution(draws)
        expect(checkBySearch(ops, register, byKey).verdict).toBe('yes')
        for (const key of ['a', 'b']) expect(checkByWitness(ofKey(ops, key)).verdict).toBe('yes')
      }),
      { numRuns: 300 },
    )
  })

  it('is not, once a read is altered to a value that nobody ever wrote', () => {
    fc.assert(
      fc.property(drawn, fc.nat(), (draws, pick) => {
        const ops = execution(draws)
        const reads = ops.filter(({ kind, endedAtMs }) => kind === 'read' && endedAtMs !== null)
        fc.pre(reads.length > 0)
        const bad = reads[pick % reads.length]!
        const altered = ops.map((op) => (op === bad ? { ...op, output: 9_999 } : op))
        const found = checkBySearch(altered, register, byKey)
        expect(found.verdict).toBe('no')
        expect(found.partition ?? bad.input.key).toBe(bad.input.key)
        // Everything before the bad read is explained; it is among what cannot go on.
        expect(found.explained).not.toContain(bad.id)
      }),
      { numRuns: 200 },
    )
  })

  it('is not by witness, once a read is put before what had ended when it began', () => {
    fc.assert(
      fc.property(drawn, fc.nat(), (draws, pick) => {
        const ops = ofKey(execution(draws), 'a').filter(({ endedAtMs }) => endedAtMs !== null)
        const late = ops.filter(
          (op) =>
            op.kind === 'read' &&
            ops.some((other) => other.position > 0 && other.endedAtMs! < op.invokedAtMs),
        )
        fc.pre(late.length > 0)
        const bad = late[pick % late.length]!
        const altered = ops.map((op) => (op === bad ? { ...op, position: 0 } : op))
        const found = checkByWitness(altered)
        expect(found.verdict).toBe('no')
        expect(found.pair?.[1]).toBe(bad.id)
      }),
      { numRuns: 200 },
    )
  })
})

/** Tries every order that agrees with real time: slow, and plain to see that it is right. */
function explainable(ops: readonly Op<Input, number | null>[], state = register.initial): boolean {
  if (ops.every(({ endedAtMs }) => endedAtMs === null)) return true
  const firstEnd = Math.min(...ops.map(({ endedAtMs }) => endedAtMs ?? Number.POSITIVE_INFINITY))
  return ops.some((op) => {
    if (op.invokedAtMs > firstEnd) return false
    const next =
      op.endedAtMs === null ? register.unknown(state, op.input) : register.step(state, op.input, op.output)
    return (
      next !== null &&
      explainable(
        ops.filter((other) => other !== op),
        next,
      )
    )
  })
}

describe('any history, also of a register that lies', () => {
  const few = fc.record({
    set: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    seen: fc.integer({ min: 0, max: 3 }),
    from: fc.integer({ min: 0, max: 8 }),
    takes: fc.integer({ min: 0, max: 4 }),
    unknown: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  })

  it('gets the verdict of a search through all orders', () => {
    const verdicts = { yes: 0, no: 0, undecided: 0 }
    fc.assert(
      fc.property(fc.array(few, { minLength: 1, maxLength: 6 }), (draws) => {
        const ops = draws.map(({ set, seen, from, takes, unknown }, i) => ({
          id: `op${i}`,
          invokedAtMs: from,
          endedAtMs: unknown ? null : from + takes,
          input: set === undefined ? { key: 'a' } : { key: 'a', set },
          output: set === undefined ? seen : null,
        }))
        const { verdict } = checkBySearch(ops, register)
        verdicts[verdict] += 1
        expect(verdict).toBe(explainable(ops) ? 'yes' : 'no')
      }),
      { numRuns: 2_000, seed: 8 },
    )
    expect(verdicts.undecided).toBe(0)
    expect(Math.min(verdicts.yes, verdicts.no)).toBeGreaterThan(300)
  })
})

describe('by search', () => {
  const op = (id: string, from: number, to: number | null, input: Input, output: number | null = null) => ({
    id,
    invokedAtMs: from,
    endedAtMs: to,
    input,
    output,
  })

  it('a write of unknown outcome may explain a later read, and need not', () => {
    const write = op('w', 0, null, { key: 'a', set: 5 })
    const reads = (...values: number[]) =>
      values.map((value, i) => op(`r${i}`, 10 + i * 10, 15 + i * 10, { key: 'a' }, value))
    expect(checkBySearch([write, ...reads(0, 5, 5)], register).verdict).toBe('yes')
    expect(checkBySearch([write, ...reads(0, 0)], register).verdict).toBe('yes')
    const back = checkBySearch([write, ...reads(5, 0)], register)
    expect(back.verdict).toBe('no')
    expect(back.explained).toEqual(['w', 'r0'])
    expect(back.stuck).toContain('r1')
  })

  it('a stale read after a write that had ended is no order of any kind', () => {
    const ops = [op('w', 0, 5, { key: 'a', set: 1 }), op('r', 6, 8, { key: 'a' }, 0)]
    expect(checkBySearch(ops, register)).toMatchObject({ verdict: 'no', stuck: ['r'] })
  })

  it('operations that touch at one moment may be in either order', () => {
    const ops = [op('w', 0, 5, { key: 'a', set: 1 }), op('r', 5, 8, { key: 'a' }, 0)]
    expect(checkBySearch(ops, register).verdict).toBe('yes')
  })

  it('says undecided when the budget is spent, and finds a broken part beside one that it cannot decide', () => {
    const many = Array.from({ length: 18 }, (_, i) => op(`w${i}`, 0, 100, { key: 'a', set: i }))
    const read = op('r', 101, 102, { key: 'a' }, -1)
    expect(checkBySearch([...many, read], register, { budget: 500 }).verdict).toBe('undecided')
    const broken = [op('x', 0, 1, { key: 'b', set: 1 }), op('y', 2, 3, { key: 'b' }, 0)]
    const found = checkBySearch([...many, read, ...broken], register, { ...byKey, budget: 500 })
    expect(found).toMatchObject({ verdict: 'no', partition: 'b' })
  })

  it('decides ten clients with a thousand operations on twenty keys within its budget', () => {
    const draws = fc.sample(one, { seed: 4, numRuns: 1_000 })
    const ops = execution(draws.map((draw, i) => ({ ...draw, key: `k${i % 20}` })))
    expect(checkBySearch(ops, register, byKey).verdict).toBe('yes')
  })
})

describe('by witness', () => {
  const at = (id: string, from: number, to: number, position: number, kind: 'read' | 'write') => ({
    id,
    invokedAtMs: from,
    endedAtMs: to,
    position,
    kind,
  })

  it('two writes never share a position', () => {
    const ops = [at('a', 0, 5, 3, 'write'), at('b', 1, 6, 3, 'write')]
    expect(checkByWitness(ops)).toMatchObject({ verdict: 'no', pair: ['a', 'b'] })
  })

  it('a read may stand at the position of the write that it saw, a later write may not', () => {
    expect(checkByWitness([at('w', 0, 1, 3, 'write'), at('r', 2, 3, 3, 'read')]).verdict).toBe('yes')
    expect(checkByWitness([at('r', 0, 1, 3, 'read'), at('w', 2, 3, 3, 'write')]).verdict).toBe('no')
  })

  it('a read never sees less than a read before it', () => {
    const ops = [at('r1', 0, 1, 7, 'read'), at('r2', 2, 3, 6, 'read')]
    expect(checkByWitness(ops)).toMatchObject({ verdict: 'no', pair: ['r1', 'r2'] })
  })
})
