import type { MemberId } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { defaultTiming } from '../../src/succession/index.js'
import type { RankedMember } from '../../src/succession/index.js'
import { Stage } from './stage.js'
import type { StageSetting } from './stage.js'

const { silenceMinMs, silenceMaxMs, rankStepMs, homeAfterMs, homeEveryMs, transferMs } = defaultTiming

function clusterOf(setting: StageSetting, ...names: string[]): Stage {
  const stage = new Stage({}, setting)
  stage.cluster(...names)
  stage.advance(200)
  stage.events.length = 0
  return stage
}

const servers = (stage: Stage): string[] =>
  stage.events.filter((event) => event.effect?.kind === 'serve').map((event) => event.peer)

const notes = (stage: Stage, peer: string): string[] =>
  stage.notes.filter((note) => note.peer === peer).map((note) => note.event)

const lineOf = (stage: Stage, leader: string): readonly MemberId[] => {
  stage.advance(100)
  return stage.state(leader).line
}

const latency = (stage: Stage, ms: Readonly<Record<string, number>>): void => {
  for (const name of stage.names) stage.input(name, { kind: 'latency', medians: Object.entries(ms) })
}

function silence(stage: Stage, name: string, others: readonly string[]): void {
  for (const other of others) {
    stage.hold(name, other)
    stage.hold(other, name)
  }
}

function heal(stage: Stage): void {
  for (const key of [...stage.held.keys()]) stage.deliver(key.split('>')[0] ?? '', key.split('>')[1] ?? '')
}

describe('the line of succession', () => {
  it('is by seniority unless something else is chosen', () => {
    expect(lineOf(clusterOf({}, 'a', 'b', 'c'), 'a')).toEqual(['b', 'c'])
  })

  it('by weight: the greater first, equal ones by age', () => {
    const announced = { b: { weight: 1 }, c: { weight: 5 }, d: { weight: 5 }, e: { weight: -1 } }
    const stage = clusterOf({ ranking: 'weight', announced }, 'a', 'b', 'c', 'd', 'e')
    // The heaviest has taken the role home by now, or will: the line of whoever leads is looked at.
    const leader = stage.names.find((name) => stage.state(name).role.kind === 'leader') ?? ''
    const expected = ['c', 'd', 'a', 'b', 'e'].filter((name) => name !== leader)
    expect(lineOf(stage, leader)).toEqual(expected)
  })

  it('by latency: the nearest first, whom nobody measured last', () => {
    const stage = clusterOf({ ranking: 'latency' }, 'a', 'b', 'c', 'd', 'e')
    latency(stage, { b: 3, c: 0.4, e: 0.9, a: 0.3 })
    expect(lineOf(stage, 'a')).toEqual(['c', 'e', 'b', 'd'])
  })

  it("by the application's own function over the manifests", () => {
    const cores = ({ manifest }: RankedMember): number => (manifest as { cores: number } | null)?.cores ?? 0
    const ranking = (members: readonly RankedMember[]): MemberId[] =>
      members.toSorted((x, y) => cores(y) - cores(x)).map(({ id }) => id)
    const announced = {
      a: { manifest: { cores: 64 } },
      b: { manifest: { cores: 2 } },
      c: { manifest: { cores: 8 } },
    }
    expect(lineOf(clusterOf({ ranking, announced }, 'a', 'b', 'c'), 'a')).toEqual(['c', 'b'])
  })

  it.each([
    [
      'throws',
      (): MemberId[] => {
        throw new Error('no idea')
      },
      'no idea',
    ],
    [
      'leaves one out',
      (members: readonly RankedMember[]) => members.slice(1).map(({ id }) => id),
      'a is missing',
    ],
    ['returns nothing', () => undefined as unknown as MemberId[], 'no list'],
    [
      'changes what it was given',
      (members: readonly RankedMember[]) => (members as RankedMember[]).splice(0).map(({ id }) => id),
      'Cannot delete',
    ],
  ])('falls back to seniority when the function %s, and says so once', (_, ranking, why) => {
    const stage = clusterOf({ ranking }, 'a', 'b', 'c')
    expect(lineOf(stage, 'a')).toEqual(['b', 'c'])
    stage.advance(1_000)
    expect(notes(stage, 'a').filter((event) => event === 'ranking-failed')).toHaveLength(1)
    expect(stage.notes.find((note) => note.event === 'ranking-failed')?.text).toContain(why)
  })

  it('decides only who waits: who comes last is elected when it alone can be', () => {
    const announced = { b: { weight: 9 } }
    const stage = clusterOf({ ranking: 'weight', announced }, 'a', 'b', 'c')
    stage.crash('a')
    stage.crash('b')
    stage.start('b')
    stage.crash('b')
    stage.start('a')
    stage.link('a', 'c')
    stage.advance(3 * silenceMaxMs)
    expect(servers(stage)).toHaveLength(1)
  })
})

