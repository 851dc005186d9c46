import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyChange, changesBetween } from '../../src/index.js'
import type { Member, MemberEnd, MembershipChange } from '../../src/index.js'

const row = (id: string, change: Partial<Member> = {}): Member => ({
  id,
  name: id,
  address: `10.0.0.1:${id.charCodeAt(0)}`,
  incarnation: 1,
  seniority: id.charCodeAt(0),
  voter: true,
  reachable: true,
  neverServes: false,
  demoted: false,
  state: 'up',
  about: null,
  roundTripMs: null,
  ...change,
})
const [ann, bob, cy] = ['ann', 'bob', 'cy'].map((id) => row(id)) as [Member, Member, Member]

/** Each step of a history makes a later list out of the present one. */
type Step = (members: readonly Member[], at: number) => readonly Member[]
const ids = 'abcdef'.split('')
const anyId = fc.constantFrom(...ids)
const fields = fc.record(
  {
    name: fc.constantFrom('x', 'y'),
    voter: fc.boolean(),
    reachable: fc.boolean(),
    state: fc.constantFrom('up' as const, 'suspect' as const, 'gone' as const),
    about: fc.constantFrom(null, { load: 1 }, { tags: { room: '3' } }),
    roundTripMs: fc.constantFrom(null, 1, 2),
  },
  { requiredKeys: [] },
)
const steps: fc.Arbitrary<Step> = fc.oneof(
  anyId.map(
    (id): Step =>
      (members) =>
        members.filter((one) => one.id !== id),
  ),
  fc.tuple(anyId, fc.nat(3)).map(
    ([id, incarnation]): Step =>
      (members, at) => [...members.filter((one) => one.id !== id), row(id, { incarnation, seniority: at })],
  ),
  fc.tuple(anyId, fields).map(
    ([id, change]): Step =>
      (members) =>
        members.map((one) => (one.id === id ? { ...one, ...change } : one)),
  ),
)
/** Lists of members as they follow each other, several steps apart. */
const histories = fc
  .array(fc.array(steps, { maxLength: 4 }), { minLength: 1, maxLength: 12 })
  .map((turns) => {
    let at = 0
    let members: readonly Member[] = []
    return turns.map((turn) => {
      for (const step of turn) members = step(members, (at += 1))
      return members
    })
  })

const withoutRoundTrips = (members: readonly Member[]): Member[] =>
  members.map((one) => ({ ...one, roundTripMs: null }))
const words = (changes: readonly MembershipChange[]): string[] =>
  changes.map((change) => (change.kind === 'snapshot' ? 'snapshot' : `${change.member.id} ${change.kind}`))

describe('changes of the members', () => {
  it('applied to the snapshot give the present list, whatever has happened', () => {
    fc.assert(
      fc.property(histories, ([first = [], ...later]) => {
        let told = applyChange([], { kind: 'snapshot', members: first })
        let before = first
        for (const after of later) {
          const changes = changesBetween(before, after)
          told = changes.reduce<readonly Member[]>(applyChange, told)
          expect(withoutRoundTrips(told)).toEqual(withoutRoundTrips(after))
          before = after
        }
      }),
    )
  })

  it('are none between equal lists, whatever their round trips', () => {
    fc.assert(
      fc.property(histories, (lists) => {
        const members = lists.at(-1) ?? []
        const slower = members.map((one) => ({ ...one, roundTripMs: 9 }))
        expect(changesBetween(members, slower)).toEqual([])
      }),
    )
  })

  it('never name a member twice for the same thing', () => {
    fc.assert(
      fc.property(histories, (lists) => {
        for (const [at, after] of lists.entries()) {
          const said = words(changesBetween(lists[at - 1] ?? [], after))
          expect(new Set(said).size).toBe(said.length)
        }
      }),
    )
  })

  it.each<readonly [string, readonly Member[], readonly Member[], readonly string[]]>([
    ['{} => {ann, bob}', [], [ann, bob], ['ann joined', 'bob joined']],
    ['{ann, bob} => {bob, cy}', [ann, bob], [bob, cy], ['ann removed', 'cy joined']],
    [
      '{ann, bob} => {bob, ann of its next start}',
      [ann, bob],
      [bob, row('ann', { incarnation: 2, seniority: 999 })],
      ['ann returned'],
    ],
    [
      '{ann} => {the same start of ann, admitted anew}',
      [ann],
      [row('ann', { seniority: 999 })],
      ['ann returned'],
    ],
    ['{ann} => {ann?}', [ann], [{ ...ann, state: 'suspect' }], ['ann suspected']],
    ['{ann?} => {ann}', [{ ...ann, state: 'suspect' }], [ann], ['ann cleared']],
    ['{ann†} => {ann}', [{ ...ann, state: 'gone' }], [ann], ['ann cleared']],
    [
      '{ann} => {ann? with another load}',
      [ann],
      [{ ...ann, state: 'suspect', about: { load: 2 } }],
      ['ann suspected', 'ann changed'],
    ],
  ])('%s', (_, before, after, said) => {
    expect(words(changesBetween(before, after))).toEqual(said)
  })

  it('name the fields that changed', () => {
    const after = [{ ...ann, voter: false, about: { load: 1 }, state: 'gone' as const }]
    expect(changesBetween([ann], after)).toMatchObject([
      { kind: 'changed', what: ['voter', 'about', 'state'] },
    ])
  })

  it('say how a member went: by its own wish, or why else', () => {
    const ends: Record<string, MemberEnd> = {
      ann: { incarnation: 1, left: true, why: 'it leaves for good' },
      bob: { incarnation: 1, left: false, why: 'its end is proven' },
      cy: { incarnation: 0, left: true, why: 'of an earlier start' },
    }
    expect(changesBetween([ann, bob, cy], [], (id) => ends[id] ?? null)).toEqual([
      { kind: 'left', member: ann, why: 'it leaves for good' },
      { kind: 'removed', member: bob, why: 'its end is proven' },
      { kind: 'removed', member: cy, why: 'the view of this peer does not name it any more' },
    ])
    expect(words(changesBetween([], [ann], (id) => ends[id] ?? null))).toEqual(['ann returned'])
  })
})
