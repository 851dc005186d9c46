import { describe, expect, it } from 'vitest'
import { EntryKind, viewChangeOf, votersOf } from '../../src/succession/entries.js'
import { defaultTiming, voters } from '../../src/succession/index.js'
import type { Operation } from '../../src/succession/index.js'
import { Stage } from './stage.js'
import type { StageSetting } from './stage.js'

const { silenceMaxMs } = defaultTiming

function clusterOf(setting: StageSetting, ...names: string[]): Stage {
  const stage = new Stage({}, setting)
  stage.cluster(...names)
  stage.advance(200)
  stage.events.length = 0
  return stage
}

let asked = 0

/** Returns what the operator was told. */
function operate(stage: Stage, at: string, op: Operation['op'], memberId: string, forMs = 1_500): string {
  asked += 1
  stage.input(at, { kind: 'operate', id: asked, operation: { op, memberId } })
  stage.advance(forMs)
  const told = stage.events.find(({ effect }) => effect?.kind === 'operated' && effect.id === asked)?.effect
  return told?.kind === 'operated' ? `${told.status}: ${told.text}` : 'nothing'
}

const members = (stage: Stage, at: string): string[] => [...stage.state(at).view.keys()]
const journal = (stage: Stage, at: string): string[] =>
  stage.disk(at).entries.flatMap((entry) => {
    if (entry.kind === EntryKind.voters) return [votersOf(entry).why]
    const change = entry.kind === EntryKind.view ? viewChangeOf(entry) : null
    return change === null || change.op === 'admit' ? [] : [change.why]
  })

describe('demote', () => {
  it('asked at any member: the voter keeps copies and votes no more, and the journal says why', () => {
    const stage = clusterOf({}, 'a', 'b', 'c', 'd', 'e')
    expect(operate(stage, 'd', 'demote', 'c')).toMatch(/^done: c keeps copies/)
    expect(voters(stage.state('a'))).not.toContain('c')
    expect(members(stage, 'a')).toContain('c')
    expect(stage.state('e').view.get('c')?.demoted).toBe(true)
    expect(journal(stage, 'a').filter((why) => why === 'operator: demote, asked at d')).toHaveLength(2)
    stage.advance(5_000)
    // It is not promoted again, and of the four others an odd number votes.
    expect(voters(stage.state('a'))).toEqual(['a', 'b', 'd'])
    stage.propose('a', 'x')
    expect(stage.state('c').lastIndex).toBe(stage.state('a').lastIndex)
  })

  it('lasts for one life: after its next start it is a voter again', () => {
    const stage = clusterOf({}, 'a', 'b', 'c')
    operate(stage, 'a', 'demote', 'c')
    stage.crash('c')
    stage.advance(500)
    stage.start('c')
    for (const other of ['a', 'b']) stage.link('c', other)
    stage.advance(3_000)
    expect(voters(stage.state('a'))).toContain('c')
  })

  it('holds when a seat falls vacant', () => {
    const stage = clusterOf({}, 'a', 'b', 'c', 'd', 'e')
    operate(stage, 'a', 'demote', 'e')
    operate(stage, 'a', 'demote', 'd')
    stage.crash('c')
    stage.input('a', { kind: 'gone', memberId: 'c', incarnation: 1, leaving: false, why: 'silent' })
    stage.advance(2_000)
    expect(members(stage, 'a')).not.toContain('c')
    // Nobody else may have its seat, so it is kept for its return.
    expect(voters(stage.state('a'))).toEqual(['a', 'b', 'c'])
  })

  it('of the server hands over first', () => {
    const stage = clusterOf({}, 'a', 'b', 'c')
    expect(operate(stage, 'a', 'demote', 'a')).toMatch(/^done/)
    expect(stage.state('a').role.kind).toBe('follower')
    expect(voters(stage.state('b'))).not.toContain('a')
  })

  it('is refused with a sentence when too few voters would be left', () => {
    const stage = clusterOf({}, 'a', 'b')
    expect(operate(stage, 'b', 'demote', 'b')).toMatch(
      /^refused: Without the vote of b one voter would be left/,
    )
    expect(voters(stage.state('a'))).toEqual(['a', 'b'])
  })

  it('is refused while the others could not decide without it', () => {
    const stage = clusterOf({}, 'a', 'b', 'c')
    stage.crash('c')
    stage.advance(2_000)
    expect(operate(stage, 'a', 'demote', 'b')).toMatch(/^refused: Without b only 1 of 2 voters would answer/)
  })

  it('is refused when only peers that never serve would be left, and for strangers', () => {
    const announced = { b: { serve: 'never' as const }, c: { serve: 'never' as const } }
    const stage = clusterOf({ announced }, 'a', 'b', 'c')
    expect(operate(stage, 'b', 'evict', 'a')).toMatch(/^refused: a is the server, and there is nobody/)
    expect(operate(stage, 'b', 'demote', 'x')).toMatch(/^refused: x is no member/)
  })

  it('asked twice is done once', () => {
    const stage = clusterOf({}, 'a', 'b', 'c')
    expect(operate(stage, 'a', 'demote', 'c')).toMatch(/^done/)
    const { lastIndex } = stage.state('a')
    expect(operate(stage, 'b', 'demote', 'c')).toMatch(/^done/)
    expect(stage.state('a').lastIndex).toBe(lastIndex)
  })

  it('is done by the next leader when the one that was asked dies', () => {
    const stage = clusterOf({}, 'a', 'b', 'c', 'd', 'e')
    for (const other of ['b', 'c', 'd', 'e']) stage.hold(other, 'a')
    asked += 1
    stage.input('e', { kind: 'operate', id: asked, operation: { op: 'demote', memberId: 'd' } })
    stage.crash('a')
    stage.advance(4_000)
    expect(stage.events.some(({ words }) => words.startsWith('operator hears: done'))).toBe(true)
    expect(stage.state('b').view.get('d')?.demoted).toBe(true)
  })

  it('that nobody confirms ends as unknown', () => {
    const stage = clusterOf({}, 'a', 'b', 'c')
    stage.crash('a')
    stage.crash('b')
    expect(operate(stage, 'c', 'demote', 'a', 11_000)).toMatch(/^unknown: No leader confirmed it/)
  })
})