describe("serve: 'never'", () => {
  const announced = { c: { serve: 'never' as const } }

  it('votes and keeps copies, and is not in the line', () => {
    const stage = clusterOf({ announced }, 'a', 'b', 'c')
    expect(lineOf(stage, 'a')).toEqual(['b'])
    stage.input('a', { kind: 'transfer', to: 'c' })
    expect(stage.events.at(-1)?.words).toContain("c was started with serve: 'never'")
    stage.propose('a', 'x')
    expect(stage.state('c').lastIndex).toBe(stage.state('a').lastIndex)
  })

  it('does not stand while others can', () => {
    const stage = clusterOf({ announced }, 'a', 'b', 'c')
    stage.crash('a')
    stage.advance(silenceMaxMs * 2)
    expect(servers(stage)).toEqual(['b'])
    expect(stage.state('c').hard.votedFor).toBe('b')
  })

  it('is patient: all others have had their chance before it stands', () => {
    const stage = clusterOf({ announced }, 'a', 'b', 'c')
    stage.crash('a')
    silence(stage, 'b', ['c'])
    stage.advance(2 * silenceMaxMs)
    expect(stage.state('c').role.kind).toBe('follower')
    heal(stage)
    stage.advance(2 * silenceMaxMs)
    expect(servers(stage)).toEqual(['b'])
  })

  it('leads for a moment, without serving, when it alone holds the newest entries', () => {
    const stage = clusterOf({ announced }, 'a', 'b', 'c')
    stage.hold('a', 'b')
    stage.propose('a', 'only a and c have this')
    stage.crash('a')
    heal(stage)
    const { lastIndex } = stage.state('c')
    expect(stage.state('b').lastIndex).toBeLessThan(lastIndex)
    stage.advance(8 * silenceMaxMs)
    // c took the place, brought b up to date, and handed over: c never served.
    expect(servers(stage)).toEqual(['b'])
    expect(stage.state('b').lastIndex).toBeGreaterThan(lastIndex)
  })

  it('left alone with its like: nobody serves, and a newcomer that may serve does', () => {
    const stage = clusterOf({ announced: { b: { serve: 'never' }, c: { serve: 'never' } } }, 'a', 'b', 'c')
    stage.crash('a')
    stage.advance(8 * silenceMaxMs)
    expect(servers(stage)).toEqual([])
    expect([stage.state('b').role.kind, stage.state('c').role.kind]).toContain('leader')
    stage.start('d')
    for (const other of ['b', 'c']) stage.link('d', other)
    for (const other of ['b', 'c'])
      stage.input(other, { kind: 'gone', memberId: 'a', incarnation: 1, leaving: false, why: 'silent' })
    stage.advance(10 * silenceMaxMs)
    expect(servers(stage)).toEqual(['d'])
  })

  it('founds nothing, and does not keep others from it', () => {
    const stage = new Stage({}, { announced: { a: { serve: 'never' } } })
    stage.start('a')
    stage.advance(5_000)
    expect(stage.state('a').lastIndex).toBe(0)
    stage.start('b')
    stage.link('a', 'b')
    stage.advance(5_000)
    expect(servers(stage)).toEqual(['b'])
  })
})

/** a leads, falls silent until b leads, and is back. */
function afterTakeOver(setting: StageSetting = {}, ...names: string[]): Stage {
  const stage = clusterOf(setting, ...names)
  const others = names.filter((name) => name !== 'a')
  silence(stage, 'a', others)
  stage.advance(2 * silenceMaxMs)
  expect(servers(stage)).toEqual(['b'])
  heal(stage)
  stage.events.length = 0
  return stage
}

