import { describe, expect, it } from 'vitest'
import { commonPrefix, compareBranches, termRuns } from '../../src/succession/branches.js'
import type { BranchClaim, ForkPoint } from '../../src/succession/branches.js'

/** Rule 27, clause by clause. */

const founding: ForkPoint = { id: 'c', index: 1, held: 1, of: 1 }

function claim(
  id: string,
  held: number,
  rest: Partial<BranchClaim> & { readonly index?: number; readonly all?: number } = {},
): BranchClaim {
  const { index = 11, all = 5, ...own } = rest
  const chain = [founding, { id, index, held, of: all }]
  return { chain, lastIndex: 20, commitIndex: 20, held: 1, of: 1, leads: true, ...own }
}

/** A peer that stayed on the branch that the other left. */
const stayed = (held: number, rest: Partial<BranchClaim> = {}): BranchClaim => ({
  chain: [founding],
  lastIndex: 10,
  commitIndex: 10,
  held,
  of: 5,
  leads: true,
  ...rest,
})

function winner(a: BranchClaim, b: BranchClaim): string | undefined {
  const [one, other] = [compareBranches(a, b), compareBranches(b, a)]
  // Both sides see it alike.
  expect(one?.winner).not.toBe(other?.winner)
  expect(one?.fork).toBe(other?.fork)
  const [won] = one?.winner === 'own' ? [a] : [b]
  return won?.chain.at(-1)?.id
}

describe('which branch goes on', () => {
  it('the one to which a leader of the other gave way before, whatever became of the other since', () => {
    const before = claim('a', 2, { lastIndex: 20, beaten: ['x'] })
    const longer = claim('x', 2, { lastIndex: 30 })
    expect(winner(before, longer)).toBe('a')
    // Each gave way to the other once: then it is decided as if neither had.
    expect(winner(before, { ...longer, beaten: ['a'] })).toBe('x')
  })

  it('the one that held a majority of the last common voters, however long the other is', () => {
    expect(winner(claim('x', 3, { all: 5 }), claim('a', 2, { lastIndex: 1_000 }))).toBe('x')
    expect(winner(claim('x', 2, { all: 3 }), claim('a', 2, { all: 5, lastIndex: 1_000 }))).toBe('x')
  })

  it('the majority that stayed on the old branch, as its votes or its commits since show', () => {
    expect(winner(claim('a', 2), stayed(3))).toBe('c')
    expect(winner(claim('a', 2), stayed(1, { lastIndex: 15, commitIndex: 15 }))).toBe('c')
    expect(winner(claim('a', 2), stayed(1, { lastIndex: 15, commitIndex: 10 }))).toBe('a')
  })

  it('else the one with more of the last common voters', () => {
    expect(winner(claim('x', 2), claim('a', 1, { lastIndex: 1_000 }))).toBe('x')
  })

  it('else the one that is longer since the fork', () => {
    expect(winner(claim('x', 1, { lastIndex: 21 }), claim('a', 1, { lastIndex: 20 }))).toBe('x')
  })

  it('else the one with the lower branch id', () => {
    expect(winner(claim('x', 1), claim('a', 1))).toBe('a')
  })

  it('and nobody, when it is one branch or nothing is common', () => {
    expect(compareBranches(claim('x', 1), claim('x', 1))).toBe(null)
    expect(compareBranches(claim('x', 1), { ...claim('x', 1), chain: [{ ...founding, id: 'other' }] })).toBe(
      null,
    )
  })
})

describe('how much two journals have in common', () => {
  const journal =
    (terms: readonly number[]) =>
    (index: number): number =>
      terms[index - 1] ?? 0

  it.each([
    [[1, 1, 1], [1, 1, 1], 3],
    [[1, 1, 2, 2], [1, 1, 3], 2],
    [[1, 1, 4], [1, 1, 3, 3], 2],
    [[1, 2, 2, 2, 2], [1, 2, 3, 4, 5], 2],
    [[1, 2], [1, 2, 2, 2], 2],
    [[3], [2, 2], 0],
  ])('%j and %j: up to %i', (own, other, expected) => {
    const runs = termRuns(1, other.length, journal(other))
    expect(commonPrefix(own.length, journal(own), runs, other.length)).toBe(expected)
  })

  it('says nothing is known to be common where the other journal begins too late', () => {
    const runs = termRuns(5, 8, journal([1, 1, 1, 1, 2, 2, 2, 2]))
    expect(commonPrefix(4, journal([1, 1, 1, 1]), runs, 8)).toBe(0)
  })
})