describe('evict', () => {
  it('takes seat and membership, and the evicted learns it and stops', () => {
    const stage = clusterOf({}, 'a', 'b', 'c')
    expect(operate(stage, 'b', 'evict', 'c')).toBe('done: c is no member any more.')
    expect(members(stage, 'a')).toEqual(['a', 'b'])
    expect(voters(stage.state('b'))).toEqual(['a', 'b'])
    const said = stage.events.filter(({ peer }) => peer === 'c').map(({ words }) => words)
    expect(said.at(-1)).toMatch(/^STOPS \(evicted\): This peer was evicted .*operator: evict, asked at b/)
  })

  it('one that was down learns it at its next start, and is not admitted', () => {
    const stage = clusterOf({}, 'a', 'b', 'c')
    stage.crash('c')
    stage.advance(500)
    operate(stage, 'a', 'evict', 'c')
    stage.start('c')
    for (const other of ['a', 'b']) stage.link('c', other)
    stage.advance(3_000)
    expect(stage.events.some(({ peer, words }) => peer === 'c' && words.startsWith('STOPS (evicted)'))).toBe(
      true,
    )
    expect(members(stage, 'a')).toEqual(['a', 'b'])
  })

  it('comes back only by a start that wants to rejoin, and can be evicted again', () => {
    const stage = clusterOf({}, 'a', 'b', 'c')
    operate(stage, 'a', 'evict', 'c')
    stage.crash('c')
    stage.restartToRejoin('c')
    for (const other of ['a', 'b']) stage.link('c', other)
    stage.advance(3_000)
    expect(members(stage, 'a')).toEqual(['a', 'b', 'c'])
    expect(voters(stage.state('a'))).toContain('c')
    stage.events.length = 0
    // It does not hear of it at once, and goes on asking: its wish to rejoin was about the first time.
    stage.loses.add('evicted')
    operate(stage, 'a', 'evict', 'c')
    stage.advance(3_000)
    expect(members(stage, 'a')).toEqual(['a', 'b'])
    stage.loses.clear()
    stage.advance(3_000)
    expect(stage.events.some(({ peer, words }) => peer === 'c' && words.startsWith('STOPS (evicted)'))).toBe(
      true,
    )
    stage.advance(2_000)
    expect(members(stage, 'a')).toEqual(['a', 'b'])
  })

  it('is remembered by every member, also after restarts of all of them', () => {
    const stage = clusterOf({}, 'a', 'b', 'c')
    operate(stage, 'a', 'evict', 'c')
    for (const name of ['a', 'b', 'c']) stage.crash(name)
    stage.start('a', 'b')
    stage.link('a', 'b')
    stage.advance(3 * silenceMaxMs)
    stage.events.length = 0
    stage.start('c')
    for (const other of ['a', 'b']) stage.link('c', other)
    stage.advance(3 * silenceMaxMs)
    expect(stage.events.some(({ peer, words }) => peer === 'c' && words.startsWith('STOPS (evicted)'))).toBe(
      true,
    )
  })
})

describe('catalogue 7: a removed member learns that it was removed', () => {
  it('deposes nobody, does not campaign for ever, and is a member again', () => {
    const stage = clusterOf({}, 'a', 'b', 'c', 'd')
    // c hears nothing of its removal from voters and view.
    for (const other of ['a', 'b', 'd']) {
      stage.hold('c', other)
      stage.hold(other, 'c')
    }
    stage.advance(1_500)
    for (const other of ['a', 'b', 'd'])
      stage.input(other, { kind: 'gone', memberId: 'c', incarnation: 1, leaving: false, why: 'silent' })
    stage.advance(2_000)
    expect(voters(stage.state('a'))).toEqual(['a', 'b', 'd'])
    expect(voters(stage.state('c'))).toContain('c')
    const { term } = stage.state('a').hard
    for (const other of ['a', 'b', 'd']) {
      stage.deliver('c', other)
      stage.deliver(other, 'c')
    }
    stage.events.length = 0
    stage.advance(6_000)
    expect(stage.state('a').hard.term).toBe(term)
    expect(stage.state('a').role).toMatchObject({ kind: 'leader', serving: true })
    expect(voters(stage.state('c'))).toEqual(['a', 'b', 'd'])
    expect(stage.state('c').leader?.memberId).toBe('a')
    expect(members(stage, 'a')).toContain('c')
    const late = stage.events.filter(
      ({ peer, words, atMs }) => peer === 'c' && words.includes('vote for me') && atMs > stage.nowMs - 4_000,
    )
    expect(late).toEqual([])
  })
})