describe('home to the oldest (rule 14)', () => {
  it('goes to the older voter when it has been fit for ten seconds, not before', () => {
    const stage = afterTakeOver({}, 'a', 'b', 'c')
    stage.advance(homeAfterMs - 200)
    expect(servers(stage)).toEqual([])
    stage.advance(500)
    expect(servers(stage)).toEqual(['a'])
    expect(stage.state('b').leader?.memberId).toBe('a')
  })

  it('counts anew after each gap', () => {
    const stage = afterTakeOver({}, 'a', 'b', 'c')
    stage.advance(homeAfterMs - 2_000)
    stage.hold('a', 'b')
    stage.advance(400)
    stage.deliver('a', 'b')
    stage.advance(homeAfterMs - 1_000)
    expect(servers(stage)).toEqual([])
    stage.advance(1_500)
    expect(servers(stage)).toEqual(['a'])
  })

  it('stays where it is when the older is no better: nobody goes home to a younger', () => {
    const stage = clusterOf({}, 'a', 'b', 'c')
    stage.advance(3 * homeEveryMs)
    expect(servers(stage)).toEqual([])
  })

  it('does not undo what an operator chose, as long as that reign lasts', () => {
    const stage = clusterOf({}, 'a', 'b', 'c')
    stage.input('a', { kind: 'transfer', to: 'c', stay: true })
    stage.advance(4 * homeEveryMs)
    expect(servers(stage)).toEqual(['c'])
    stage.crash('c')
    stage.advance(4 * homeEveryMs)
    expect(servers(stage).slice(1)).toEqual(['a'])
  })

  it('asks first whether a majority would vote for it: who reaches only the leader is left alone', () => {
    const stage = afterTakeOver({}, 'a', 'b', 'c', 'd', 'e')
    for (const other of ['c', 'd', 'e']) {
      stage.hold('a', other)
      stage.hold(other, 'a')
    }
    stage.advance(homeAfterMs + 4 * homeEveryMs)
    expect(servers(stage)).toEqual([])
    expect(stage.state('b').role).toMatchObject({ kind: 'leader', serving: true })
    heal(stage)
    stage.advance(16 * homeEveryMs)
    expect(servers(stage)).toEqual(['a'])
  })

  it('backs off: each failure doubles the pause', () => {
    const stage = afterTakeOver({}, 'a', 'b', 'c')
    // a hears and is heard, but nothing of its inquiry comes through.
    const asked = (): number[] =>
      stage.events.filter(({ words }) => words.includes('would a majority vote')).map(({ atMs }) => atMs)
    stage.loses.add('canvassed')
    stage.advance(600_000)
    const pauses = asked().map((at, i) => Math.round((at - (asked()[i - 1] ?? at)) / homeEveryMs))
    expect(pauses).toEqual([0, 2, 4, 8])
    expect(servers(stage)).toEqual([])
    stage.loses.clear()
    stage.advance(600_000)
    expect(servers(stage)).toEqual(['a'])
  })

  it('goes to no leaver', () => {
    const stage = afterTakeOver({}, 'a', 'b', 'c')
    stage.advance(homeAfterMs - 2_000)
    stage.input('a', { kind: 'leave' })
    stage.advance(2 * homeAfterMs)
    expect(servers(stage)).toEqual([])
  })

  it('goes to the greater weight, by weight', () => {
    const stage = clusterOf({ ranking: 'weight', announced: { c: { weight: 9 } } }, 'a', 'b', 'c')
    stage.advance(homeAfterMs + homeEveryMs)
    expect(servers(stage)).toEqual(['c'])
    stage.advance(4 * homeEveryMs)
    expect(servers(stage)).toEqual(['c'])
  })

  it('by latency: only for a gain that lasts the whole time and is worth it', () => {
    const stage = clusterOf({ ranking: 'latency' }, 'a', 'b', 'c')
    latency(stage, { a: 2.0, b: 1.4, c: 8 })
    stage.advance(2 * homeAfterMs)
    expect(servers(stage), 'too little').toEqual([])
    for (let i = 0; i < 20; i++) {
      latency(stage, { a: 9, b: i % 2 === 0 ? 1 : 9, c: 12 })
      stage.advance(homeAfterMs / 4)
    }
    expect(servers(stage), 'not steady').toEqual([])
    latency(stage, { a: 9, b: 1, c: 12 })
    stage.advance(homeAfterMs + 1_000)
    expect(servers(stage)).toEqual(['b'])
  })

  it('never more than once in thirty seconds, however the ranking jumps (no ping-pong)', () => {
    let first = 'a'
    const ranking = (members: readonly RankedMember[]): MemberId[] =>
      members.map(({ id }) => id).toSorted((x, y) => Number(y === first) - Number(x === first))
    const stage = clusterOf({ ranking }, 'a', 'b', 'c')
    const minutes = 5
    for (let second = 0; second < minutes * 60; second++) {
      first = ['a', 'b', 'c'][Math.floor(second / 12) % 3] ?? 'a'
      stage.advance(1_000)
    }
    const times = stage.events.filter((e) => e.effect?.kind === 'serve').map((e) => e.atMs)
    expect(times.length).toBeGreaterThan(1)
    expect(times.length).toBeLessThanOrEqual((minutes * 60_000) / homeEveryMs + 1)
    for (const [i, at] of times.entries()) {
      if (i > 0) expect(at - (times[i - 1] ?? 0)).toBeGreaterThanOrEqual(homeEveryMs - 100)
    }
  })
})

