import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { persist, refuse, role } from '../../src/index.js'
import { modelProperty, modelTest } from '../../src/testing/property/index.js'
import type { Model } from '../../src/testing/property/index.js'
import { stock } from './stock.js'
import type { Stock } from './stock.js'

const sku = fc.constantFrom('a', 'b')
const n = fc.integer({ min: 1, max: 3 })
type Have = ReadonlyMap<string, number>

const added = (have: Have, key: string, by: number): Have => new Map(have).set(key, (have.get(key) ?? 0) + by)

/** The stock as somebody would say it on one line. */
const plain: Model<Stock, (typeof stock)['commands'], Have> = {
  model: () => new Map(),
  commands: {
    fill: { input: fc.record({ sku, n }), expect: (have, c) => ({ model: added(have, c.sku, c.n) }) },
    take: {
      weight: 2,
      input: fc.record({ sku, n }),
      expect: (have, c) => {
        const left = (have.get(c.sku) ?? 0) - c.n
        return left < 0
          ? { refused: { code: 'short', have: left + c.n } }
          : { model: added(have, c.sku, -c.n), reply: left }
      },
    },
    empty: { expect: () => ({ model: new Map() }) },
  },
  invariant: (s, have) => [...have].every(([key, left]) => (s.items[key] ?? 0) === left && left >= 0),
}

const told = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('nothing was thrown')
}

/** The stock with one line that is wrong. */
const greedy = role('stock', {
  state: stock.state,
  events: { ...stock.events },
  commands: {
    fill: stock.commands.fill,
    empty: stock.commands.empty,
    take: (s, c: { sku: string; n: number }, on, ctx) => {
      const have = s.items[c.sku] ?? 0
      return have + 1 < c.n
        ? refuse({ code: 'short', have })
        : persist(on.taken({ ...c, order: ctx.id(), at: ctx.at })).reply((next) => next.items[c.sku] ?? 0)
    },
  },
})

describe('modelTest', () => {
  it('passes a role that is what its model says', () => {
    modelTest(stock, plain, { seed: 1 })
  })

  it('finds the role that is not, in the fewest commands, and says how to see it again', () => {
    const text = told(() => modelTest(greedy, plain, { seed: 1 }))
    expect(text).toMatch(
      /^The role 'stock' is not what its model says, after 1 command:\n {2}1\. take \{ sku: 'a', n: 1 \}/,
    )
    expect(text).toContain("The role replied -1, the model refuses it with { code: 'short', have: 0 }.")
    const [, seed, path] = /\{ seed: (-?\d+), path: '([\d:]+)' \}/.exec(text) ?? []
    const again = told(() => modelTest(greedy, plain, { seed: Number(seed), path: path ?? '' }))
    expect(again.split('\n').slice(0, 3)).toEqual(text.split('\n').slice(0, 3))
  })

  it('compares replies and refusals, and asks the invariant', () => {
    const wrong = (change: Partial<typeof plain>): string =>
      told(() => modelTest(stock, { ...plain, ...change }, { seed: 2 }))
    const { fill, take } = plain.commands
    expect(
      wrong({
        commands: {
          fill: fill!,
          take: { ...take!, expect: () => ({ refused: { code: 'short', have: 1 } }) },
        },
      }),
    ).toMatch(/The refusals differ: \.have: expected 1, got 0/)
    expect(wrong({ invariant: (s) => (s.items['a'] ?? 0) < 3 || 'more than 2 of a' })).toMatch(
      /The invariant does not hold: more than 2 of a\. The state is/,
    )
  })

  it('finds what the role keeps outside of its state', () => {
    let count = 0
    const numbered = role('numbered', {
      state: () => [] as readonly string[],
      events: { added: (s) => [...s, `no ${++count}`] },
      commands: { add: (_s, _none: void, on) => persist(on.added()) },
    })
    const text = told(() =>
      modelTest(
        numbered,
        { model: () => 0, commands: { add: { expect: (m) => ({ model: m + 1 }) } } },
        { seed: 3 },
      ),
    )
    expect(text).toMatch(/after 1 command:\n {2}1\. add/)
    expect(text).toMatch(/The event function numbered\.added gives two results/)
  })

  it('is no pass when nothing was ever accepted, and refuses a model of other commands', () => {
    const { take } = plain.commands
    expect(told(() => modelTest(stock, { ...plain, commands: { take: take! } }, { seed: 4 }))).toMatch(
      /In 200 runs the role 'stock' never accepted a command/,
    )
    const typo = { ...plain, commands: { tkae: take! } } as unknown as typeof plain
    expect(told(() => modelTest(stock, typo))).toMatch(
      /The model names tkae; the role 'stock' has the commands fill,/,
    )
    expect(told(() => modelTest(stock, { ...plain, commands: {} }))).toMatch(/The model has no commands/)
  })

  it('is a fast-check property as well', () => {
    fc.assert(modelProperty(stock, plain), { seed: 5, numRuns: 50 })
    expect(() =>
      fc.assert(modelProperty(greedy, plain), { seed: 5, numRuns: 50, includeErrorInReport: true }),
    ).toThrow(/is not what its model says/)
  })
})