describe('a disk that does not answer (case 9)', () => {
  const { stallMs } = defaultTiming

  it('a server whose disk hangs hands over to one that can write', () => {
    const stage = clusterOf({}, 'a', 'b', 'c')
    stage.holdDisk('a', true)
    stage.propose('a', 'x')
    stage.advance(stallMs - 100)
    expect(servers(stage)).toEqual([])
    stage.advance(400)
    expect(servers(stage)).toEqual(['b'])
    expect(notes(stage, 'a')).toContain('disk-stalled')
  })

  it('and does not stand before its disk has answered', () => {
    const stage = clusterOf({}, 'a', 'b', 'c')
    stage.holdDisk('a', true)
    stage.propose('a', 'x')
    stage.advance(stallMs + 400)
    stage.crash('b')
    stage.events.length = 0
    stage.advance(10 * silenceMaxMs)
    expect(stage.events.filter(({ peer, words }) => peer === 'a' && words.includes('vote for me'))).toEqual(
      [],
    )
    expect(stage.state('a').role.kind).toBe('follower')
    stage.holdDisk('a', false)
    stage.advance(10 * silenceMaxMs)
    expect(servers(stage)).toHaveLength(1)
  })

  it('a voter whose disk hangs is no successor, and goes nowhere home', () => {
    const stage = clusterOf({}, 'a', 'b', 'c')
    expect(lineOf(stage, 'a')).toEqual(['b', 'c'])
    stage.holdDisk('b', true)
    stage.propose('a', 'x')
    stage.advance(stallMs + 200)
    expect(lineOf(stage, 'a')).toEqual(['c'])
    stage.crash('a')
    silence(stage, 'b', ['c'])
    stage.advance(2 * silenceMaxMs)
    const asks = stage.events.filter(({ peer, words }) => peer === 'b' && words.includes('vote for me'))
    expect(asks).toEqual([])
    expect(stage.state('b').role.kind).toBe('follower')
    heal(stage)
    stage.advance(silenceMaxMs)
    stage.holdDisk('b', false)
    stage.advance(silenceMaxMs)
    expect(servers(stage)).toEqual(['c'])
  })

  it('goes on where nobody else could decide without that disk', () => {
    const stage = clusterOf({}, 'a', 'b')
    stage.holdDisk('a', true)
    stage.propose('a', 'x')
    stage.advance(5 * stallMs)
    expect(stage.state('a').role.kind).toBe('leader')
    stage.holdDisk('a', false)
    stage.advance(100)
    expect(stage.state('a').commitIndex).toBe(stage.state('a').lastIndex)
  })

  it('a successor that does not take over in time: the stalled server steps down all the same', () => {
    const stage = clusterOf({}, 'a', 'b', 'c')
    stage.holdDisk('a', true)
    stage.propose('a', 'x')
    stage.loses.add('stand')
    const { term } = stage.state('a').hard
    stage.advance(stallMs + transferMs + 100)
    expect(stage.state('a').role.kind).not.toBe('leader')
    expect(stage.state('a').hard.term, 'it does not stand').toBe(term)
    stage.loses.clear()
    stage.advance(2 * silenceMaxMs + rankStepMs + silenceMinMs)
    expect(servers(stage)).toHaveLength(1)
    expect(servers(stage)).not.toContain('a')
  })

  it('a sleep is no stall: time in which the peer itself did not run does not count', () => {
    const stage = clusterOf({}, 'a', 'b', 'c')
    stage.holdDisk('a', true)
    stage.propose('a', 'x')
    silence(stage, 'a', [])
    stage.freeze('a', true)
    // Nothing reaches it either.
    silence(stage, 'a', ['b', 'c'])
    stage.advance(100)
    stage.nowMs += 3_000
    stage.freeze('a', false)
    stage.input('a', { kind: 'flush' })
    stage.advance(100)
    expect(notes(stage, 'a')).not.toContain('disk-stalled')
  })
})
